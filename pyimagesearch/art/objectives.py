"""What a dream amplifies: all features of the chosen layers, or those that a guide has too."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.art.pictures import MOST, colours_of, rgb16
from pyimagesearch.images.resize import resize_in_bands

GUIDE_SIDE = 256  # pixels of a guide's longer side: objects of this size are about what the layers answer to
GUIDE_VECTORS = 256  # places of a guide that are compared with, at most
MOST_PRODUCTS = 1 << 24  # of a tile's places with a guide's, for each layer: 64 MB

Features = dict[str, tf.Tensor]  # (1, h, w, c) by layer
Objective = Callable[[Features], tf.Tensor]  # a scalar, which is the mean over the places of a tile


def mean_activation(features: Features) -> tf.Tensor:
    """The sum over the layers of the mean of their activations (Mordvintsev et al., Inceptionism, 2015)."""
    return tf.add_n([tf.reduce_mean(each) for each in features.values()])


def guided_by(guide: np.ndarray, extractor: keras.Model, tile: int) -> Objective:
    """The likeness to a guide: each place is compared with the place of the guide that it is most like.

    The sum over the layers of the mean of the largest dot products, divided by the channels (the "guided dreams" of
    Mordvintsev et al.). guide: samples as `Picture.samples`. tile: pixels a side that the network sees, at most.
    Raises InputError where the guide is no picture.
    """
    rgb = _shrunk(guide)
    found = extractor(rgb, training=False)
    vectors = {name: tf.constant(_spread(each.numpy(), tile, rgb.shape[1])) for name, each in found.items()}

    def likeness(features: Features) -> tf.Tensor:
        return tf.add_n([_mean_of_best(_rows(each), vectors[name]) for name, each in features.items()])

    return likeness


def _mean_of_best(rows: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
    """The mean over the rows (n, c) of the largest product with one of the vectors (k, c), divided by c."""
    products = tf.matmul(rows, vectors, transpose_b=True)  # (n, k)
    return tf.reduce_mean(tf.reduce_max(products, axis=1)) / vectors.shape[1]


def guide_sides(height: int, width: int) -> tuple[int, int]:
    """The height and width in which a guide is looked at."""
    factor = min(1.0, GUIDE_SIDE / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def _shrunk(guide: np.ndarray) -> np.ndarray:
    """float32 RGB (1, h, w, 3) in [0, 255]."""
    colours = rgb16(colours_of(guide, "guide"))
    return resize_in_bands(colours, *guide_sides(*colours.shape[:2]))[None].astype(np.float32) * (255 / MOST)


def _rows(features: tf.Tensor) -> tf.Tensor:
    """(1, h, w, c) to (h * w, c)."""
    return tf.reshape(features, [-1, features.shape[-1]])


def _spread(features: np.ndarray, tile: int, side: int) -> np.ndarray:
    """(k, c): vectors of places that are spread evenly over (1, h, w, c). side: pixels that the h places stand for."""
    rows = features.reshape(-1, features.shape[-1])
    places_of_tile = (tile * features.shape[1] / side) ** 2
    count = min(len(rows), GUIDE_VECTORS, max(1, int(MOST_PRODUCTS / places_of_tile)))
    return rows[np.linspace(0, len(rows) - 1, count).round().astype(int)]
