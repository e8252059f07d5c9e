"""Pictures as the algorithms of this room take them, and back: RGB of 16 bits, whatever the picture is.

16 bits keep what 8 and 16 bits hold, and steps that are far smaller than one level, in half the memory of floats.
"""

import numpy as np

from pyimagesearch.images.resize import bands, to_whole
from pyimagesearch.inference.samples import check_samples, count_colours, fill_hidden_colours

MOST = 65535  # white in RGB of 16 bits


def colours_of(samples: np.ndarray, argument: str = "picture") -> np.ndarray:
    """The colours (H, W, 1 or 3) of a picture as `Picture.samples`, of its type; hidden ones are the nearest visible.

    Raises InputError, which names the argument, where `samples` are no picture.
    """
    check_samples(samples, argument)
    picture = samples if samples.ndim == 3 else samples[:, :, None]
    return fill_hidden_colours(picture)[:, :, : count_colours(picture)]


def rgb16(colours: np.ndarray) -> np.ndarray:
    """uint16 RGB (H, W, 3) of colours (H, W, 1 or 3), uint8 or uint16."""
    wide = colours.astype(np.uint16) * np.uint16(MOST // np.iinfo(colours.dtype).max)
    return np.repeat(wide, 3, axis=2) if wide.shape[2] == 1 else wide


def with_colours(samples: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """Samples of the same kind with other colours, uint16 RGB (H, W, 3): grey stays grey, and alpha stays as it is."""
    picture = samples if samples.ndim == 3 else samples[:, :, None]
    colours, out = count_colours(picture), picture.copy()
    unit = MOST // np.iinfo(samples.dtype).max
    for rows in bands(*rgb.shape[:2]):
        values = rgb[rows].astype(np.float32)
        values = values.mean(axis=2, keepdims=True) if colours == 1 else values
        out[rows, :, :colours] = to_whole(values / unit, samples.dtype)
    return out if samples.ndim == 3 else out[:, :, 0]
