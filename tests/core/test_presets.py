"""The presets: their names, the tutorial's numbers, and that each builds its networks."""

import pytest

from pyimagesearch.errors import InputError
from pyimagesearch.models import build_discriminator, build_generator, complete
from pyimagesearch.presets import PRESETS, get_config
from pyimagesearch.training.old_config import dotted

# The published numbers of the 2022 SRGAN tutorial.
TUTORIAL = {
    "network.name": "srresnet",
    "network.options": {"filters": 64, "blocks": 16, "upsample_filters": 128},
    "network.scale": 4,
    "discriminator.name": "tutorial",
    "discriminator.options": {"filters": 64},
    "data.crop": 96,
    "data.batch": 64,
    "seed": 42,
    "pretrain.steps": 2500 * 10,
    "pretrain.loss": "mse",
    "pretrain.rate": 1e-4,
    "pretrain.decay": "constant",
    "finetune.steps": 2500 * 10,
    "finetune.rate": 1e-5,
    "finetune.decay": "constant",
    "finetune.losses": {"content": 1.0, "adversarial": 1e-3},
    "finetune.content_layers": {"block5_conv4": 1.0},
    "finetune.content_scale": 1 / 12.75,
    "finetune.concatenate_batches": True,
    "finetune.vgg_weights": "imagenet",
    "ema": 0.0,
}
# Ledig et al., CVPR 2017.
PAPER = {
    "network.options": {"filters": 64, "blocks": 16, "upsample_filters": 256},
    "discriminator.name": "paper",
    "discriminator.options": {"filters": 64},
    "data.crop": 96,
    "data.batch": 16,
    "pretrain.steps": 10**6,
    "pretrain.loss": "mse",
    "pretrain.rate": 1e-4,
    "finetune.steps": 2 * 10**5,
    "finetune.rate": 1e-4,
    "finetune.losses": {"content": 1.0, "adversarial": 1e-3},
    "finetune.content_layers": {"block5_conv4": 1.0},
    "finetune.concatenate_batches": False,
}
# The 2023 article, but for the decay of its rate.
EDSR = {
    "network.name": "edsr",
    "network.options": {"filters": 64, "blocks": 16, "residual_scale": 1.0},
    "network.scale": 4,
    "data.crop": 96,
    "data.batch": 16,
    "pretrain.steps": 300_000,
    "pretrain.loss": "l1",
    "pretrain.rate": 1e-4,
    "finetune.steps": 0,
}
# The 2021 cookbook, but for the size of its patches and the decay of its rate.
SRCNN = {
    "network.name": "srcnn",
    "network.options": {"filters": 64},
    "pretrain.loss": "mse",
    "pretrain.rate": 1e-3,
    "finetune.steps": 0,
}
# The 2019 book.
FACES = {
    "network.name": "faces",
    "network.options": {"filters": 64, "blocks": 16, "upsample_filters": 256},
    "network.scale": 4,
    "discriminator.name": "patch",
    "discriminator.options": {"filters": 64},
    "finetune.discriminator_loss": "mse",
    "finetune.concatenate_batches": False,
    "data.crop": 256,
    "data.augment": "flip",
    "data.batch": 1,
    "pretrain.steps": 0,
    "finetune.steps": 20_000,
    "finetune.rate": 2e-4,
    "finetune.decay": "constant",
    "adam_beta1": 0.5,
    "finetune.losses": {"content": 1.0, "adversarial": 1e-3},
    "finetune.content_scale": 1.0,
    "finetune.content_layers": {"block3_conv3": 1.0},
    "finetune.content_input": "signed",
    "intervals.sample_every": 100,
}
# Wang et al., ECCV Workshops 2018, section 4.1.
ESRGAN = {
    "network.name": "rrdb",
    "network.options": {"filters": 64, "growth": 32, "blocks": 23},
    "discriminator.name": "paper",
    "data.crop": 128,
    "data.batch": 16,
    "pretrain.loss": "l1",
    "pretrain.steps": 10**6,
    "pretrain.rate": 2e-4,
    "finetune.steps": 400_000,
    "finetune.rate": 1e-4,
    "finetune.losses": {"content": 1.0, "adversarial": 5e-3, "pixel": 1e-2},
    "finetune.content_layers": {"block5_conv4": 1.0},
    "finetune.content_criterion": "l1",
    "finetune.content_before_relu": True,
    "finetune.discriminator_loss": "relativistic",
}
# Wang et al., ICCV Workshops 2021, section 4.1.
REAL_ESRGAN = {
    "network.options": {"filters": 64, "growth": 32, "blocks": 23},
    "discriminator.name": "unet",
    "discriminator.options": {"filters": 64},
    "data.crop": 256,
    "data.batch": 48,
    "data.degradations": "full",
    "pretrain.sharpen": True,
    "finetune.sharpen": True,
    "pretrain.steps": 10**6,
    "pretrain.rate": 2e-4,
    "finetune.steps": 400_000,
    "finetune.rate": 1e-4,
    "finetune.losses": {"pixel": 1.0, "content": 1.0, "adversarial": 0.1},
    "finetune.content_layers": {
        "block1_conv2": 0.1, "block2_conv2": 0.1, "block3_conv4": 1.0, "block4_conv4": 1.0, "block5_conv4": 1.0,
    },
    "finetune.discriminator_loss": "bce",
    "ema": 0.999,
}  # fmt: skip
SOURCES = {"tutorial": TUTORIAL, "paper": PAPER, "edsr": EDSR, "srcnn": SRCNN, "faces": FACES, "esrgan": ESRGAN}
SOURCES |= {"real-esrgan": REAL_ESRGAN}
LOGITS = {"patch": (None, 16, 16, 1), "unet": (None, 256, 256, 1)}  # of discriminators that judge places


@pytest.mark.parametrize(("name", "published"), SOURCES.items())
def test_a_preset_has_the_numbers_of_its_source(name, published):
    config = dotted(complete(get_config(name)).to_dict())
    assert {field: config[field] for field in published} == published


def test_an_unknown_preset_lists_the_valid_names():
    with pytest.raises(InputError) as refused:
        get_config("tutorail")
    assert str(refused.value) == f"unknown preset tutorail; valid presets: {', '.join(PRESETS)}"


def test_a_preset_carries_the_name_that_it_is_asked_for_by():
    assert {name: get_config(name).preset for name in PRESETS} == {name: name for name in PRESETS}


@pytest.mark.parametrize("name", ["demo", "smoke"])
def test_the_small_presets_need_no_download(name):
    assert get_config(name).finetune.vgg_weights == "random"


LARGE = {"esrgan", "real-esrgan"}  # to build them takes seconds


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in PRESETS]
)
def test_a_preset_builds_both_networks(name):
    config = get_config(name)
    assert build_generator(config).output_shape == (None, None, None, 3)
    discriminator = build_discriminator(config)
    shape = (None, config.data.crop, config.data.crop, 3)
    assert discriminator.input_shape in (shape, (None, None, None, 3))
    assert discriminator.compute_output_shape(shape) == LOGITS.get(config.discriminator.name, (None, 1))
