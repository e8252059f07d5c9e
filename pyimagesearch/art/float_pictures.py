"""Pictures as floats, for what is optimised: float32 RGB (H, W, 3) in [0, 1], and back."""

import numpy as np

from pyimagesearch.images.resize import STRIP, resized_rows, to_whole
from pyimagesearch.inference.samples import count_colours


def fitted_sides(height: int, width: int, longest: int) -> tuple[int, int]:
    """Height and width with this longest side, in the same shape."""
    factor = longest / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))


def floats(colours: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8 or uint16 colours (H, W, 1 or 3) as float32 RGB (height, width, 3) in [0, 1], by antialiased bicubic."""
    picture = resized_floats(colours, height, width, 1 / np.iinfo(colours.dtype).max)
    return np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture


def resized_floats(picture: np.ndarray, height: int, width: int, unit: float = 1.0) -> np.ndarray:
    """A picture (H, W, channels) times `unit`, resized and clipped to [0, 1]: float32 (height, width, channels)."""
    if picture.shape[:2] == (height, width):
        return picture.astype(np.float32) * np.float32(unit)
    out = np.empty((height, width, picture.shape[2]), np.float32)
    # In bands of the larger picture: a whole photograph in float32 would need far more memory than what it becomes.
    step = max(1, STRIP * height // max(height * width, picture.shape[0] * picture.shape[1]))
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        out[rows] = np.clip(resized_rows(picture, height, width, rows) * np.float32(unit), 0.0, 1.0)
    return out


def sample_of(source: np.ndarray, *, grey: bool) -> np.ndarray:
    """One pixel of the kind that `samples_of` makes of any picture."""
    return samples_of(np.zeros((1, 1, 3), np.float32), source[:1, :1], grey=grey)


def samples_of(picture: np.ndarray, source: np.ndarray, *, grey: bool) -> np.ndarray:
    """A float picture as samples of the type of `source`, with its alpha if it has any, in the picture's size.

    grey: whether the picture of a grey source is grey too; its luminance is then the mean of the channels, which are
    equal.
    """
    height, width = picture.shape[:2]
    samples = source if source.ndim == 3 else source[:, :, None]
    colours = count_colours(samples)
    largest = np.iinfo(source.dtype).max
    if grey and colours == 1:
        picture = picture.mean(axis=2, keepdims=True)
    alpha = resized_floats(samples[:, :, colours:], height, width, 1 / largest)
    out = np.concatenate([picture, alpha], axis=2) if colours < samples.shape[2] else picture
    whole = to_whole(out * np.float32(largest), source.dtype)
    return whole[:, :, 0] if whole.shape[2] == 1 else whole
