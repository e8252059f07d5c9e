"""Shards to batches of aligned, augmented crops, in the order that order.py gives them."""

import os

import numpy as np
import tensorflow as tf

from pyimagesearch.config import check_crop
from pyimagesearch.config_groups import AUGMENTATIONS
from pyimagesearch.data.dataset.manifest import Manifest, check_usable, read_manifest
from pyimagesearch.data.dataset.records import parse_block, read_block
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.data.input.crops import cut_crops
from pyimagesearch.data.input.degradation_presets import DegradationPreset, get_degradations
from pyimagesearch.data.input.degradations import degrade
from pyimagesearch.data.input.order import Order, Window
from pyimagesearch.errors import InputError
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.system import parallel
from pyimagesearch.system.gcs import on_bucket

BUCKET_READS = 16  # blocks that are asked for at once: a bucket is slow to answer, and fast then


def open_records(
    folder: str | os.PathLike[str],
    *,
    crop: int | None = None,
    batch: int = 16,
    seed: int = 42,
    augment: str = "dihedral",
    degradations: str = "",
) -> tf.data.Dataset:
    """Batches of training crops from a folder that `write_records` wrote, without end.

    folder: local or gs://.
    crop: side of the HR crops in pixels, a multiple of the records' scale from 16 on that every record holds
        (default: the crop that they were written for).
    batch: crops in a batch.
    seed: the same seed gives the same batches in the same order on every machine.
    augment: "dihedral", any of the square's 8 flips and turns, or "flip", left-right alone.
    degradations: "mild" or "full": LR is made of each HR crop as a damaged photograph would be; "" takes the records'.
        OpenCV then works with one thread in this process, since tf.data already uses all cores.

    Returns a tf.data.Dataset of (lr, hr): uint8 RGB from 0 to 255, lr (batch, crop/scale, crop/scale, 3) and
    hr (batch, crop, crop, 3). Each record gives one random crop an epoch; LR and HR crops show the same area.
    Raises InputError for an argument that is wrong and for a folder that is missing, unfinished or damaged.

    Example:
        for lr, hr in open_records("tfrecord", batch=16).take(100):
            model.train_on_batch(lr, hr)
    """
    folder = os.fspath(folder)
    manifest = read_manifest(folder)
    crop = manifest.crop if crop is None else crop
    check_crop(crop, manifest.scale)
    check_usable(folder, manifest, scale=manifest.scale, crop=crop)
    if batch < 1:
        raise InputError(f"`batch` must be at least 1, received {batch}")
    if seed < 0:
        raise InputError(f"`seed` must be at least 0, received {seed}")
    if augment not in AUGMENTATIONS:
        raise InputError(f"`augment` must be one of {', '.join(AUGMENTATIONS)}, received {augment}")
    return training_batches(
        folder, manifest, crop=crop, batch=batch, seed=seed, augment=augment, degradations=degradations
    )


def training_batches(
    folder: str,
    manifest: Manifest,
    *,
    crop: int,
    batch: int,
    seed: int,
    augment: str = "dihedral",
    degradations: str = "",
    start_step: int = 0,
    hosts: int = 1,
    host: int = 0,
    part: int | None = None,
    cache: RamCache | None = None,
) -> tf.data.Dataset:
    """Batches of (lr, hr), uint8, from step `start_step` on, without end.

    `batch` is the global batch: batch n holds the samples n * batch to (n + 1) * batch - 1. Host `host` of `hosts`,
    which divide it, decodes those whose number leaves the remainder `host`, in batches of `part` (its replicas' batch;
    by default all that it has of a batch): lr (part, crop/scale, crop/scale, 3), hr (part, crop, crop, 3). With `cache`
    no file is read. With `degradations` lr is made of hr, by draws that belong to the sample's number.
    """
    if batch % hosts:
        raise ValueError(f"{hosts} hosts do not divide a batch of {batch}")
    order, start = Order(folder, manifest, crop=crop, seed=seed), start_step * batch
    windows = tf.data.Dataset.range(order.first_window(start), tf.int64.max)
    size = part or batch // hosts

    def mine(window: Window) -> tf.Tensor:
        return (window.numbers >= start) & (window.numbers % hosts == host)

    if cache is None:
        reader = _BlockReader(folder, manifest, order, crop, augment)
        # Each element is all crops of a window, mixed up only now that they are small; the next window is being read.
        mixed = windows.flat_map(lambda index: reader.read(order.window(index), mine)).prefetch(1)
        dataset = mixed.map(_sort, num_parallel_calls=1).rebatch(size, drop_remainder=True)
    else:
        samples = windows.flat_map(lambda index: cache.samples(order.window(index), mine)).batch(
            size, drop_remainder=True
        )
        dataset = samples.map(
            lambda records, draws: cache.crops(records, draws, crop=crop, augment=augment),
            num_parallel_calls=parallel.cores(),
        )
    if degradations:
        dataset = _degraded(dataset, get_degradations(degradations), manifest.scale, seed, start + host, hosts)
    # Every batch is full: a static shape compiles once, and epochs have no ragged end because samples go on.
    dataset = dataset.map(lambda lr, hr: _shaped(lr, hr, size, crop, manifest.scale)).prefetch(2)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)


class _BlockReader:
    """Windows out of shards."""

    def __init__(self, folder: str, manifest: Manifest, order: Order, crop: int, augment: str):
        self._manifest, self._order, self._crop, self._augment = manifest, order, crop, augment
        remote = on_bucket(folder)
        # A bucket is asked for a block in one request; a local file needs no buffer: records are larger than any.
        self._buffer = _largest_block(manifest) if remote else 0
        self._parallel = BUCKET_READS if remote else parallel.cores() + 1

    def read(self, window: Window, mine) -> tf.data.Dataset:
        """One element: the numbers (n,) of the window's samples that are `mine`, and their lr and hr crops."""
        wanted = mine(window)
        starts = window.ends - tf.gather(self._order.sizes, window.blocks)
        counts = tf.concat([[0], tf.cumsum(tf.cast(wanted, tf.int32))], axis=0)
        needed = tf.where(tf.gather(counts, window.ends) > tf.gather(counts, starts))[:, 0]

        def block(position: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            block, inside = window.blocks[position], slice(starts[position], window.ends[position])
            count = window.ends[position] - starts[position]
            path, offset = self._order.paths[block], self._order.offsets[block]
            records, keep = read_block(path, offset, count, self._buffer), wanted[inside]
            records, numbers, draws = tf.cond(
                tf.reduce_all(keep),
                lambda: (records, window.numbers[inside], window.draws[inside]),
                lambda: tuple(
                    tf.boolean_mask(values, keep) for values in (records, window.numbers[inside], window.draws[inside])
                ),
            )
            return (numbers, *self._crops(records, draws))

        blocks = tf.data.Dataset.from_tensor_slices(needed)
        return blocks.map(block, num_parallel_calls=self._parallel).rebatch(self._order.window_samples)

    def _crops(self, records: tf.Tensor, draws: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        scale = self._manifest.scale
        shapes, lr, hr = parse_block(records, scale, self._manifest.compression, self._crop // scale)
        starts = tf.range(tf.shape(lr)[0]) * tf.shape(lr)[1]
        flat = tf.reshape(lr, [-1, 3]), tf.reshape(hr, [-1, 3])
        return cut_crops(*flat, starts, shapes, draws, crop=self._crop, scale=scale, augment=self._augment)


def _degraded(
    dataset: tf.data.Dataset, preset: DegradationPreset, scale: int, seed: int, first: int, step: int
) -> tf.data.Dataset:
    """The batches with damaged LR. Their samples have the numbers first, first + step, first + 2 * step and so on."""

    def of_batch(index: np.ndarray, hr: np.ndarray) -> np.ndarray:
        numbers = first + (int(index) * len(hr) + np.arange(len(hr))) * step
        return np.stack([
            degrade(picture, scale, preset, np.random.default_rng([seed, int(number)]))
            for picture, number in zip(hr, numbers, strict=True)
        ])  # fmt: skip

    load_opencv().setNumThreads(1)  # tf.data works on as many batches at once as there are cores
    return dataset.enumerate().map(
        lambda index, batch: (tf.numpy_function(of_batch, [index, batch[1]], tf.uint8), batch[1]),
        num_parallel_calls=parallel.cores(),
    )


def _largest_block(manifest: Manifest) -> int:
    """Bytes of the largest block of the training shards."""
    ends = [(shard, [*shard.blocks[1:], shard.bytes]) for shard in manifest.of_split("train")]
    return max(end - start for shard, block_ends in ends for start, end in zip(shard.blocks, block_ends, strict=True))


def _sort(numbers: tf.Tensor, lr: tf.Tensor, hr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    order = tf.argsort(numbers)
    return tf.gather(lr, order), tf.gather(hr, order)


def _shaped(lr: tf.Tensor, hr: tf.Tensor, batch: int, crop: int, scale: int) -> tuple[tf.Tensor, tf.Tensor]:
    lr = tf.ensure_shape(lr, [batch, crop // scale, crop // scale, 3])
    return lr, tf.ensure_shape(hr, [batch, crop, crop, 3])
