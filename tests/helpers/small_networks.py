"""Small networks of every preset, and pictures for them."""

import dataclasses

import numpy as np

from pyimagesearch.presets import get_config


def small(preset: str, scale: int = 4):
    """The preset's architecture with few filters and blocks, and crops that every scale divides."""
    config = get_config(preset)
    return dataclasses.replace(
        config,
        filters=min(config.filters, 8),
        blocks=min(config.blocks, 2),
        upsample_filters=min(config.upsample_filters, 16),
        discriminator_filters=min(config.discriminator_filters, 4),
        scale=scale,
        crop=48,
    )


def pictures(batch: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (batch, height, width, 3)).astype("float32")
