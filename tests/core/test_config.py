"""The configuration: what it accepts, and how it says what it refuses."""

import dataclasses

import pytest

from pyimagesearch.config import TrainConfig, check_crop
from pyimagesearch.errors import InputError


def config(**changes) -> TrainConfig:
    given = {
        "preset": "test", "generator": "light", "filters": 8, "blocks": 1, "batch": 2, "pretrain_steps": 3,
        "finetune_steps": 4,
    }  # fmt: skip
    return TrainConfig(**{**given, **changes})


COUNTS = ("filters", "blocks", "upsample_filters", "discriminator_filters", "batch", "steps_per_call", "log_every",
          "validate_every", "validation_pictures", "sample_every", "checkpoint_every", "keep_checkpoints")  # fmt: skip
REFUSED = [
    ({"generator": "resnet"}, "generator must be one of srresnet, light, edsr, srcnn, faces", "resnet"),
    ({"discriminator": "dcgan"}, "discriminator must be one of tutorial, paper, patch", "dcgan"),
    ({"scale": 5}, "scale must be one of 2, 3, 4, 8", "5"),
    ({"pretrain_loss": "huber"}, "pretrain_loss must be one of mse, l1, l1_y", "huber"),
    ({"pretrain_decay": "linear"}, "pretrain_decay must be one of constant, cosine", "linear"),
    ({"optimizer": "sgd"}, "optimizer must be one of adam, muon", "sgd"),
    ({"finetune_decay": "step"}, "finetune_decay must be one of constant, cosine", "step"),
    *[
        ({"content_layer": value}, "content_layer must be one or several of block1_conv1, block1_conv2", value)
        for value in ("block3_conv5", "", "block1_conv1:much", "block1_conv1:1,block1_conv1:2", "block1_conv1,")
    ],
    *[
        ({"content_layer": value}, "content_layer: every weight must be above 0", value)
        for value in (f"block1_conv1,block5_conv4:{weight}" for weight in ("0", "-1", "nan", "inf"))
    ],
    ({"content_input": "rgb"}, "content_input must be one of imagenet, signed", "rgb"),
    ({"discriminator_loss": "hinge"}, "discriminator_loss must be one of bce, mse", "hinge"),
    ({"augment": "none"}, "augment must be one of dihedral, flip", "none"),
    ({"precision": "float64"}, "precision must be one of auto, float32, bfloat16, float16", "float64"),
    ({"xla": "yes"}, "xla must be one of auto, on, off", "yes"),
    *[
        ({name: -1}, f"{name} must be at least 0", "-1")
        for name in ("pretrain_steps", "finetune_steps", "seed", "global_batch", "label_border")
    ],
    *[({name: 0}, f"{name} must be at least 1", "0") for name in COUNTS],
    *[
        ({name: value}, f"{name} must be above 0", str(value))
        for name in ("pretrain_rate", "finetune_rate", "content_scale", "residual_scale")
        for value in (0.0, -1e-4, float("nan"), float("inf"))
    ],
    *[
        ({name: value}, f"{name} must be at least 0", str(value))
        for name in ("adversarial_weight", "content_weight", "pixel_weight", "grid_weight")
        for value in (-0.5, float("nan"), float("inf"))
    ],
    *[
        ({name: value}, f"{name} must be at least 0 and below 1", str(value))
        for name in ("ema", "adam_beta1")
        for value in (-0.1, 1.0, float("nan"))
    ],
    ({"label_border": 48}, "label_border must be below half of the crop 96", "48"),
    ({"generator": "srcnn", "filters": 1}, "filters must be at least 2", "1"),
    ({"generator": "srcnn", "blocks": -1}, "blocks must be at least 0", "-1"),
    ({"crop": 12}, "crop must be at least 16", "12"),
    ({"crop": 98}, "a multiple of the scale 4", "98"),
]


def test_a_sound_configuration_is_accepted():
    assert config().to_dict()["finetune_steps"] == 4


@pytest.mark.parametrize(("changes", "wrong", "received"), REFUSED, ids=lambda part: str(part))
def test_nonsense_is_refused_with_what_is_wrong_and_what_was_received(changes, wrong, received):
    with pytest.raises(InputError) as refused:
        config(**changes)
    text = str(refused.value)
    assert wrong in text
    assert text.endswith(f"received {received}")
    assert "\n" not in text


def test_every_field_that_can_be_wrong_is_refused_somewhere():
    free = {"preset", "start", "vgg_weights"}  # a label, a name or path, and a path; switches cannot be wrong either
    tried = {name for changes, _, _ in REFUSED for name in changes}
    fields = {field.name for field in dataclasses.fields(TrainConfig) if field.type is not bool}
    assert fields - tried == free


@pytest.mark.parametrize(("crop", "scale"), [(96, 4), (16, 8), (96, 3), (16, 2)])
def test_crops_that_align_with_lr_pixels_are_accepted(crop, scale):
    check_crop(crop, scale)
    assert config(crop=crop, scale=scale).crop == crop


def test_srcnn_needs_no_residual_blocks():
    assert config(generator="srcnn", blocks=0).blocks == 0


def test_settings_are_parsed_by_the_type_of_their_field():
    changed = config().with_settings(
        ["blocks=12", "pretrain_rate=2e-4", "concatenate_batches=True", "sync_batch_norm=false", "generator=srresnet",
         "vgg_weights=a=b.h5"]
    )  # fmt: skip
    assert changed.blocks == 12
    assert changed.pretrain_rate == 2e-4
    assert changed.concatenate_batches is True
    assert changed.sync_batch_norm is False
    assert changed.generator == "srresnet"
    assert changed.vgg_weights == "a=b.h5"
    assert changed == dataclasses.replace(
        config(), blocks=12, pretrain_rate=2e-4, concatenate_batches=True, sync_batch_norm=False, generator="srresnet",
        vgg_weights="a=b.h5",
    )  # fmt: skip


def test_settings_leave_the_original_as_it_was():
    original = config()
    original.with_settings(["blocks=12"])
    assert original == config()


def test_the_later_of_two_settings_of_one_field_wins():
    assert config().with_settings(["blocks=2", "blocks=3"]).blocks == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("blocks", "--set takes FIELD=VALUE, received blocks"),
        ("blocks=many", "blocks must be a whole number, received many"),
        ("blocks=1.5", "blocks must be a whole number, received 1.5"),
        ("ema=much", "ema must be a number, received much"),
        ("sync_batch_norm=1", "sync_batch_norm must be true or false, received 1"),
        ("scale=5", "scale must be one of 2, 3, 4, 8; received 5"),
    ],
)
def test_a_malformed_setting_is_refused(setting, message):
    with pytest.raises(InputError) as refused:
        config().with_settings([setting])
    assert str(refused.value) == message


@pytest.mark.parametrize("name", ["block", "", "preset"])  # preset has a flag of its own
def test_an_unknown_setting_lists_the_valid_fields(name):
    with pytest.raises(InputError) as refused:
        config().with_settings([f"{name}=1"])
    problem, _, valid = str(refused.value).partition("; valid fields: ")
    assert problem == f"--set: unknown field {name}"
    assert set(valid.split(", ")) == {field.name for field in dataclasses.fields(TrainConfig)} - {"preset"}


def test_a_configuration_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        config().blocks = 2
