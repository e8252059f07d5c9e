"""The presets: their names, the tutorial's numbers, and that each builds its networks."""

import pytest

from pyimagesearch.errors import InputError
from pyimagesearch.models import build_discriminator, build_generator
from pyimagesearch.presets import PRESETS, get_config

# The published numbers of the 2022 SRGAN tutorial.
TUTORIAL = {
    "generator": "srresnet",
    "filters": 64,
    "blocks": 16,
    "upsample_filters": 128,
    "scale": 4,
    "discriminator": "tutorial",
    "discriminator_filters": 64,
    "crop": 96,
    "batch": 64,
    "seed": 42,
    "pretrain_steps": 2500 * 10,
    "pretrain_loss": "mse",
    "pretrain_rate": 1e-4,
    "pretrain_decay": "constant",
    "finetune_steps": 2500 * 10,
    "finetune_rate": 1e-5,
    "finetune_decay": "constant",
    "adversarial_weight": 1e-3,
    "content_weight": 1.0,
    "pixel_weight": 0.0,
    "content_layer": "block5_conv4",
    "content_scale": 1 / 12.75,
    "concatenate_batches": True,
    "vgg_weights": "imagenet",
    "ema": 0.0,
}
# Ledig et al., CVPR 2017.
PAPER = {
    "filters": 64,
    "blocks": 16,
    "upsample_filters": 256,
    "discriminator": "paper",
    "discriminator_filters": 64,
    "crop": 96,
    "batch": 16,
    "pretrain_steps": 10**6,
    "pretrain_loss": "mse",
    "pretrain_rate": 1e-4,
    "finetune_steps": 2 * 10**5,
    "finetune_rate": 1e-4,
    "adversarial_weight": 1e-3,
    "content_layer": "block5_conv4",
    "concatenate_batches": False,
}


# The 2023 article, but for the decay of its rate.
EDSR = {
    "generator": "edsr",
    "filters": 64,
    "blocks": 16,
    "residual_scale": 1.0,
    "scale": 4,
    "crop": 96,
    "batch": 16,
    "pretrain_steps": 300_000,
    "pretrain_loss": "l1",
    "pretrain_rate": 1e-4,
    "finetune_steps": 0,
}
# The 2021 cookbook, but for the size of its patches and the decay of its rate.
SRCNN = {
    "generator": "srcnn",
    "filters": 64,
    "pretrain_loss": "mse",
    "pretrain_rate": 1e-3,
    "finetune_steps": 0,
}
# The 2019 book.
FACES = {
    "generator": "faces",
    "filters": 64,
    "blocks": 16,
    "upsample_filters": 256,
    "scale": 4,
    "discriminator": "patch",
    "discriminator_filters": 64,
    "discriminator_loss": "mse",
    "concatenate_batches": False,
    "crop": 256,
    "augment": "flip",
    "batch": 1,
    "pretrain_steps": 0,
    "finetune_steps": 20_000,
    "finetune_rate": 2e-4,
    "finetune_decay": "constant",
    "adam_beta1": 0.5,
    "adversarial_weight": 1e-3,
    "content_weight": 1.0,
    "content_scale": 1.0,
    "content_layer": "block3_conv3",
    "content_input": "signed",
    "pixel_weight": 0.0,
    "sample_every": 100,
}
SOURCES = {"tutorial": TUTORIAL, "paper": PAPER, "edsr": EDSR, "srcnn": SRCNN, "faces": FACES}


@pytest.mark.parametrize(("name", "published"), SOURCES.items())
def test_a_preset_has_the_numbers_of_its_source(name, published):
    config = get_config(name).to_dict()
    assert {field: config[field] for field in published} == published


def test_an_unknown_preset_lists_the_valid_names():
    with pytest.raises(InputError) as refused:
        get_config("tutorail")
    assert str(refused.value) == f"unknown preset tutorail; valid presets: {', '.join(PRESETS)}"


def test_a_preset_carries_the_name_that_it_is_asked_for_by():
    assert {name: get_config(name).preset for name in PRESETS} == {name: name for name in PRESETS}


@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_the_small_presets_need_no_download(name):
    assert get_config(name).vgg_weights == "random"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_builds_both_networks(name):
    config = get_config(name)
    assert build_generator(config).output_shape == (None, None, None, 3)
    discriminator = build_discriminator(config)
    assert discriminator.input_shape == (None, config.crop, config.crop, 3)
    assert discriminator.output_shape == ((None, 16, 16, 1) if name == "faces" else (None, 1))
