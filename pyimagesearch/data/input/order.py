"""The order of the samples: a function of the seed, whatever the machine, the start and the number of hosts.

Sample i of a run belongs to epoch i div N and is one of the N records, each once an epoch. An epoch is the blocks of
all shards in random order, cut into windows; within a window any record may get any of the window's numbers, but for
one rule: numbers with the same remainder by STREAMS go to neighbouring records, and so do those with the same remainder
by its divisors. A host that needs every second, fourth or sixteenth sample reads blocks of its own.
"""

import math
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from pyimagesearch.data.dataset.manifest import Manifest
from pyimagesearch.system.files import join

STREAMS = 16  # hosts that divide this read only their part; others read what they drop
# Remainders by 16 so ordered that those equal by 8, by 4 and by 2 are neighbours: their bits, read backwards.
STREAM_PLACE = [int(f"{stream:04b}"[::-1], 2) for stream in range(STREAMS)]
WINDOW_BYTES = 64_000_000  # of crops that are shuffled together: 2,048 of 96 x 96


@dataclass(frozen=True)
class Window:
    """Blocks to read together, and what becomes of their records."""

    blocks: tf.Tensor  # (b,) int32: which blocks
    ends: tf.Tensor  # (b,) int64: records in the window up to the end of each block
    numbers: tf.Tensor  # (n,) int64: the sample that each record is, in the order of the blocks
    draws: tf.Tensor  # (n, 3) float32 in [0, 1): random numbers that belong to each sample


class Order:
    """Blocks of the training shards and the windows that they come in."""

    def __init__(self, folder: str, manifest: Manifest, *, crop: int, seed: int):
        shards = manifest.of_split("train")
        self.paths = tf.constant([join(folder, shard.path) for shard in shards for _ in shard.blocks])
        self.offsets = tf.constant([offset for shard in shards for offset in shard.blocks], tf.int64)
        sizes = [
            min(manifest.block, shard.records - first)
            for shard in shards
            for first in range(0, shard.records, manifest.block)
        ]
        self.sizes = tf.constant(sizes, tf.int64)
        self.samples = sum(sizes)  # in an epoch
        crop_bytes = 3 * crop**2 * (1 + 1 / manifest.scale**2)
        per_window = max(1, int(WINDOW_BYTES / (crop_bytes * manifest.block)))
        self._windows = math.ceil(len(sizes) / per_window)  # in an epoch
        self.window_samples = manifest.block * math.ceil(len(sizes) / self._windows)  # at most
        self._seed = seed

    def first_window(self, start: int) -> int:
        """The window that sample `start` is in."""
        epoch, position = divmod(start, self.samples)
        ends = np.cumsum(tf.gather(self.sizes, self._shuffled(epoch)).numpy())
        borders = [0, *(ends[self._border(index + 1) - 1] for index in range(self._windows))]
        return epoch * self._windows + int(np.searchsorted(borders, position, side="right")) - 1

    def window(self, index: tf.Tensor) -> Window:
        """Window `index` of the run, counted over all epochs."""
        epoch, index_in_epoch = index // self._windows, index % self._windows
        blocks = self._shuffled(epoch)
        first, last = self._border(index_in_epoch), self._border(index_in_epoch + 1)
        before = epoch * self.samples + tf.reduce_sum(tf.gather(self.sizes, blocks[:first]))
        blocks = blocks[first:last]
        ends = tf.cumsum(tf.gather(self.sizes, blocks))
        positions = tf.random.experimental.stateless_shuffle(tf.range(ends[-1]), [self._seed, index])
        numbers = before + positions
        by_stream = tf.argsort(tf.gather(STREAM_PLACE, numbers % STREAMS), stable=True)
        draws = tf.random.stateless_uniform([tf.size(positions), 3], [self._seed, -2 * index - 2])
        return Window(blocks, ends, tf.gather(numbers, by_stream), tf.gather(tf.gather(draws, positions), by_stream))

    def _shuffled(self, epoch) -> tf.Tensor:
        """All blocks in the order of an epoch."""
        return tf.random.experimental.stateless_shuffle(tf.range(len(self.sizes)), [self._seed, -2 * epoch - 1])

    def _border(self, index):
        """Blocks before window `index` of an epoch: windows of an epoch have the same number of blocks, or one less."""
        return index * len(self.sizes) // self._windows
