"""How far two pictures are apart in VGG19's features: what the content loss sees, of whole pictures."""

from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.models import build_vgg, weights_identity

LAYER = "block5_conv4"
STRIDE = 16  # pixels to one feature of LAYER
CONTEXT = 128  # pixels: a feature of LAYER sees 126 to either side
TILE = 768  # pixels a side whose features are compared at once: about 1.5 GB with their context


class FeatureDistance:
    """The MSE between the features of LAYER, after its ReLU and divided by 12.75 (Ledig et al., CVPR 2017).

    weights: "imagenet", "random" or the path of an .h5 file; `identity` tells one from another, since distances by
    different weights do not compare. Lower is nearer.
    """

    def __init__(self, weights: str):
        self.identity = weights_identity(weights)
        vgg = build_vgg([LAYER], weights)
        signature = [tf.TensorSpec([1, None, None, 3], tf.float32)]
        self._forward = tf.function(lambda rgb: vgg(rgb, training=False)[LAYER], input_signature=signature)

    def __call__(self, name: str, outputs: Mapping[str, np.ndarray], hr: np.ndarray) -> dict[str, float]:
        """The distance of each of `outputs` to `hr`, all uint8 RGB (H, W, 3), nothing cropped; `name` is for errors."""
        height, width = hr.shape[:2]
        if min(height, width) < STRIDE:
            raise InputError(f"{name}: {width}x{height} pixels are too few for VGG19; {STRIDE} a side are needed")
        sums, count = dict.fromkeys(outputs, 0.0), 0
        for rows, columns in _tiles(height, width):
            target = self._features(hr, rows, columns)
            count += target.size
            for model, sr in outputs.items():
                sums[model] += float(np.square(self._features(sr, rows, columns) - target).sum(dtype=np.float64))
        return {model: total / count for model, total in sums.items()}

    def _features(self, picture: np.ndarray, rows: slice, columns: slice) -> np.ndarray:
        """(h, w, 512) of a tile, the same as those of the whole picture there."""
        top, left = max(0, rows.start - CONTEXT), max(0, columns.start - CONTEXT)
        seen = picture[top : rows.stop + CONTEXT, left : columns.stop + CONTEXT].astype(np.float32)
        features = self._forward(seen[None]).numpy()[0] / 12.75
        inside = [
            slice((part.start - start) // STRIDE, (part.stop - start) // STRIDE)
            for part, start in ((rows, top), (columns, left))
        ]
        return features[inside[0], inside[1]]


def _tiles(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Rows and columns of every tile; what is left beyond a multiple of STRIDE has no feature of its own."""
    height, width = (side // STRIDE * STRIDE for side in (height, width))
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            yield slice(top, min(top + TILE, height)), slice(left, min(left + TILE, width))
