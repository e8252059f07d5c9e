"""An LR picture and the HR picture that it was made from, out of files."""

import os
from dataclasses import dataclass

import numpy as np
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.resize import crop_to_multiple, downscale, resize_bicubic

PathLike = str | os.PathLike[str]

THUMBNAIL = 16  # pixels a side at which HR and LR of a pair are compared
DIFFERENT_LEVELS = 20  # mean difference of 0 to 255 from which they may be of different pictures
ALIKE_CORRELATION = 0.6  # above which they are of the same picture in another light


@dataclass(frozen=True)
class Pair:
    """hr: uint8 RGB (scale*h, scale*w, 3); lr: uint8 RGB (h, w, 3)."""

    name: str
    lr: np.ndarray
    hr: np.ndarray


def read_pair(
    hr_path: PathLike, lr_path: PathLike | None, scale: int, resize: int | None = None, shrink: int = 1
) -> Pair:
    """A pair from files; without `lr_path` the LR side is made, as `make_pair` does.

    Raises InputError where a picture cannot be read and where LR is not `scale` times smaller or of another picture.
    """
    hr = picture_io.read_rgb(hr_path)
    if lr_path is None:
        return make_pair(os.path.basename(hr_path), hr, scale, resize, shrink)
    lr = picture_io.read_rgb(lr_path)
    if any(abs(small * scale - big) >= scale for small, big in zip(lr.shape[:2], hr.shape[:2], strict=True)):
        raise InputError(
            f"{lr_path}: {lr.shape[1]}x{lr.shape[0]} pixels are not 1/{scale} of "
            f"{os.path.basename(hr_path)}'s {hr.shape[1]}x{hr.shape[0]}"
        )
    if not _show_the_same(hr, lr):
        raise InputError(f"{lr_path}: shows another picture than {hr_path}, to which it belongs by its name")
    return Pair(os.path.basename(hr_path), *same_area(lr, hr, scale))


def make_pair(name: str, hr: np.ndarray, scale: int, resize: int | None = None, shrink: int = 1) -> Pair:
    """A pair whose LR side is made of `hr`, uint8 RGB (H, W, 3), by MATLAB-equivalent bicubic.

    Before that the HR picture is made `shrink` times smaller and cut to a multiple of `scale`, or it is made `resize`
    pixels wide and high, whatever its shape.
    """
    if shrink > 1:
        hr = downscale(crop_to_multiple(hr, shrink), shrink)
    hr = resize_bicubic(hr, resize, resize) if resize else crop_to_multiple(hr, scale)
    return Pair(name, downscale(hr, scale), hr)


def least_scored_side(scale: int) -> int:
    """HR pixels a side that the scores need: SSIM's window of 11 inside a border of `scale`, 5 pixels of LR."""
    return max(11 + 2 * scale, 5 * scale)


def same_area(lr: np.ndarray, hr: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut both to the area that they share, from the top left."""
    height, width = min(lr.shape[0], hr.shape[0] // scale), min(lr.shape[1], hr.shape[1] // scale)
    return lr[:height, :width], hr[: height * scale, : width * scale]


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX), np.float32)


def _show_the_same(hr: np.ndarray, lr: np.ndarray) -> bool:
    """Whether two pictures look alike at THUMBNAIL pixels a side, or but for their brightness and contrast.

    There, blur, noise, JPEG and shifts by a few pixels leave little: 296 pairs with
    LR by the degradations `mild` and `full`, half of them shifted by two pixels, look alike.
    """
    large, small = _thumbnail(hr), _thumbnail(lr)
    difference = float(np.abs(large - small).mean())
    large, small = large - large.mean(), small - small.mean()
    correlation = float((large * small).sum()) / max(float(np.linalg.norm(large) * np.linalg.norm(small)), 1e-6)
    return difference < DIFFERENT_LEVELS or correlation > ALIKE_CORRELATION
