"""NIQE: how far the statistics of a picture are from those of clean photographs. No HR picture is needed.

Mittal, Soundararajan and Bovik, "Making a 'Completely Blind' Image Quality Analyzer", IEEE Signal Processing Letters
20(3), 2013, as its authors' MATLAB code computes it: of the grey picture, in blocks of 96 pixels, at two sizes.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import scipy.io
import scipy.ndimage
from scipy import special

from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io
from pyimagesearch.images.resize import resize_bicubic
from pyimagesearch.system.files import is_folder

BLOCK = 96  # pixels a side
SHARP = 0.75  # statistics are fitted to blocks that are at least so sharp, relative to the picture's sharpest
SHAPES = np.arange(0.2, 10.001, 0.001)  # of generalised Gaussians
_G = special.gamma
_RATIOS = _G(2 / SHAPES) ** 2 / (_G(1 / SHAPES) * _G(3 / SHAPES))
FRACTIONS = 256  # of a level, to which the smaller picture is rounded
GREY = np.array([0.2989, 0.5870, 0.1140])  # MATLAB's rgb2gray
NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))


@dataclass(frozen=True)
class NaturalStatistics:
    """The mean (36,) and covariance (36, 36) of the features of clean photographs' blocks."""

    mean: np.ndarray
    covariance: np.ndarray

    @classmethod
    def load(cls, path: str) -> "NaturalStatistics":
        """From MATLAB's modelparameters.mat or an .npz file of the same numbers. Raises InputError."""
        try:
            values = scipy.io.loadmat(path) if path.lower().endswith(".mat") else dict(np.load(path))
            numbers = [np.asarray(value) for name, value in values.items() if not name.startswith("_")]
        except Exception as error:  # the readers raise whatever they stumble over
            raise InputError(f"`niqe` {path}: cannot be read as .mat or .npz ({error})") from None
        numbers = [value.astype(float) for value in numbers if value.dtype.kind in "fiu"]
        means = [value.ravel() for value in numbers if value.size == 36]
        covariances = [value for value in numbers if value.shape == (36, 36)]
        if len(means) != 1 or len(covariances) != 1 or not np.isfinite([*means[0], *covariances[0].flat]).all():
            raise InputError(f"`niqe` {path}: holds no mean of 36 and covariance of 36x36 numbers")
        return cls(means[0], covariances[0])

    @classmethod
    def fit(cls, folder: str) -> "NaturalStatistics":
        """From the sharp blocks of the clean photographs in a folder. Raises InputError where they are too few."""
        pictures = map(picture_io.read_rgb, picture_io.list_pictures(folder))
        features = [_block_features(picture, SHARP) for picture in pictures if min(picture.shape[:2]) >= BLOCK]
        blocks = np.concatenate([np.empty((0, 36)), *features])
        blocks = blocks[np.isfinite(blocks).all(axis=1)]
        if len(blocks) < 100:
            raise InputError(f"`niqe` {folder}: has {len(blocks)} sharp blocks of {BLOCK} pixels; 100 are needed")
        return cls(blocks.mean(axis=0), np.cov(blocks, rowvar=False))


class NIQE:
    """The score of SR pictures alone, for scoring.py.

    parameters: a .mat or .npz file of natural statistics, such as the modelparameters.mat of the authors, or a folder
    of clean photographs to fit them to, whose scores compare only with each other.
    """

    def __init__(self, parameters: str):
        fitted = is_folder(parameters)
        self._natural = (NaturalStatistics.fit if fitted else NaturalStatistics.load)(parameters)
        digest = hashlib.sha256(self._natural.mean.tobytes() + self._natural.covariance.tobytes()).hexdigest()
        self.identity = f"{'fitted to clean photographs' if fitted else 'from a file'}, sha256:{digest}"

    def __call__(self, name: str, outputs: Mapping[str, np.ndarray], hr: np.ndarray) -> dict[str, float]:
        """The score of each of `outputs`, uint8 RGB (H, W, 3); `name` is for errors."""
        if min(hr.shape[:2]) < BLOCK:
            raise InputError(
                f"{name}: {hr.shape[1]}x{hr.shape[0]} pixels are too few for NIQE; {BLOCK} a side are needed"
            )
        scores = {model: niqe(sr, self._natural) for model, sr in outputs.items()}
        if not np.isfinite([*scores.values()]).all():
            raise InputError(f"{name}: has no texture that NIQE could measure; leave it out")
        return scores


def niqe(picture: np.ndarray, natural: NaturalStatistics) -> float:
    """The distance of a picture, uint8 RGB (H, W, 3) with sides from 96; lower looks more natural; nan of a flat one.

    With its authors' parameters about 3 for photographs and 7 for bicubic.
    """
    blocks = _block_features(picture, 0)
    whole = blocks[np.isfinite(blocks).all(axis=1)]
    if not len(whole):
        return float("nan")
    mean = np.nanmean(blocks, axis=0)
    covariance = np.cov(whole, rowvar=False) if len(whole) > 1 else np.zeros((36, 36))
    difference = natural.mean - mean
    return float(np.sqrt(difference @ np.linalg.pinv((natural.covariance + covariance) / 2) @ difference))


def _block_features(picture: np.ndarray, sharp: float) -> np.ndarray:
    """(blocks, 36): 18 features at the picture's size and 18 at half of it, of the blocks that are sharp enough."""
    height, width = (side // BLOCK * BLOCK for side in picture.shape[:2])
    y = np.rint(picture[:height, :width] @ GREY)
    parts, keep = [], np.ones(height * width // BLOCK**2, bool)
    for block in (BLOCK, BLOCK // 2):
        normalised, deviation = _normalise(y)
        parts.append(np.array([_features(part) for part in _blocks(normalised, block)]))
        if block == BLOCK and sharp:
            sharpness = np.array([part.mean() for part in _blocks(deviation, block)])
            keep = sharpness > sharp * sharpness.max()
        fine = (y * FRACTIONS).astype(np.uint16)[:, :, None]
        y = resize_bicubic(fine, height // 2, width // 2)[:, :, 0] / FRACTIONS
    return np.concatenate(parts, axis=1)[keep]


def _normalise(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Y less its local mean, over its local deviation; and that deviation. The window is 7x7, of sigma 7/6."""
    options = {"sigma": 7 / 6, "truncate": 3 / (7 / 6), "mode": "nearest"}
    mean = scipy.ndimage.gaussian_filter(y, **options)
    deviation = np.sqrt(np.abs(scipy.ndimage.gaussian_filter(y * y, **options) - mean**2))
    return (y - mean) / (deviation + 1), deviation


def _blocks(values: np.ndarray, side: int) -> Iterator[np.ndarray]:
    for top in range(0, values.shape[0], side):
        for left in range(0, values.shape[1], side):
            yield values[top : top + side, left : left + side]


def _features(block: np.ndarray) -> np.ndarray:
    """18: the shape of the values' distribution, and of the products of neighbours in four directions."""
    shape, left, right = asymmetric_gaussian(block)
    features = [shape, (left + right) / 2]
    for shift in NEIGHBOURS:
        shape, left, right = asymmetric_gaussian(block * np.roll(block, shift, axis=(0, 1)))
        mean = (right - left) * _G(2 / shape) / _G(1 / shape)
        features += [shape, mean, left, right]
    return np.array(features)


def asymmetric_gaussian(values: np.ndarray) -> tuple[float, float, float]:
    """Shape and the two scales of the asymmetric generalised Gaussian of these values, by their moments."""
    values = values.ravel()
    sides = (values[values < 0], values[values > 0])
    left, right = (np.sqrt(np.mean(side**2)) if side.size else np.nan for side in sides)
    with np.errstate(divide="ignore", invalid="ignore"):  # of a flat block
        ratio, moment = left / right, np.mean(np.abs(values)) ** 2 / np.mean(values**2)
    wanted = moment * (ratio**3 + 1) * (ratio + 1) / (ratio**2 + 1) ** 2
    if not np.isfinite(wanted):
        return np.nan, np.nan, np.nan
    shape = SHAPES[np.argmin((_RATIOS - wanted) ** 2)]
    scale = np.sqrt(_G(1 / shape) / _G(3 / shape))
    return shape, left * scale, right * scale
