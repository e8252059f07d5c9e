"""The configuration: what it accepts, and how it says what it refuses."""

import dataclasses

import pytest

from pyimagesearch.config import MOVED, TrainConfig, check_crop, field_names
from pyimagesearch.errors import InputError
from pyimagesearch.presets import get_config

SMOKE = get_config("smoke")
NAN, INFINITY = float("nan"), float("inf")
REFUSED = [
    ("network.scale", 5, "must be one of 2, 3, 4, 8"),
    ("data.augment", "none", "must be one of dihedral, flip"),
    ("data.batch", 0, "must be at least 1"),
    ("data.global_batch", -1, "must be at least 0"),
    ("data.crop", 12, "must be at least 16"),
    ("data.crop", 98, "a multiple of the scale 4"),
    ("finetune.content_input", "rgb", "must be one of imagenet, signed"),
    ("finetune.content_criterion", "l2", "must be one of mse, l1"),
    ("finetune.content_layers", {"block3_conv5": 1.0}, "must be one of block1_conv1, block1_conv2"),
    *[(f"{phase}.steps", -1, "must be at least 0") for phase in ("pretrain", "finetune")],
    *[
        (name, value, "must be above 0")
        for name in ("pretrain.rate", "finetune.rate", "finetune.content_scale", "finetune.content_layers.block1_conv1")
        for value in (-1e-4, NAN, INFINITY)
    ],
    *[("finetune.losses.pixel", value, "must be at least 0") for value in (-0.5, NAN, INFINITY)],
    *[
        (name, -1, "must be at least 0") if name == "intervals.patience" else (name, 0, "must be at least 1")
        for name in field_names()
        if name.startswith("intervals.")
    ],
    *[(name, value, "must be at least 0 and below 1") for name in ("ema", "adam_beta1") for value in (-0.1, 1.0, NAN)],
    ("seed", -1, "must be at least 0"),
    ("seed", 2**31 + 1, "must be at most"),
    ("optimizer", "sgd", "must be one of adam, muon"),
    ("precision", "float64", "must be one of auto, float32, bfloat16, float16"),
    ("xla", "yes", "must be one of auto, on, off"),
]
# Names that are looked up where networks and losses are defined, paths, switches, and options of a network.
FREE = {
    "data.degradations", "pretrain.sharpen", "finetune.sharpen", "finetune.content_before_relu",
    "network.name", "network.options", "network.start", "discriminator.name", "discriminator.start",
    "discriminator.options", "pretrain.loss", "pretrain.decay", "finetune.decay", "finetune.discriminator_loss",
    "finetune.concatenate_batches", "finetune.vgg_weights", "sync_batch_norm",
}  # fmt: skip


@pytest.mark.parametrize(("name", "value", "wrong"), REFUSED, ids=lambda value: str(value))
def test_nonsense_is_refused_with_what_is_wrong_and_what_was_received(name, value, wrong):
    with pytest.raises(InputError) as refused:
        SMOKE.with_values({name: value})
    text = str(refused.value)
    assert text.startswith(name)
    assert wrong in text
    assert text.endswith(f"received {next(iter(value)) if isinstance(value, dict) else value}")


def test_every_field_that_can_be_wrong_is_refused_somewhere():
    tried = {".".join(name.split(".")[:2]) for name, _, _ in REFUSED}
    assert set(field_names()) - tried == FREE


def test_a_configuration_survives_json_and_cannot_be_changed_in_place():
    assert TrainConfig.from_dict(SMOKE.to_dict()) == SMOKE
    with pytest.raises(dataclasses.FrozenInstanceError):
        SMOKE.seed = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        SMOKE.finetune.rate = 2


@pytest.mark.parametrize(("crop", "scale"), [(96, 4), (16, 8), (96, 3), (16, 2)])
def test_crops_that_align_with_lr_pixels_are_accepted(crop, scale):
    check_crop(crop, scale)
    assert SMOKE.with_values({"data.crop": crop, "network.scale": scale}).data.crop == crop


def test_settings_are_parsed_by_the_type_of_their_field_and_leave_the_original_alone():
    changed = SMOKE.with_settings(
        ["network.blocks=12", "pretrain.rate=2e-4", "finetune.concatenate_batches=True", "sync_batch_norm=false",
         "finetune.vgg_weights=a=b.h5", "finetune.losses.pixel=0.1", "finetune.content_layers.block1_conv1=0.5",
         "finetune.content_layers.block2_conv2=0"]
    )  # fmt: skip
    assert changed.network.options == {**SMOKE.network.options, "blocks": 12}
    assert changed.pretrain.rate == 2e-4
    assert changed.finetune.concatenate_batches is True
    assert changed.sync_batch_norm is False
    assert changed.finetune.vgg_weights == "a=b.h5"
    assert changed.finetune.losses == {"content": 1.0, "adversarial": 1e-3, "pixel": 0.1}
    assert changed.finetune.content_layers == {"block1_conv1": 0.5}  # a layer of weight 0 is left out
    assert get_config("smoke") == SMOKE


def test_a_mapping_is_replaced_by_a_json_object():
    changed = SMOKE.with_settings(['finetune.content_layers={"block5_conv4": 1, "block1_conv2": 0.01}'])
    assert changed.finetune.content_layers == {"block5_conv4": 1, "block1_conv2": 0.01}


def test_another_network_begins_with_its_own_defaults():
    changed = SMOKE.with_settings(["network.blocks=3", "network.name=light"])
    assert changed.network.options == {"blocks": 3}


def test_the_later_of_two_settings_of_one_field_wins():
    assert SMOKE.with_settings(["seed=2", "seed=3"]).seed == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("network.blocks", "--set takes FIELD=VALUE, received network.blocks"),
        ("network.blocks=many", "network.blocks must be a whole number, received many"),
        ("network.blocks=1.5", "network.blocks must be a whole number, received 1.5"),
        ("ema=much", "ema must be a number, received much"),
        ("finetune.losses.grid=much", "finetune.losses.grid must be a number, received much"),
        ("sync_batch_norm=1", "sync_batch_norm must be true or false, received 1"),
        ("network.scale=5", "network.scale must be one of 2, 3, 4, 8; received 5"),
        ("finetune.losses=3", 'finetune.losses must be a JSON object such as {"name": 1}, received 3'),
        ("finetune_rate=1", "--set: finetune_rate is called finetune.rate now"),
    ],
)
def test_a_malformed_setting_is_refused(setting, message):
    with pytest.raises(InputError) as refused:
        SMOKE.with_settings([setting])
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["blocks_", "", "preset", "finetune.", "finetune.speed", "network"])
def test_an_unknown_setting_lists_the_valid_fields(name):
    with pytest.raises(InputError) as refused:
        SMOKE.with_settings([f"{name}=1"])
    problem, _, valid = str(refused.value).partition("; valid fields: ")
    assert problem == f"--set: unknown field {name}"
    assert set(valid.split(", ")) == set(field_names())


@pytest.mark.parametrize("name", MOVED)
def test_every_flat_name_of_version_0_1_is_answered_with_a_name_of_today(name):
    new = MOVED[name]
    known = new in field_names() or new.startswith(("network.", "discriminator.", "finetune.losses."))
    assert known
    with pytest.raises(InputError, match=f"{name} is called {new} now"):
        SMOKE.with_settings([f"{name}=1"])
