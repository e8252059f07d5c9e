"""Phases of small networks of every kind, and a batch for them."""

import numpy as np

from pyimagesearch.models import build_extractor
from pyimagesearch.presets import get_config
from pyimagesearch.training.phases import build_finetune, build_pretrain

SMOKE = get_config("smoke")
# The smallest run with all that only the faces preset has.
FACES = SMOKE.with_values(
    {
        "network.name": "faces", "network.filters": 8, "network.blocks": 1, "network.upsample_filters": 16,
        "discriminator.name": "patch", "discriminator.filters": 4, "finetune.discriminator_loss": "mse",
        "finetune.content_input": "signed", "adam_beta1": 0.5, "data.batch": 1,
    }
)  # fmt: skip
LIGHT, EDSR = (
    SMOKE.with_values({"network.name": name, "network.filters": 8, "network.blocks": 1}) for name in ("light", "edsr")
)
SRCNN = SMOKE.with_values({"network.name": "srcnn", "network.filters": 8})


def a_batch(count: int, crop: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hr = rng.integers(0, 256, (count, crop, crop, 3), np.uint8)
    return hr[:, ::4, ::4], hr


def build(kind: str, config, strategy):
    if kind == "pretrain":
        return build_pretrain(config, strategy, "float32")
    with strategy.scope():
        vgg = build_extractor(config.finetune)
    return build_finetune(config, strategy, "float32", vgg, "")
