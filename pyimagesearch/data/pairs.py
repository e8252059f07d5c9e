"""An LR picture and the HR picture that it was made from, out of files."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.resize import crop_to_multiple, downscale, resize_bicubic


@dataclass(frozen=True)
class Pair:
    """hr: uint8 RGB (scale*h, scale*w, 3); lr: uint8 RGB (h, w, 3)."""

    name: str
    lr: np.ndarray
    hr: np.ndarray


def read_pair(hr_path: Path, lr_path: Path | None, scale: int, resize: int | None = None, shrink: int = 1) -> Pair:
    """A pair from files; without `lr_path` the LR side is made, as `make_pair` does."""
    hr = picture_io.read_rgb(hr_path)
    if lr_path is None:
        return make_pair(hr_path.name, hr, scale, resize, shrink)
    lr = picture_io.read_rgb(lr_path)
    if any(abs(small * scale - big) >= scale for small, big in zip(lr.shape[:2], hr.shape[:2], strict=True)):
        raise InputError(
            f"{lr_path}: {lr.shape[1]}x{lr.shape[0]} pixels are not 1/{scale} of "
            f"{hr_path.name}'s {hr.shape[1]}x{hr.shape[0]}"
        )
    return Pair(hr_path.name, *same_area(lr, hr, scale))


def make_pair(name: str, hr: np.ndarray, scale: int, resize: int | None = None, shrink: int = 1) -> Pair:
    """A pair whose LR side is made of `hr`, uint8 RGB (H, W, 3), by MATLAB-equivalent bicubic.

    Before that the HR picture is made `shrink` times smaller and cut to a multiple of `scale`, or it is made `resize`
    pixels wide and high, whatever its shape.
    """
    if shrink > 1:
        hr = downscale(crop_to_multiple(hr, shrink), shrink)
    hr = resize_bicubic(hr, resize, resize) if resize else crop_to_multiple(hr, scale)
    return Pair(name, downscale(hr, scale), hr)


def same_area(lr: np.ndarray, hr: np.ndarray, scale: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut both to the area that they share, from the top left."""
    height, width = min(lr.shape[0], hr.shape[0] // scale), min(lr.shape[1], hr.shape[1] // scale)
    return lr[:height, :width], hr[: height * scale, : width * scale]


def lr_of(hr: Path, by_stem: Mapping[str, Path], scale: int) -> Path | None:
    """The LR picture of an HR picture among those of a folder, if it is there: of the same stem, or of DIV2K's form."""
    return by_stem.get(hr.stem) or by_stem.get(f"{hr.stem}x{scale}")


def match_lr(hr_paths: Sequence[Path], lr_folder: str | os.PathLike[str], scale: int) -> dict[str, Path]:
    """The LR picture of each HR picture: of the same stem, or of DIV2K's form (0001.png and 0001x4.png)."""
    by_stem = {path.stem: path for path in picture_io.list_pictures(lr_folder)}
    lr_paths = {}
    for path in hr_paths:
        match = lr_of(path, by_stem, scale)
        if match is None:
            raise InputError(
                f"{lr_folder}: no LR picture for {path.name} (looked for {path.stem} and {path.stem}x{scale})"
            )
        lr_paths[path.name] = match
    return lr_paths
