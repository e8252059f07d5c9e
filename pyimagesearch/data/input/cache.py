"""The training tiles of a dataset folder, decoded, in memory."""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from pyimagesearch.data.dataset.manifest import Manifest
from pyimagesearch.data.dataset.records import corrupt_message, parse_block, read_block
from pyimagesearch.data.input.crops import cut_crops
from pyimagesearch.data.input.order import Order, Window
from pyimagesearch.errors import InputError
from pyimagesearch.system import console, memory, parallel
from pyimagesearch.system.files import join

SPARE = 1_000_000_000  # bytes that are left to training


class RamCache:
    """Crops out of it cost no reading, parsing or decoding. Raises InputError where the tiles do not fit."""

    def __init__(self, folder: str, manifest: Manifest):
        self._manifest = manifest
        self._order = Order(folder, manifest, crop=manifest.crop, seed=0)
        self._first_records = tf.cumsum(self._order.sizes, exclusive=True)  # of each block
        lr_pixels = sum(shard.lr_pixels for shard in manifest.of_split("train"))
        self._check_fit(3 * lr_pixels * (1 + manifest.scale**2))
        lr, hr = _pixels(lr_pixels), _pixels(lr_pixels * manifest.scale**2)
        try:
            shapes = self._fill(lr, hr)
        except (tf.errors.DataLossError, tf.errors.InvalidArgumentError):
            paths = [join(folder, shard.path) for shard in manifest.of_split("train")]
            raise InputError(corrupt_message(folder, paths, manifest)) from None
        self._shapes = tf.constant(shapes, tf.int64)
        self._starts = tf.cumsum(tf.reduce_prod(self._shapes, axis=1), exclusive=True)
        # Through DLPack the arrays become tensors where they are; any other way copies them.
        self._lr, self._hr = (tf.experimental.dlpack.from_dlpack(pixels.__dlpack__()) for pixels in (lr, hr))

    @staticmethod
    def _check_fit(needed: int) -> None:
        free = memory.available()
        if needed + SPARE > free:
            raise InputError(
                f"`cache` ram: the tiles take {console.size(needed)} and training {console.size(SPARE)} or more, but "
                f"only {console.size(free)} of memory are free; leave `cache` ram out"
            )

    def _fill(self, lr: np.ndarray, hr: np.ndarray) -> np.ndarray:
        """Decode all blocks into lr and hr; gives height and width (records, 2) of every LR side."""
        order, factor = self._order, self._manifest.scale**2
        decoded = tf.data.Dataset.from_tensor_slices((order.paths, order.offsets, order.sizes)).map(
            lambda path, offset, count: parse_block(
                read_block(path, offset, count, 0),
                self._manifest.scale,
                self._manifest.compression,
                self._manifest.crop // self._manifest.scale,
            ),
            num_parallel_calls=parallel.cores(),
        )
        shapes, position = [], 0
        bar = console.progress(
            decoded.prefetch(2).as_numpy_iterator(), total=len(order.sizes), label="caching", unit="block"
        )
        for block_shapes, block_lr, block_hr in bar:
            shapes.append(block_shapes)
            for (height, width), one_lr, one_hr in zip(block_shapes, block_lr, block_hr, strict=True):
                end = position + height * width
                lr[position:end] = one_lr[: height * width]
                hr[position * factor : end * factor] = one_hr[: height * width * factor]
                position = end
        return np.concatenate(shapes)

    def samples(self, window: Window, mine: Callable[[Window], tf.Tensor]) -> tf.data.Dataset:
        """Record and draws of every sample of a window that is `mine`, in the order of their numbers."""
        sizes = tf.gather(self._order.sizes, window.blocks)
        first = tf.gather(self._first_records, window.blocks) - (window.ends - sizes)
        records = tf.repeat(first, sizes) + tf.range(window.ends[-1])
        wanted = mine(window)
        order = tf.argsort(tf.boolean_mask(window.numbers, wanted))
        return tf.data.Dataset.from_tensor_slices(
            tuple(tf.gather(tf.boolean_mask(values, wanted), order) for values in (records, window.draws))
        )

    def crops(self, records: tf.Tensor, draws: tf.Tensor, *, crop: int, augment: str) -> Any:
        """lr and hr crops of the records (n,) by their draws (n, 3)."""
        starts, shapes = tf.gather(self._starts, records), tf.gather(self._shapes, records)
        return cut_crops(
            self._lr, self._hr, starts, shapes, draws, crop=crop, scale=self._manifest.scale, augment=augment
        )


def _pixels(count: int) -> np.ndarray:
    """Room for `count` pixels (count, 3), uint8, aligned as TensorFlow wants it."""
    room = np.empty(count * 3 + 64, np.uint8)
    start = -room.ctypes.data % 64
    return room[start : start + count * 3].reshape(count, 3)
