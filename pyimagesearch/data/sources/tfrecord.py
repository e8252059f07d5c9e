"""TFRecord files of other programs: LR and HR of whole pictures as serialized tensors, as in the 2022 tutorial."""

import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from pyimagesearch.data.dataset.manifest import MANIFEST
from pyimagesearch.data.dataset.records import FRAMING, READ_BYTES, read_block
from pyimagesearch.data.pairs import Pair, least_scored_side, same_area
from pyimagesearch.data.sources.base import GIVEN, Entry, choose_test, rank
from pyimagesearch.errors import InputError
from pyimagesearch.system import console, parallel
from pyimagesearch.system.files import exists, is_folder, join
from pyimagesearch.system.gcs import is_failure

SUFFIXES = (".tfrec", ".tfrecord", ".tfrecords")
TEST_FOLDERS = ("test", "val", "valid", "validation")  # whose records are the test split


@dataclass(frozen=True)
class _Record:
    """A record before it is read again: its file, its first byte there, a hash of it, and the size of its HR side."""

    path: str
    offset: int
    content: str
    height: int
    width: int


class TfrecordSource:
    """Pairs out of the TFRecord files in a local or gs:// folder and the folders inside it.

    Every record has the features `lr` and `hr`: uint8 RGB tensors (h, w, 3) and (scale*h, scale*w, 3), each from
    tf.io.serialize_tensor. Records below a folder of TEST_FOLDERS are the test split; without one, a part is held out.
    """

    name = "tfrecord"
    kernel = GIVEN

    def __init__(
        self, folder: str | os.PathLike[str], *, scale: int, crop: int, validation: float, skip_bad: bool = False
    ):
        self.scale, self.crop = scale, crop
        folder = os.fspath(folder)
        self._records, self.skipped = self._check(folder)
        if self.skipped and not skip_bad:
            more = f" (and {len(self.skipped) - 1} more such records)" if len(self.skipped) > 1 else ""
            raise InputError(f"{self.skipped[0]}{more}; `skip_bad` leaves such records out")
        test = {name for name in self._records if _is_test(name)}
        if len(self._records) < 2 or len(test) == len(self._records):
            raise InputError(
                f"{folder}: holds {len(self._records)} usable record(s), {len(test)} of them in a folder of test "
                "records; at least one for training and one for test are needed"
            )
        sides = {name: min(record.height, record.width) for name, record in self._records.items()}
        test = test or choose_test(folder, sides, validation, scale)
        self.entries: Sequence[Entry] = [
            Entry(name, "test" if name in test else "train", record.height, record.width, record.content)
            for name, record in sorted(self._records.items(), key=lambda item: rank(item[0]))
        ]

    def _check(self, folder: str) -> tuple[dict[str, _Record], list[str]]:
        """Read every record once: the good ones by their names, and what is wrong with the others."""

        def check(read: tuple[str, str, int, bytes]) -> tuple[str, _Record | str]:
            name, path, offset, data = read
            try:
                height, width = _pair(name, data, self.scale).hr.shape[:2]
            except InputError as error:
                return name, str(error)
            scored = least_scored_side(self.scale) if _is_test(name) else 0
            if min(height, width) < self.crop:
                return name, f"{name}: {width}x{height} pixels are fewer than the crop of {self.crop}; lower `crop`"
            if min(height, width) < scored:
                return name, f"{name}: {width}x{height} pixels; a test picture needs {scored} a side"
            return name, _Record(path, offset, hashlib.sha256(data).hexdigest(), height, width)

        found = dict(parallel.ordered(check, _read(folder), weight=lambda read: len(read[3]) // 3))
        return (
            {name: record for name, record in found.items() if isinstance(record, _Record)},
            [f"{folder}: {problem}" for problem in found.values() if isinstance(problem, str)],
        )

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read_unchanged, entry.name) for entry in entries)

    def _read_unchanged(self, name: str) -> Pair:
        record = self._records[name]
        try:
            data = read_block(tf.constant(record.path), tf.constant(record.offset, tf.int64), 1, 0)[0].numpy()
        except (tf.errors.OutOfRangeError, tf.errors.DataLossError, tf.errors.InvalidArgumentError):
            data = b""
        if hashlib.sha256(data).hexdigest() != record.content:
            raise InputError(f"{record.path}: changed after it was checked; leave it alone, and start again")
        return _pair(name, data, self.scale)


def _is_test(name: str) -> bool:
    """Whether a record is below a folder of test records. Its name is its file's path in the folder, and its number."""
    return any(part.lower() in TEST_FOLDERS for part in name.split("/")[:-1])


def _files(folder: str) -> list[str]:
    """The paths of the TFRecord files below a folder, relative to it. Raises InputError where there is none."""
    if not is_folder(folder):
        raise InputError(f"{folder}: no such folder; name a folder of TFRecord files")
    if exists(join(folder, MANIFEST)):
        raise InputError(f"{folder}: holds records of this program already; give it to train as `tfrecords` {folder}")
    found = sorted(
        join(top, name)[len(folder.rstrip("/")) + 1 :]
        for top, _, names in tf.io.gfile.walk(folder)
        for name in names
        if name.endswith(SUFFIXES)
    )
    if not found:
        raise InputError(f"{folder}: holds no TFRecord file ({', '.join(SUFFIXES)})")
    return found


def _read(folder: str) -> Iterator[tuple[str, str, int, bytes]]:
    """The name, file, offset and bytes of every record."""
    files = _files(folder)
    for file in console.progress(files, total=len(files), label="checking", unit="file"):
        path, offset, number = join(folder, file), 0, 0
        try:
            for data in tf.data.TFRecordDataset(path, buffer_size=READ_BYTES).as_numpy_iterator():
                yield f"{file}#{number:05d}", path, offset, data
                offset, number = offset + len(data) + FRAMING, number + 1
        except tf.errors.OpError as error:
            if is_failure(error):
                raise
            raise InputError(
                f"{path}: record {number} at byte {offset} is corrupt, or this is no uncompressed TFRecord file"
            ) from None


def _pair(name: str, data: bytes, scale: int) -> Pair:
    """The pair of a record. Raises InputError where it has another form or another scale."""
    try:
        example = tf.train.Example.FromString(data)
        lr, hr = (_tensor(example, side) for side in ("lr", "hr"))
    except Exception:  # of protobuf, of TensorFlow, or of a feature that is missing
        raise InputError(
            f"{name}: has not the features lr and hr, uint8 tensors (height, width, 3) by tf.io.serialize_tensor"
        ) from None
    if any(abs(small * scale - big) >= scale for small, big in zip(lr.shape[:2], hr.shape[:2], strict=True)):
        raise InputError(
            f"{name}: lr of {lr.shape[1]}x{lr.shape[0]} pixels is not 1/{scale} of hr's {hr.shape[1]}x{hr.shape[0]}; "
            "give another `scale`"
        )
    return Pair(name, *same_area(lr, hr, scale))


def _tensor(example: tf.train.Example, side: str) -> np.ndarray:
    picture = tf.io.parse_tensor(example.features.feature[side].bytes_list.value[0], tf.uint8).numpy()
    if picture.ndim != 3 or picture.shape[2] != 3 or not picture.size:
        raise ValueError
    return picture
