"""Builds the networks that a configuration asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from pyimagesearch.config import TrainConfig
from pyimagesearch.config_groups import FinetuneConfig
from pyimagesearch.models.registry import DISCRIMINATORS, GENERATORS, call_with_options, default_options
from pyimagesearch.models.vgg import build_vgg, weights_identity

__all__ = [
    "DISCRIMINATORS",
    "GENERATORS",
    "build_discriminator",
    "build_extractor",
    "build_generator",
    "build_vgg",
    "complete",
    "compute_in",
    "weights_identity",
]


@contextmanager
def compute_in(precision: str) -> Iterator[None]:
    """Networks built inside compute in float32, bfloat16 or float16; their variables stay float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def build_generator(config: TrainConfig) -> keras.Model:
    """LR (B, H, W, 3) in [0, 255] -> SR (B, scale*H, scale*W, 3) in [0, 255], float32, any H and W from 3."""
    network = config.network
    return call_with_options(
        "network",
        GENERATORS[network.name].build,
        network.options,
        scale=network.scale,
        sync_batch_norm=config.sync_batch_norm,
    )


def build_discriminator(config: TrainConfig) -> keras.Model:
    """Pictures (B, crop, crop, 3) in [0, 255] -> float32 logits; above zero means real.

    (B, 1), one for each picture; from "patch" (B, crop/16, crop/16, 1) and from "unet" (B, crop, crop, 1), one for
    each place. Raises InputError for a crop that the discriminator cannot take.
    """
    discriminator = config.discriminator
    return call_with_options(
        "discriminator",
        DISCRIMINATORS[discriminator.name],
        discriminator.options,
        crop=config.data.crop,
        sync_batch_norm=config.sync_batch_norm,
    )


def build_extractor(finetune: FinetuneConfig) -> keras.Model:
    """The part of VGG19 whose features the content loss of `finetune` compares; see `build_vgg`."""
    return build_vgg(
        [*finetune.content_layers],
        finetune.vgg_weights,
        finetune.content_input,
        before_relu=finetune.content_before_relu,
    )


def complete(config: TrainConfig) -> TrainConfig:
    """With every option of its networks and without losses of weight 0, so that equal runs have equal ones."""
    network, discriminator = config.network, config.discriminator
    network_options = default_options(GENERATORS[network.name].build, "scale", "sync_batch_norm")
    discriminator_options = default_options(DISCRIMINATORS[discriminator.name], "crop", "sync_batch_norm")
    return config.with_values(
        {
            "network.options": {**network_options, **network.options},
            "discriminator.options": {**discriminator_options, **discriminator.options},
            "finetune.losses": {name: weight for name, weight in config.finetune.losses.items() if weight},
        }
    )
