"""Builds the networks that a configuration asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from pyimagesearch.config import TrainConfig
from pyimagesearch.models import srgan
from pyimagesearch.models.edsr import edsr
from pyimagesearch.models.faces import faces, patch_discriminator
from pyimagesearch.models.srcnn import srcnn
from pyimagesearch.models.vgg import build_vgg, weights_identity

__all__ = ["build_discriminator", "build_generator", "build_vgg", "compute_in", "weights_identity"]


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
    if config.generator == "light":
        return srgan.light(filters=config.filters, blocks=config.blocks, scale=config.scale)
    if config.generator == "edsr":
        return edsr(
            filters=config.filters, blocks=config.blocks, scale=config.scale, residual_scale=config.residual_scale
        )
    if config.generator == "srcnn":
        return srcnn(filters=config.filters, scale=config.scale)
    build = {"srresnet": srgan.srresnet, "faces": faces}[config.generator]
    return build(
        filters=config.filters,
        blocks=config.blocks,
        upsample_filters=config.upsample_filters,
        scale=config.scale,
        sync_batch_norm=config.sync_batch_norm,
    )


def build_discriminator(config: TrainConfig) -> keras.Model:
    """Pictures (B, crop, crop, 3) in [0, 255] -> float32 logits; above zero means real.

    (B, 1), one for each picture, or from "patch" (B, crop/16, crop/16, 1), one for each place.
    """
    build = {
        "tutorial": srgan.tutorial_discriminator,
        "paper": srgan.paper_discriminator,
        "patch": patch_discriminator,
    }[config.discriminator]
    return build(crop=config.crop, filters=config.discriminator_filters, sync_batch_norm=config.sync_batch_norm)
