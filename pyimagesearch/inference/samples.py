"""The arrays that an upscaler takes: their kinds, and what hidden colours become."""

import numpy as np

from pyimagesearch.errors import InputError

DTYPES = (np.uint8, np.uint16)
CHANNELS = (1, 2, 3, 4)


def check_samples(samples: np.ndarray, argument: str = "lr") -> None:
    """Raise InputError, which names the argument, unless `samples` is a picture.

    That is uint8 or uint16, (H, W) or (H, W, 1 to 4), not empty.
    """
    if not isinstance(samples, np.ndarray):
        received = type(samples).__name__
    elif samples.dtype in DTYPES and samples.size and (samples.ndim == 2 or _has_channels(samples)):
        return
    else:
        received = f"{samples.dtype} of shape {samples.shape}"
    raise InputError(
        f"`{argument}` must be one picture, a NumPy array of uint8 or uint16 with the shape (H, W) or (H, W, 1 to 4) "
        f"and at least one pixel, received {received}"
    )


def _has_channels(samples: np.ndarray) -> bool:
    return samples.ndim == 3 and samples.shape[2] in CHANNELS


def count_colours(picture: np.ndarray) -> int:
    """How many channels of (H, W, channels) are colours, not alpha."""
    return 3 if picture.shape[2] >= 3 else 1


def fill_hidden_colours(picture: np.ndarray) -> np.ndarray:
    """The picture (H, W, channels) with the nearest visible colour where its alpha is 0.

    Files hold any colour there, usually black, which would bleed into the visible pixels.
    """
    colours = count_colours(picture)
    if colours == picture.shape[2]:
        return picture
    hidden = picture[:, :, colours] == 0
    if hidden.all() or not hidden.any():
        return picture
    from scipy import ndimage

    nearest = ndimage.distance_transform_edt(hidden, return_distances=False, return_indices=True)
    filled = picture.copy()
    filled[:, :, :colours] = picture[nearest[0], nearest[1], :colours]
    return filled
