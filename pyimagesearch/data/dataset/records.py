"""A record: an LR/HR pair of uint8 RGB, its pixels raw or as PNG, in a tf.train.Example."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from PIL import Image

from pyimagesearch.data.dataset.manifest import Manifest, repair_hint
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.system.files import join

BLOCK = 32  # records that are read in one go: 6 MB of tiles for crops of 96, a disk's or a bucket's full speed
BLOCK_BYTES = 6_400_000  # of larger tiles fewer: a window has to mix as many blocks of them
READ_BYTES = 8_000_000  # of a shard that is read from its beginning to its end: few requests to a bucket
FRAMING = 16  # bytes that a TFRecord file adds to each record: length, its CRC, and the data's CRC
# Declared once, for writer and parser. lr and hr: pixels row by row, or a PNG; shape: height and width of lr.
FEATURES = {
    "name": tf.io.FixedLenFeature([], tf.string),
    "shape": tf.io.FixedLenFeature([2], tf.int64),
    "lr": tf.io.FixedLenFeature([], tf.string),
    "hr": tf.io.FixedLenFeature([], tf.string),
}


def serialize(name: str, lr: np.ndarray, hr: np.ndarray, compression: str = "none") -> bytes:
    """One record of lr (h, w, 3) and hr (scale*h, scale*w, 3), both uint8."""
    encode = _png if compression == "png" else _raw
    example = tf.train.Example()
    feature = example.features.feature  # filled in place: built from parts, every tile would be copied four times
    feature["name"].bytes_list.value.append(name.encode(errors="surrogateescape"))
    feature["shape"].int64_list.value.extend(lr.shape[:2])
    feature["lr"].bytes_list.value.append(encode(lr))
    feature["hr"].bytes_list.value.append(encode(hr))
    # Else the order of the features would differ between processes.
    return example.SerializeToString(deterministic=True)


def _raw(picture: np.ndarray) -> bytes:
    return np.ascontiguousarray(picture).tobytes()  # tobytes alone goes through a view value by value


def _png(picture: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def parse(record: tf.Tensor, scale: int, compression: str = "none") -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """name (), lr (h, w, 3) uint8 and hr (scale*h, scale*w, 3) uint8 of a serialized record."""
    example = tf.io.parse_single_example(record, FEATURES)
    height, width = tf.unstack(example["shape"])

    def pixels(data: tf.Tensor, factor: int) -> tf.Tensor:
        raw = tf.io.decode_png(data, 3) if compression == "png" else tf.io.decode_raw(data, tf.uint8)
        return tf.reshape(raw, [height * factor, width * factor, 3])

    return example["name"], pixels(example["lr"], 1), pixels(example["hr"], scale)


def parse_block(
    records: tf.Tensor, scale: int, compression: str, least: int = 1
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """shape (n, 2) int32 of the LR sides, and the pixels of both, of n serialized records.

    lr (n, p, 3) and hr (n, p * scale**2, 3), uint8: pixels in rows, the records with fewer than p filled up with zeros.
    Raises InvalidArgumentError where a record's shape is not that of its pixels, or a side of lr below `least`.
    """
    examples = tf.io.parse_example(records, FEATURES)
    honest = _shape_is_true(examples, scale, compression) & tf.reduce_all(examples["shape"] >= least, axis=1)
    tf.debugging.Assert(tf.reduce_all(honest), ["a record's shape is not that of its pixels"])
    shape = tf.cast(examples["shape"], tf.int32)
    most = tf.reduce_max(tf.reduce_prod(shape, axis=1))

    def pixels(data: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        if compression == "png":
            raw = tf.map_fn(lambda one: _decode_padded(one, count), data, fn_output_signature=tf.uint8)
        else:
            raw = tf.io.decode_raw(data, tf.uint8, fixed_length=count * 3)
        return tf.reshape(raw, [tf.shape(records)[0], count, 3])

    return shape, pixels(examples["lr"], most), pixels(examples["hr"], most * scale**2)


def _shape_is_true(examples: dict[str, tf.Tensor], scale: int, compression: str) -> tf.Tensor:
    """Whether the shapes of parsed records (n,) are those of their pixels, by what is cheap to ask: bool (n,)."""
    shape = examples["shape"]
    true = tf.reduce_all((shape > 0) & (shape < 2**15), axis=1)  # no overflow below
    for name, factor in (("lr", 1), ("hr", scale)):
        if compression == "png":  # width and height are in its header, big-endian
            header = tf.io.decode_raw(tf.strings.substr(examples[name], 16, 8), tf.int32, little_endian=False)
            expected = tf.cast(shape[:, ::-1] * factor, tf.int32)
            true &= tf.reduce_all(header == expected, axis=1)
        else:
            pixels = tf.reduce_prod(shape, axis=1) * factor**2
            true &= tf.cast(tf.strings.length(examples[name]), tf.int64) == 3 * pixels
    return true


def _decode_padded(png: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    pixels = tf.reshape(tf.io.decode_png(png, 3), [-1, 3])
    return tf.pad(pixels, [[0, count - tf.shape(pixels)[0]], [0, 0]])


def read_block(path: tf.Tensor, offset: tf.Tensor, count: tf.Tensor, buffer: int) -> tf.Tensor:
    """`count` serialized records (count,) of the shard `path` from byte `offset` on."""
    # The public TFRecordDataset cannot begin inside a file; the operation below it can.
    variant = tf.raw_ops.TFRecordDatasetV2(
        filenames=[path], compression_type="", buffer_size=buffer, byte_offsets=[offset], metadata=""
    )
    records = tf.data.experimental.from_variant(variant, tf.TensorSpec([], tf.string))
    return records.take(count).batch(count).get_single_element()


def read_pictures(folder: str, manifest: Manifest, count: int | None = None) -> Iterator[Pair]:
    """The first `count` whole pictures of the test split."""
    paths = [join(folder, shard.path) for shard in manifest.of_split("test")]
    dataset = tf.data.TFRecordDataset(paths, buffer_size=READ_BYTES).take(-1 if count is None else count)
    try:
        for record in dataset:
            name, lr, hr = parse(record, manifest.scale, manifest.compression)
            yield Pair(name.numpy().decode(errors="surrogateescape"), lr.numpy(), hr.numpy())
    except (tf.errors.DataLossError, tf.errors.InvalidArgumentError):
        raise InputError(corrupt_message(folder, paths, manifest)) from None


@dataclass(frozen=True)
class Scan:
    """What reading a shard from its beginning finds."""

    offsets: list[int]  # of every good record
    lr_pixels: int
    problem: str | None  # what is wrong with the first bad record


def scan(path: str, scale: int, compression: str) -> Scan:
    """Read every record of a shard and check its checksums and shape, up to the first bad one."""
    offsets: list[int] = []
    position = lr_pixels = 0

    def facts(record: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        examples = tf.io.parse_example(record[None], FEATURES)
        return tf.strings.length(record), examples["shape"][0], _shape_is_true(examples, scale, compression)[0]

    records = tf.data.TFRecordDataset(path, buffer_size=READ_BYTES).map(facts)
    try:
        for length, (height, width), true in records.as_numpy_iterator():
            if not true:
                problem = f"record {len(offsets)} at byte {position}: its shape is not that of its pixels"
                return Scan(offsets, lr_pixels, problem)
            offsets.append(position)
            position += int(length) + FRAMING
            lr_pixels += int(height * width)
    except tf.errors.DataLossError:
        problem = f"record {len(offsets)} at byte {position} is corrupt: its checksum does not hold"
        return Scan(offsets, lr_pixels, problem)
    except tf.errors.InvalidArgumentError:
        return Scan(offsets, lr_pixels, f"record {len(offsets)} at byte {position} is none of this program")
    return Scan(offsets, lr_pixels, None)


def corrupt_message(folder: str, paths: Sequence[str], manifest: Manifest) -> str:
    """Says which of `paths` holds the corrupt record that TensorFlow met without naming its file."""
    for path in paths:
        problem = scan(path, manifest.scale, manifest.compression).problem
        if problem:
            return f"{path}: {problem}; {repair_hint(folder)}"
    return misread_message(folder)


def misread_message(folder: str) -> str:
    """Says that a record was corrupt when it was read, although every shard is good when it is read again."""
    return f"{folder}: a shard is not the one that the manifest describes, or the disk misreads; {repair_hint(folder)}"
