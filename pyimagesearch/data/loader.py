"""Shards to batches of aligned, augmented crops, in an order that is a function of the seed alone.

Sample i of a run is record i mod N of epoch i div N. An epoch's order follows from (seed, epoch), a sample's crop and
flip from (seed, i), so that batch n is the same on any machine, at any parallelism, and after a start in the middle.
"""

import tensorflow as tf

from pyimagesearch.data.records import Manifest, parse
from pyimagesearch.files import join

WINDOW = 1024  # records that are shuffled together: at 196 kB a tile, 0.2 GB


def training_batches(
    folder: str,
    manifest: Manifest,
    *,
    crop: int,
    batch: int,
    seed: int,
    start_step: int = 0,
    hosts: int = 1,
    host: int = 0,
    part: int | None = None,
) -> tf.data.Dataset:
    """Batches of (lr, hr), uint8, from step `start_step` on, without end.

    `batch` is the global batch. Host `host` of `hosts` decodes its rows of it, in batches of `part` (its replicas'
    batch; by default all its rows): lr (part, crop/scale, crop/scale, 3), hr (part, crop, crop, 3).
    """
    rows = batch // hosts
    records = _stream(folder, manifest, seed, start_step * batch)
    if hosts > 1:
        # Only this host's rows are decoded; the others are read and dropped.
        records = records.filter(lambda index, _: index % batch // rows == host)
    scale = manifest.scale

    def sample(index: tf.Tensor, record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        _, lr, hr = parse(record, scale)
        return augment(*random_crop(lr, hr, crop, scale, [seed, index]), [seed, index])

    dataset = records.map(sample, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    # Every batch is full: a static shape compiles once, and epochs have no ragged end because samples go on.
    dataset = dataset.batch(part or rows, drop_remainder=True).prefetch(tf.data.AUTOTUNE)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return dataset.with_options(options)


def _stream(folder: str, manifest: Manifest, seed: int, start: int) -> tf.data.Dataset:
    """(number, serialized record) of the samples from number `start` on."""
    count = manifest.records("train")
    paths = tf.constant([join(folder, shard.path) for shard in manifest.of_split("train")])
    first_epoch, skipped = divmod(start, count)

    def epoch(number: tf.Tensor) -> tf.data.Dataset:
        # Shards are shuffled before they are read, records after: a window then mixes pictures of several shards.
        order = tf.random.experimental.stateless_shuffle(paths, seed=[seed, number])
        files = tf.data.Dataset.from_tensor_slices(order)
        records = files.interleave(tf.data.TFRecordDataset, cycle_length=8, block_length=4)
        # Not Dataset.shuffle, whose order also depends on TensorFlow's global seed.
        records = records.batch(WINDOW).map(
            lambda window: tf.random.experimental.stateless_shuffle(window, [seed, number])
        )
        records = records.unbatch()
        # Records that came before the start are read but not decoded.
        return records.skip(tf.where(number == first_epoch, tf.constant(skipped, tf.int64), 0))

    epochs = tf.data.Dataset.range(first_epoch, tf.int64.max)
    return epochs.flat_map(epoch).enumerate(start=start)


def random_crop(lr: tf.Tensor, hr: tf.Tensor, crop: int, scale: int, seed: list) -> tuple[tf.Tensor, tf.Tensor]:
    """The same random area of both: lr (crop/scale, crop/scale, 3), hr (crop, crop, 3)."""
    size = crop // scale
    room = tf.shape(lr)[:2] - size + 1
    # Floats of [0, 1) make a draw per side that depends on the seed alone.
    offset = tf.cast(tf.random.stateless_uniform([2], seed) * tf.cast(room, tf.float32), tf.int32)
    offset = tf.minimum(offset, room - 1)
    lr = tf.slice(lr, [offset[0], offset[1], 0], [size, size, 3])
    hr = tf.slice(hr, [offset[0] * scale, offset[1] * scale, 0], [crop, crop, 3])
    return lr, hr


def augment(lr: tf.Tensor, hr: tf.Tensor, seed: list) -> tuple[tf.Tensor, tf.Tensor]:
    """One of the eight flips and quarter turns, the same for both square pictures."""
    choice = tf.random.stateless_uniform([], [seed[0], -1 - seed[1]], 0, 8, tf.int32)
    # Every symmetry of the square is a transposition or none, then a flip or none along each side. Dynamic axes and
    # strides instead of tf.cond keep this cheap enough to run for every crop.
    first_axis, step_y, step_x = choice % 2, 1 - 2 * (choice // 2 % 2), 1 - 2 * (choice // 4)

    def turn(picture: tf.Tensor) -> tf.Tensor:
        turned = tf.transpose(picture, [first_axis, 1 - first_axis, 2])[::step_y, ::step_x]
        return tf.ensure_shape(turned, picture.shape)

    return turn(lr), turn(hr)
