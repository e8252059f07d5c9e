"""The models that are scored side by side, all of one scale."""

from collections.abc import Mapping, Sequence

from pyimagesearch.errors import InputError
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, load_upscaler


def load_upscalers(names: Sequence[str], *, lr_scale: int | None = None) -> dict[str, AnyUpscaler]:
    """The upscaler of each name or path; bicubic takes the scale of the others, or of the LR pictures.

    In float32, so that a model has the same scores on every machine.
    """
    loaded: dict[str, AnyUpscaler] = {name: load_upscaler(name, "float32") for name in names if name != BICUBIC}
    scale = common_scale(loaded, lr_scale)
    return {name: loaded.get(name) or BicubicUpscaler(scale) for name in names}


def common_scale(upscalers: Mapping[str, AnyUpscaler], lr_scale: int | None) -> int:
    """The scale of all upscalers, which is that of the LR pictures where some are given."""
    scales = {name: upscaler.scale for name, upscaler in upscalers.items()}
    if len(set(scales.values())) > 1:
        raise InputError("`model`: models of different scales: " + ", ".join(f"{n} x{s}" for n, s in scales.items()))
    scale = next(iter(scales.values()), lr_scale or 4)
    if lr_scale not in (None, scale):
        raise InputError(f"`lr`: these pictures are 1/{lr_scale} of the HR ones, but the models are x{scale}")
    return scale
