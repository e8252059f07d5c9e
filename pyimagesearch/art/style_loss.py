"""What a style transfer makes small: the distance to the content's features and to the styles' Gram matrices.

Gatys et al., "Image Style Transfer Using Convolutional Neural Networks" (CVPR 2016), on VGG19. Pictures are float32 RGB
(H, W, 3) in [0, 1]; masks are float32 (H, W) in [0, 1].

A picture larger than a tile goes through the network in tiles. A Gram matrix is a sum over places: those of the tiles
add up to that of the picture. Once it is known, the loss of each tile has an exact gradient, and these add up too. Each
tile is seen with as much around it as its features depend on: the result has no seam, and differs from that of the
undivided picture by rounding alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.art.style_settings import BLOCKS

Maps = dict[str, np.ndarray]  # by layer
PERIOD = 16  # pixels of one place in VGG19's fifth block: tiles begin at multiples of it

_PICTURE = tf.TensorSpec([None, None, 3], tf.float32)
_MASK = tf.TensorSpec([None, None], tf.float32)
_AREA = tf.TensorSpec([4], tf.int32)


class Area(NamedTuple):
    """Rows `top` to `bottom` and columns `left` to `right` of a picture."""

    top: int
    left: int
    bottom: int
    right: int

    def of(self, picture: np.ndarray, side: int = 1) -> np.ndarray:
        """This part of a picture, or of a map with one place for `side` pixels a side; a view."""
        top, left, bottom, right = (edge // side for edge in self)
        return picture[top:bottom, left:right]


class Description(NamedTuple):
    """What VGG19 sees: the content layers' features (h, w, c), and the style layers' Gram matrices (c, c)."""

    content: Maps
    grams: Maps


class StyleLoss:
    """The loss of a picture and its gradient, in one piece or in tiles."""

    def __init__(
        self,
        extractor: keras.Model,
        content_layers: tuple[str, ...],
        style_layers: tuple[str, ...],
        *,
        content_weight: float,
        style_weight: float,
        tile: int,
        masked: bool = False,
    ):
        """extractor: a model of `build_vgg` with all these layers. content_weight, style_weight: of the mean squared
        errors, each averaged over its layers. tile: pixels a side, a multiple of PERIOD. masked: whether the style
        counts only where a mask says so, which every call then takes."""
        self._extractor, self._tile = extractor, tile
        self._content_layers, self._style_layers = content_layers, style_layers
        self._content_weight = content_weight / len(content_layers)
        self._style_weight = style_weight / len(style_layers)
        self.layers = (*content_layers, *style_layers)
        self.context = context(self.layers)
        content = {name: tf.TensorSpec([None, None, None], tf.float32) for name in content_layers}
        grams = {name: tf.TensorSpec([None, None], tf.float32) for name in style_layers}
        numbers = {
            kind: {name: tf.TensorSpec([], tf.float32) for name in layers}
            for kind, layers in (("content", content_layers), ("style", style_layers))
        }
        mask = [_MASK] if masked else []
        self._describe = _program(self._parts, _PICTURE, _AREA, *mask)
        self._at_once = _program(self._loss_at_once, _PICTURE, _AREA, content, grams, numbers["style"], *mask)
        self._of_tile = _program(self._loss_of_tile, _PICTURE, _AREA, content, grams, numbers["content"], *mask)

    def describe(self, picture: np.ndarray, *mask: np.ndarray) -> Description:
        """The features and the Gram matrices of a picture (H, W, 3)."""
        content: Maps = {}
        places = self._places(picture.shape, *mask)
        grams: Maps = {name: np.zeros((), np.float32) for name in self._style_layers}
        for seen, owned, inside in self._tiles(*picture.shape[:2]):
            maps, sums = self._describe(seen.of(picture), inside, *(seen.of(part) for part in mask))
            for name, features in maps.items():
                if name not in content:
                    height, width = (side // stride(name) for side in picture.shape[:2])
                    content[name] = np.empty((height, width, features.shape[2]), np.float32)
                owned.of(content[name], stride(name))[...] = features
            for name in sums:
                grams[name] = grams[name] + sums[name].numpy() / places[name]
        return Description(content, grams)

    def __call__(self, picture: np.ndarray, target: Description, *mask: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss of a picture (H, W, 3) and its gradient by the picture. target: the features and the Gram matrices
        that it is to have."""
        tiles, places = list(self._tiles(*picture.shape[:2])), self._places(picture.shape, *mask)
        if len(tiles) == 1:
            loss, gradient = self._at_once(picture, tiles[0][2], target.content, target.grams, places, *mask)
            return float(loss), gradient.numpy()
        errors = {name: gram - target.grams[name] for name, gram in self.describe(picture, *mask).grams.items()}
        loss = self._style_weight * sum(float(np.mean(np.square(error))) for error in errors.values())
        # The derivative of the mean square of an error by the sums over places that it is made of.
        pulls = {name: 2 * self._style_weight / error.size / places[name] * error for name, error in errors.items()}
        scales = {name: np.float32(self._content_weight / maps.size) for name, maps in target.content.items()}
        gradient = np.zeros_like(picture)
        for seen, owned, inside in tiles:
            content = {name: owned.of(maps, stride(name)) for name, maps in target.content.items()}
            parts = (seen.of(part) for part in mask)
            share, part = self._of_tile(seen.of(picture), inside, content, pulls, scales, *parts)
            seen.of(gradient)[...] += part
            loss += float(share)
        return loss, gradient

    def seen_pixels(self, height: int, width: int) -> int:
        """Pixels that the network sees of a picture, those around tiles included."""
        seen = (tile[0] for tile in self._tiles(height, width))
        return sum((area.bottom - area.top) * (area.right - area.left) for area in seen)

    def _places(self, shape: tuple[int, ...], *mask: np.ndarray) -> dict[str, np.float32]:
        """How many places of each style layer count, by the mask where there is one."""
        counts = {}
        for name in self._style_layers:
            side = stride(name)
            height, width = (length // side for length in shape[:2])
            counted = sum(float(part[: height * side, : width * side].sum(dtype=np.float64)) for part in mask)
            counts[name] = np.float32(counted / side**2 if mask else height * width)
        return counts

    def _tiles(self, height: int, width: int) -> Iterator[tuple[Area, Area, Area]]:
        """Of each tile what is seen of the picture, what belongs to the tile, and the latter's place in the former."""
        whole = max(height, width) <= self._tile
        for top in range(0, height, height if whole else self._tile):
            for left in range(0, width, width if whole else self._tile):
                owned = Area(
                    top, left, height if whole else min(height, top + self._tile),
                    width if whole else min(width, left + self._tile),
                )  # fmt: skip
                above, before = max(0, top - self.context), max(0, left - self.context)
                seen = Area(
                    above, before, min(height, owned.bottom + self.context), min(width, owned.right + self.context)
                )
                inside = Area(top - above, left - before, owned.bottom - above, owned.right - before)
                yield seen, owned, inside

    def _parts(self, seen: tf.Tensor, inside: tf.Tensor, *mask: tf.Tensor) -> tuple[dict, dict]:
        """Of what is inside of a seen picture: the content layers' features (h, w, c), and the style layers' sums over
        places of the products of two channels (c, c)."""
        maps = self._extractor(seen[None] * 255.0, training=False)
        owned = {name: _inside(maps[name][0], inside // stride(name)) for name in maps}
        sums = {}
        for name in self._style_layers:
            features, side = owned[name], stride(name)
            flat = tf.reshape(features, [-1, features.shape[-1]])
            weighted = flat
            for part in mask:
                pooled = tf.nn.avg_pool2d(part[None, :, :, None], side, side, "VALID")[0]
                weighted = flat * tf.reshape(_inside(pooled, inside // side), [-1, 1])
            sums[name] = tf.matmul(weighted, flat, transpose_a=True)
        return {name: owned[name] for name in self._content_layers}, sums

    def _loss_at_once(self, picture, inside, content, grams, places, *mask) -> tuple[tf.Tensor, tf.Tensor]:
        """Of a whole picture: the loss, and its gradient (H, W, 3)."""
        with tf.GradientTape() as tape:
            tape.watch(picture)
            maps, sums = self._parts(picture, inside, *mask)
            content_errors = [tf.reduce_mean(tf.square(maps[name] - content[name])) for name in maps]
            style_errors = [tf.reduce_mean(tf.square(sums[name] / places[name] - grams[name])) for name in sums]
            loss = self._content_weight * tf.add_n(content_errors) + self._style_weight * tf.add_n(style_errors)
        return loss, tape.gradient(loss, picture)

    def _loss_of_tile(self, seen, inside, content, pulls, scales, *mask) -> tuple[tf.Tensor, tf.Tensor]:
        """Of a tile: its share of the content loss, and the gradient (h, w, 3) of its share of the whole loss by all
        that is seen. pulls: the derivatives of the loss by the sums of the style layers."""
        with tf.GradientTape() as tape:
            tape.watch(seen)
            maps, sums = self._parts(seen, inside, *mask)
            share = tf.add_n([scales[name] * tf.reduce_sum(tf.square(maps[name] - content[name])) for name in maps])
            pulled = share + tf.add_n([tf.reduce_sum(pulls[name] * sums[name]) for name in sums])
        return share, tape.gradient(pulled, seen)


def total_variation(picture: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean over pixels of the absolute differences to the pixels below and right, summed over channels, and its
    gradient (H, W, 3): tf.image.total_variation divided by the number of pixels."""
    pixels = picture.shape[0] * picture.shape[1]
    total, slope = 0.0, np.zeros_like(picture)
    for axis in (0, 1):
        differences = np.diff(picture, axis=axis)
        total += float(np.abs(differences).sum(dtype=np.float64))
        signs = np.sign(differences)
        before, behind = ((slice(None),) * axis + (part,) for part in (slice(None, -1), slice(1, None)))
        slope[before] -= signs
        slope[behind] += signs
    return total / pixels, slope / np.float32(pixels)


def stride(layer: str) -> int:
    """How many pixels a side one place of a layer of VGG19 stands for."""
    return 2 ** (_block(layer) - 1)


def context(layers: Sequence[str]) -> int:
    """Pixels around a tile on which the features of these layers depend, rounded up to PERIOD.

    Each 3x3 convolution looks one place further, which in block b is 2^(b-1) pixels.
    """
    block = max(map(_block, layers))
    last = max(int(layer.rpartition("conv")[2]) for layer in layers if _block(layer) == block)
    convs = [min(BLOCKS[number], last) if number == block else BLOCKS[number] for number in range(1, block + 1)]
    reach = sum(count * 2**number for number, count in enumerate(convs))
    return -(-reach // PERIOD) * PERIOD


def _block(layer: str) -> int:
    return int(layer.removeprefix("block")[0])


def _inside(maps: tf.Tensor, area: tf.Tensor) -> tf.Tensor:
    return maps[area[0] : area[2], area[1] : area[3]]


def _program(function: Callable, *signature) -> Callable:
    """Compiled once for pictures of all sizes."""
    return tf.function(function, input_signature=signature, autograph=False)
