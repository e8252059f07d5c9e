"""Small networks of every preset, and pictures for them."""

import numpy as np

from pyimagesearch.presets import get_config


def small(preset: str, scale: int = 4):
    """The preset's architecture with few filters and blocks, and crops that every scale divides."""
    config = get_config(preset)
    limits = {"filters": 8, "blocks": 2, "upsample_filters": 16, "growth": 4}
    options = {name: min(value, limits[name]) for name, value in config.network.options.items()}
    return config.with_values(
        {"network.options": options, "discriminator.options": {"filters": 4}, "network.scale": scale, "data.crop": 48}
    )


def pictures(batch: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (batch, height, width, 3)).astype("float32")
