"""The size of a result: `scale` times the picture's, or any other that is asked for."""

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import resize

STRIP = 64  # rows or columns of a large picture that are resized at once

Size = tuple[int | None, int | None]  # width and height; None follows from the other


def check_size(size: Size | None, scale: int | None = None) -> None:
    """Raise InputError unless `size` is None or in pixels, and alone: `scale` would say the same thing otherwise."""
    if size is None:
        return
    if len(size) != 2 or not any(size) or any(side is not None and side < 1 for side in size):
        raise InputError(f"`size` must be (width, height) in pixels, of which one may be None, received {size}")
    if scale is not None:
        raise InputError("`scale` and `size` both say how large a result is; give one of them")


def target_size(made: tuple[int, int], size: Size | None) -> tuple[int, int]:
    """Height and width of the result, from those that the model makes; a missing side keeps the shape."""
    if size is None:
        return made
    width, height = size
    width = width or max(1, round(made[1] * (height or 1) / made[0]))
    return height or max(1, round(made[0] * width / made[1])), width


def resized(samples: np.ndarray, height: int, width: int) -> np.ndarray:
    """resize.resize_bicubic of (H, W) or (H, W, channels), strip by strip: no copy of the picture in float32."""
    picture = samples if samples.ndim == 3 else samples[:, :, None]
    if height != picture.shape[0]:
        columns = [picture[:, x : x + STRIP] for x in range(0, picture.shape[1], STRIP)]
        picture = np.concatenate([resize.resize_bicubic(each, height, each.shape[1]) for each in columns], axis=1)
    if width != picture.shape[1]:
        rows = [picture[y : y + STRIP] for y in range(0, picture.shape[0], STRIP)]
        picture = np.concatenate([resize.resize_bicubic(each, each.shape[0], width) for each in rows])
    return picture if samples.ndim == 3 else picture[:, :, 0]
