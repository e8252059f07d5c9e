"""Upscales a picture: cuts it into tiles (their size: tiles.py), runs the network on each, puts the results together.

Command line, validation, evaluation and grids all go through this object, so that scores describe what users get.
A picture is uint8 or uint16: grey (H, W), grey with alpha (H, W, 2), RGB (H, W, 3) or RGB with alpha (H, W, 4). What
comes out is of the same kind.
"""

import copy
import functools
import hashlib
import math
from collections.abc import Callable, Iterator

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.images import resize
from pyimagesearch.inference import tiles
from pyimagesearch.inference.precision import for_inference
from pyimagesearch.inference.receptive_field import receptive_field
from pyimagesearch.inference.samples import check_samples, count_colours, fill_hidden_colours
from pyimagesearch.inference.scales import Shrinker, check_scale
from pyimagesearch.models import loading

BICUBIC = "bicubic"
BICUBIC_SCALE = 4
CONTEXT = 24  # LR pixels around a tile that the network sees too, at least: one more than `light` looks around
LEAST = 16  # networks see at least so many pixels a side; smaller pictures are mirrored out to it
BAND = 1 << 18  # LR pixels that bicubic makes larger at once
CUBIC = 3  # LR pixels around a pixel that bicubic sees, and one more
OUT_OF_MEMORY = (tf.errors.ResourceExhaustedError, MemoryError)
Area = tuple[int, int, int, int]  # top, left, bottom, right, in LR pixels
OnTile = Callable[[int], object]  # called after each tile with the number of its LR pixels


class Upscaler:
    """Upscales a picture of any size from 1x1, with or without alpha, to one of (scale*H, scale*W)."""

    def __init__(self, model: keras.Model, scale: int, *, multiple: int = 1, tile: int | None = None):
        """multiple: sides of what the network sees are mirrored out to one of it. A device that compiles a program
        for each shape, such as a TPU, then compiles few; the last rows and columns come out a little different.
        tile: LR pixels a side that are upscaled at once (default: chosen by `tiles`)."""
        self.scale = scale
        if tile:
            self.tile = tile
        self._field = receptive_field(model, scale)
        self.period = self._field.period
        self._multiple = math.lcm(multiple, self.period)
        self.context = self._context(0)
        self.model = model
        self._shrinker: Shrinker | None = None
        self._scales = {scale: self}  # of the same network
        self.programs: dict[tuple[np.dtype, int], Callable] = {}  # compiled, by type and channels of the samples

    def at_scale(self, scale: int) -> "Upscaler":
        """The upscaler of the same network whose results are `scale` times as large as LR: 1 to the network's own.

        It follows changes of the network's weights. Raises InputError for any other scale.
        """
        check_scale(scale, max(self._scales))
        if scale not in self._scales:
            smaller = copy.copy(self)
            smaller.scale = scale
            smaller._shrinker = Shrinker(max(self._scales), scale)
            smaller.context = self._context(smaller._shrinker.reach)
            smaller.programs = {}
            self._scales[scale] = smaller
        return self._scales[scale]

    def _context(self, reach: int) -> int:
        """LR pixels around a tile that the network sees too, where `reach` more decide a pixel of the result."""
        return _rounded_up(max(CONTEXT, self._field.pixels + reach), self.period)

    def __call__(self, lr: np.ndarray, on_tile: OnTile = lambda _: None) -> np.ndarray:
        """The picture `lr`, larger; `on_tile` is called after each tile. Out of memory, the tile is halved, also for
        the rest of the picture."""
        check_samples(lr)
        samples = fill_hidden_colours(lr if lr.ndim == 3 else lr[:, :, None])
        height, width, channels = samples.shape
        sr = np.empty((height * self.scale, width * self.scale, channels), lr.dtype)
        self._fill(samples, sr, (0, 0, height, width), on_tile)
        return sr if lr.ndim == 3 else sr[:, :, 0]

    @functools.cached_property
    def tile(self) -> int:
        """LR pixels a side that are upscaled at once; may be set."""
        return tiles.default(self._bytes_per_pixel, self.context)

    def fit_tile(self, reserved: int = 0) -> None:
        """Choose the tile for the memory that is free beside `reserved` bytes."""
        self.tile = tiles.for_free_memory(self._bytes_per_pixel, self.context, reserved)

    def identity(self) -> str:
        """The SHA-256 of the network's weights as they are now and of its precision, in hexadecimal digits."""
        digest = hashlib.sha256(self.model.name.encode())
        digest.update(" ".join(layer.compute_dtype for layer in self.model.layers).encode())
        for weight in self.model.get_weights():
            digest.update(f"{weight.shape}".encode() + weight.tobytes())
        return digest.hexdigest()

    def seen_pixels(self, height: int, width: int, tile: int | None = None) -> int:
        """How many LR pixels the network sees for a picture of this size, in tiles of this side (default: its own).

        That decides how long it takes: with the context around tiles, and with what small or narrow pictures lack, it
        is up to 16 times as many pixels as the picture has.
        """
        tile = tile or self.tile
        whole = max(height, width) <= tile
        return math.prod(self._seen_side(side, side if whole else tile) for side in (height, width))

    def _seen_side(self, side: int, tile: int) -> int:
        """The pixels of all tiles along a side of a picture."""
        step = max(1, tile // self.period) * self.period
        ends = ((start, min(start + step, side)) for start in range(0, side, step))
        seen = [min(side, end + self.context) - max(0, start - self.context) for start, end in ends]
        return sum(pixels + self._missing(pixels) for pixels in seen)

    @functools.cached_property
    def _bytes_per_pixel(self) -> float:
        return tiles.bytes_per_pixel(self.model)

    def _fill(self, lr: np.ndarray, sr: np.ndarray, area: Area, on_tile: OnTile) -> None:
        """Upscale one area of the picture, in parts where it is larger than a tile."""
        top, left, bottom, right = area
        if max(bottom - top, right - left) > self.tile:
            for tile in _cut(area, max(1, self.tile // self.period) * self.period):
                self._fill(lr, sr, tile, on_tile)
            return
        try:
            self.fill_tile(lr, sr, area)
        except OUT_OF_MEMORY:
            largest = max(bottom - top, right - left)
            if largest <= tiles.LEAST_TILE:
                raise
            self.tile = max(tiles.LEAST_TILE, largest // 2)
            self._fill(lr, sr, area, on_tile)
            return
        on_tile((bottom - top) * (right - left))

    def fill_area(self, lr: np.ndarray, sr: np.ndarray, area: Area) -> None:
        """fill_tile, in parts where the area is larger than a tile or where memory runs out."""
        self._fill(lr, sr, area, lambda _: None)

    def fill_tile(self, lr: np.ndarray, sr: np.ndarray, area: Area) -> None:
        """Upscale `area` of lr (H, W, C), with its context, into its place in sr (scale*H, scale*W, C)."""
        s = self.scale
        top, left, bottom, right = area
        y, x = max(0, top - self.context), max(0, left - self.context)
        seen = lr[y : bottom + self.context, x : right + self.context]
        inner = (slice((top - y) * s, (bottom - y) * s), slice((left - x) * s, (right - x) * s))
        place = sr[top * s : bottom * s, left * s : right * s]
        colours = count_colours(lr)
        place[:, :, :colours] = self._network(seen[:, :, :colours])[inner]
        if colours < lr.shape[2]:
            place[:, :, colours:] = resize.upscale_bicubic(seen[:, :, colours:], s)[inner]

    def _network(self, seen: np.ndarray) -> np.ndarray:
        """What the network makes of grey or RGB samples (H, W, 1 or 3), as samples of the same kind."""
        padding = [(0, self._missing(side)) for side in seen.shape[:2]] + [(0, 0)]
        return self.forward(np.pad(seen, padding, mode="symmetric")[None]).numpy()[0]

    def forward(self, seen: np.ndarray) -> tf.Tensor:
        """(1, H, W, 1 or 3) to (1, scale*H, scale*W, the same); one program for pictures of every size."""
        kind = (seen.dtype, seen.shape[3])
        if kind not in self.programs:
            signature = [tf.TensorSpec([1, None, None, kind[1]], kind[0])]
            self.programs[kind] = tf.function(self._upscaled, autograph=False).get_concrete_function(*signature)
        return self.programs[kind](tf.constant(seen))

    def _upscaled(self, seen: tf.Tensor) -> tf.Tensor:
        """Rounding and clipping belong to the program, which has all cores for them."""
        unit = seen.dtype.max / 255  # networks take and give [0, 255]
        rgb = tf.cast(seen, tf.float32) / unit
        grey = seen.shape[3] == 1
        out = self.model(tf.repeat(rgb, 3, axis=3) if grey else rgb, training=False)
        out = tf.clip_by_value(out, 0.0, 255.0)
        out = tf.reduce_mean(out, axis=3, keepdims=True) if grey else out
        if self._shrinker:
            out = tf.clip_by_value(self._shrinker(out), 0.0, 255.0)
        return tf.cast(tf.round(out * unit), seen.dtype)

    def _missing(self, side: int) -> int:
        """How many pixels a side lacks of what the network is to see."""
        return _rounded_up(max(LEAST, side), self._multiple) - side


def _rounded_up(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


def _cut(area: Area, tile: int) -> Iterator[Area]:
    top, left, bottom, right = area
    for y in range(top, bottom, tile):
        for x in range(left, right, tile):
            yield y, x, min(y + tile, bottom), min(x + tile, right)


class BicubicUpscaler:
    """The baseline, called as Upscaler is."""

    def __init__(self, scale: int):
        self.scale = scale

    def at_scale(self, scale: int) -> "BicubicUpscaler":
        """As that of Upscaler."""
        check_scale(scale, self.scale)
        return BicubicUpscaler(scale)

    def identity(self) -> str:
        """What tells it from other models."""
        return BICUBIC

    def seen_pixels(self, height: int, width: int, _tile: int | None = None) -> int:
        """As that of Upscaler: no more than the picture has."""
        return height * width

    def __call__(self, lr: np.ndarray, on_tile: OnTile = lambda _: None) -> np.ndarray:
        """The picture `lr`, larger, in bands of whole rows: its float32 copies are many times as large as itself."""
        check_samples(lr)
        samples, s = fill_hidden_colours(lr if lr.ndim == 3 else lr[:, :, None]), self.scale
        height, width = lr.shape[:2]
        sr = np.empty((height * s, width * s, samples.shape[2]), lr.dtype)
        rows = max(1, BAND // width)
        for top in range(0, height, rows):
            y, bottom = max(0, top - CUBIC), min(height, top + rows)
            band = resize.upscale_bicubic(samples[y : bottom + CUBIC], s)
            sr[top * s : bottom * s] = band[(top - y) * s : (bottom - y) * s]
            on_tile((bottom - top) * width)
        return sr if lr.ndim == 3 else sr[:, :, 0]


AnyUpscaler = Upscaler | BicubicUpscaler


def load_upscaler(name: str, precision: str = "auto") -> AnyUpscaler:
    """The upscaler of a model.

    Args:
        name: "light", "light-gan", "photo" or "photo-gan", which come with the package; "bicubic", the baseline (x4);
            or the local or gs:// path of a .keras file, such as outputs/models/generator.keras, which training writes.
        precision: "float32"; "bfloat16" for the inner convolutions, which on photographs differs by at most 2 of 255;
            or "auto", bfloat16 on a CPU that is fast at it.

    Returns:
        A callable for pictures of any size: uint8 or uint16 arrays of shape (H, W) grey, (H, W, 2) grey with alpha,
        (H, W, 3) RGB or (H, W, 4) RGB with alpha become arrays of the same dtype and channels with `scale` times the
        height and width. `scale` is its attribute. It raises InputError for any other array.

    Raises:
        InputError: no such model, not a generator, or a file that is damaged.

    Example:
        upscaler = load_upscaler("light")
        sr = upscaler(lr)  # (30, 40, 3) uint8 to (120, 160, 3) uint8
    """
    if name == BICUBIC:
        return BicubicUpscaler(BICUBIC_SCALE)
    model = loading.load_generator(name, for_inference(precision))
    return Upscaler(model, loading.generator_scale(model))
