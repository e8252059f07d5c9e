"""The presets: what each is for, what it costs and what it scores. Standard library only."""

from pyimagesearch.config import TrainConfig
from pyimagesearch.errors import InputError
from pyimagesearch.presets.base import Preset
from pyimagesearch.presets.own import DEMO, LIGHT, PHOTO, SMOKE
from pyimagesearch.presets.papers import EDSR, ESRGAN, FACES, PAPER, REAL_ESRGAN, SRCNN, TUTORIAL

__all__ = ["PRESETS", "Preset", "get_config"]

PRESETS = {
    preset.config.preset: preset
    for preset in (TUTORIAL, PAPER, LIGHT, PHOTO, EDSR, SRCNN, FACES, ESRGAN, REAL_ESRGAN, DEMO, SMOKE)
}


def get_config(name: str) -> TrainConfig:
    """The configuration of the preset `name`; InputError lists the valid names."""
    if name not in PRESETS:
        raise InputError(f"unknown preset {name}; valid presets: {', '.join(PRESETS)}")
    return PRESETS[name].config
