"""How far pictures are apart in VGG19's features: each from its HR, and all together from all HR pictures."""

from collections.abc import Callable, Iterable, Iterator, Mapping

import numpy as np
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.models import build_vgg, weights_identity

LAYER = "block5_conv4"
STRIDE = 16  # pixels to one feature of LAYER
PATCH_LAYER = "block3_conv4"
PATCH_CHANNELS, PATCH_STRIDE = 256, 4
PATCH_CELLS = 8  # features of PATCH_LAYER a side of a patch, which is 32 pixels
NO_VARIANCE = 1e-9  # of HR's features: what rounding leaves of a single patch
CENTRE = 256  # pixels a side of what MiddleDistances looks at in each picture
CONTEXT = 128  # pixels: a feature of LAYER sees 126 to either side
TILE = 768  # pixels a side whose features are compared at once: about 1.5 GB with their context


class PatchStatistics:
    """Mean and covariance of the features of many patches, whose pictures come one after the other."""

    def __init__(self, channels: int):
        self._count, self._sum, self._products = 0, np.zeros(channels), np.zeros((channels, channels))

    def add(self, features: np.ndarray) -> None:
        """Those of a picture, (h, w, channels): each patch has the mean of PATCH_CELLS x PATCH_CELLS of them."""
        height, width = (side // PATCH_CELLS for side in features.shape[:2])
        channels = len(self._sum)
        whole = features[: height * PATCH_CELLS, : width * PATCH_CELLS].astype(np.float64)
        patches = whole.reshape(height, PATCH_CELLS, width, PATCH_CELLS, channels).mean(axis=(1, 3))
        patches = patches.reshape(height * width, channels)
        self._count += len(patches)
        self._sum += patches.sum(axis=0)
        self._products += patches.T @ patches

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """(channels,) and (channels, channels); nan without patches."""
        if not self._count:
            return np.full_like(self._sum, np.nan), np.full_like(self._products, np.nan)
        mean = self._sum / self._count
        return mean, self._products / self._count - np.outer(mean, mean)


def frechet_distance(sr: PatchStatistics, hr: PatchStatistics) -> float:
    """That of two Gaussians with these moments (Dowson and Landau 1982), as in FID, over the variance of HR:
    0 is equal, about 1 is what flat pictures of the mean of HR have; nan where HR has no two patches that differ."""
    (mean, covariance), (other_mean, other_covariance) = sr.moments(), hr.moments()
    if not np.trace(other_covariance) > NO_VARIANCE:
        return float("nan")
    # The trace of a square root is the sum of the roots of the eigenvalues, which are real but for rounding.
    roots = np.sqrt(np.clip(np.linalg.eigvals(covariance @ other_covariance).real, 0, None))
    spread = np.trace(covariance + other_covariance) - 2 * roots.sum()
    return float((np.sum((mean - other_mean) ** 2) + spread) / np.trace(other_covariance))


def _features_of(weights: str) -> Callable:
    """A program from RGB (1, H, W, 3) float32 in [0, 255] to the features of LAYER and PATCH_LAYER by name."""
    vgg = build_vgg([LAYER, PATCH_LAYER], weights)
    signature = [tf.TensorSpec([1, None, None, 3], tf.float32)]
    return tf.function(lambda rgb: vgg(rgb, training=False), input_signature=signature)


class FeatureDistance:
    """The MSE between the features of LAYER, after its ReLU and divided by 12.75 (Ledig et al., CVPR 2017).

    weights: "imagenet", "random" or the path of an .h5 file; `identity` tells one from another, since distances by
    different weights do not compare. Lower is nearer.
    It also gathers the statistics of all pictures that it is called with, for `frechet`.
    """

    def __init__(self, weights: str):
        self.identity = weights_identity(weights)
        self._forward = _features_of(weights)
        self._of_hr = PatchStatistics(PATCH_CHANNELS)
        self._of_models: dict[str, PatchStatistics] = {}

    def __call__(self, name: str, outputs: Mapping[str, np.ndarray], hr: np.ndarray) -> dict[str, float]:
        """The distance of each of `outputs` to `hr`, all uint8 RGB (H, W, 3), nothing cropped; `name` is for errors."""
        height, width = hr.shape[:2]
        if min(height, width) < STRIDE:
            raise InputError(f"{name}: {width}x{height} pixels are too few for VGG19; {STRIDE} a side are needed")
        sums, count = dict.fromkeys(outputs, 0.0), 0
        for rows, columns in _tiles(height, width):
            target, texture = self._features(hr, rows, columns)
            self._of_hr.add(texture)
            count += target.size
            for model, sr in outputs.items():
                features, texture = self._features(sr, rows, columns)
                self._of_models.setdefault(model, PatchStatistics(PATCH_CHANNELS)).add(texture)
                sums[model] += float(np.square(features - target).sum(dtype=np.float64))
        return {model: total / count for model, total in sums.items()}

    def frechet(self) -> dict[str, float]:
        """How far the patches of each model's pictures are from those of all HR pictures, all taken together."""
        return {model: frechet_distance(statistics, self._of_hr) for model, statistics in self._of_models.items()}

    def _features(self, picture: np.ndarray, rows: slice, columns: slice) -> tuple[np.ndarray, np.ndarray]:
        """Of a tile, the same as those of the whole picture there: LAYER's (h, w, 512), PATCH_LAYER's (4h, 4w, 256)."""
        top, left = max(0, rows.start - CONTEXT), max(0, columns.start - CONTEXT)
        seen = picture[top : rows.stop + CONTEXT, left : columns.stop + CONTEXT].astype(np.float32)
        features = self._forward(seen[None])

        def inside(layer: str, stride: int) -> np.ndarray:
            places = [
                slice((part.start - start) // stride, (part.stop - start) // stride)
                for part, start in ((rows, top), (columns, left))
            ]
            return features[layer].numpy()[0, places[0], places[1]] / 12.75

        return inside(LAYER, STRIDE), inside(PATCH_LAYER, PATCH_STRIDE)


class MiddleDistances:
    """Both distances of pictures from the same HR pictures, time and again: for the validation of GANs.

    They are those of FeatureDistance over the CENTRE x CENTRE pixels in the middle of each picture, so that they take
    seconds. hr: uint8 RGB (H, W, 3) each. weights: as FeatureDistance's.
    """

    def __init__(self, hr: Iterable[np.ndarray], weights: str):
        self._forward = _features_of(weights)
        self._of_hr, self._hr_features = self._measured(hr)

    def __call__(self, pictures: Iterable[np.ndarray]) -> dict[str, float]:
        """Of `pictures`, uint8 RGB of HR's sizes: vgg19_distance, the mean over pictures of at least 16x16 pixels, and
        vgg19_frechet. nan where HR has no such picture, or no two patches of 32x32 pixels that differ."""
        statistics, features = self._measured(pictures)
        distances = [np.square(a - b).mean() for a, b in zip(features, self._hr_features, strict=True)]
        return {
            "vgg19_distance": float(np.mean(distances)) if distances else float("nan"),
            "vgg19_frechet": frechet_distance(statistics, self._of_hr),
        }

    def _measured(self, pictures: Iterable[np.ndarray]) -> tuple[PatchStatistics, list[np.ndarray]]:
        statistics, features = PatchStatistics(PATCH_CHANNELS), []
        for picture in pictures:
            top, left = (max(0, (side - CENTRE) // 2) for side in picture.shape[:2])
            middle = picture[top : top + CENTRE, left : left + CENTRE].astype(np.float32)
            if min(middle.shape[:2]) >= STRIDE:
                seen = self._forward(middle[None])
                features.append(seen[LAYER].numpy()[0] / 12.75)
                statistics.add(seen[PATCH_LAYER].numpy()[0] / 12.75)
        return statistics, features


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of every tile; what is left beyond a multiple of STRIDE has no feature of its own."""
    height, width = (side // STRIDE * STRIDE for side in (height, width))
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
