"""Directories of tags, which TIFF files and EXIF blocks consist of (TIFF 6.0, section 2; BigTIFF).

Values are copied as they are stored. Pillow would decode them and encode them again, and fail at all of them where one
is odd.
"""

import io
import os
import struct
from typing import BinaryIO, NamedTuple

import numpy as np

from pyimagesearch.images.tiff_limits import SIZES, SUBDIRECTORIES

SHORT, LONG, IFD8 = 3, 4, 18
DEEPEST = 2  # interoperability, inside of EXIF, inside of the first directory
NUMBERS = {5: 4, 10: 4}  # bytes of one number by type, where values have two: fractions


class Form(NamedTuple):
    """How a file stores its numbers. order: of bytes, "<" or ">". big: whether places have 8 bytes (BigTIFF)."""

    order: str
    big: bool = False

    @property
    def head(self) -> struct.Struct:
        """The number of entries."""
        return struct.Struct(self.order + ("Q" if self.big else "H"))

    @property
    def entry(self) -> struct.Struct:
        """Tag, type, number of values, and the values or their place."""
        return struct.Struct(self.order + ("HHQ8s" if self.big else "HHI4s"))

    @property
    def place(self) -> struct.Struct:
        """A place in the file."""
        return struct.Struct(self.order + ("Q" if self.big else "I"))

    @property
    def start(self) -> int:
        """Where the place of the first directory stands."""
        return 8 if self.big else 4


class Entry(NamedTuple):
    """The values of a tag. kind: their type. data: their bytes, in the order of the file."""

    kind: int
    data: bytes


Directory = dict[int, "Entry | Directory"]  # by tag


def read(file: BinaryIO) -> tuple[Form, Directory]:
    """The first directory of a TIFF file or an EXIF block, with those nested in it, without what lies outside of it."""
    file.seek(0)
    header = file.read(16).ljust(16, b"\0")
    form = Form(">" if header[:2] == b"MM" else "<", header[2:4] in (b"+\0", b"\0+"))
    return form, _read(file, form, form.place.unpack_from(header, form.start)[0], 0)


def _read(file: BinaryIO, form: Form, place: int, depth: int) -> Directory:
    file.seek(place)
    head = file.read(form.head.size)
    if len(head) < form.head.size:
        return {}
    table = file.read(min(form.head.unpack(head)[0], 1 << 16) * form.entry.size)
    found: Directory = {}
    for tag, kind, count, field in form.entry.iter_unpack(table[: len(table) // form.entry.size * form.entry.size]):
        size = SIZES.get(kind, 0) * count
        data = field[:size]
        if size > len(field):
            file.seek(form.place.unpack(field)[0])
            data = file.read(size)
        if not size or len(data) < size:
            continue
        if tag not in SUBDIRECTORIES:
            found[tag] = Entry(kind, data)
        elif depth < DEEPEST and (nested := _read(file, form, _integers(form, Entry(kind, data))[0], depth + 1)):
            found[tag] = nested
    return found


def integers(form: Form, directory: Directory, tag: int, otherwise: int) -> list[int]:
    """The whole numbers of a tag; [otherwise] where there are none."""
    entry = directory.get(tag)
    return _integers(form, entry) if isinstance(entry, Entry) and entry.data else [otherwise]


def bytes_of(directory: Directory, tag: int) -> bytes | None:
    """The values of a tag as they are stored; None where it is missing."""
    entry = directory.get(tag)
    return entry.data if isinstance(entry, Entry) else None


def _integers(form: Form, entry: Entry) -> list[int]:
    return np.frombuffer(entry.data, f"{form.order}u{SIZES[entry.kind]}").tolist()


def whole(form: Form, values: list[int]) -> Entry:
    """An entry of numbers of 32 bits, or of 64 in a BigTIFF."""
    return Entry(16 if form.big else LONG, np.array(values, form.order + ("u8" if form.big else "u4")).tobytes())


def short(form: Form, value: int) -> Entry:
    """An entry of one number of 16 bits."""
    return Entry(SHORT, struct.pack(form.order + "H", value))


def reordered(directory: Directory) -> Directory:
    """The same values in the other order of bytes."""
    return {tag: reordered(value) if isinstance(value, dict) else _swapped(value) for tag, value in directory.items()}


def _swapped(entry: Entry) -> Entry:
    size = NUMBERS.get(entry.kind, SIZES[entry.kind])
    return Entry(entry.kind, np.frombuffer(entry.data, f"u{size}").byteswap().tobytes())


def pack(form: Form, directory: Directory, place: int) -> bytes:
    """The bytes of a directory that stands at `place` of a file: its table, then its values and nested directories."""
    behind = place + form.head.size + len(directory) * form.entry.size + form.place.size
    table, values = form.head.pack(len(directory)), bytearray()
    for tag in sorted(directory):
        value = directory[tag]
        at = form.place.pack(behind + len(values))
        if isinstance(value, dict):
            kind, count, field = IFD8 if form.big else LONG, 1, at
            values += pack(form, value, behind + len(values))
        else:
            kind, count = value.kind, len(value.data) // SIZES[value.kind]
            field = value.data if len(value.data) <= form.place.size else at
            values += b"" if field is value.data else value.data
        table += form.entry.pack(tag, kind, count, field)
        values += bytes(len(values) % 2)  # values begin at even places
    return table + bytes(form.place.size) + bytes(values)


def put_first(file: BinaryIO, form: Form, directory: Directory) -> None:
    """Add a directory at the end of a TIFF file and make it the first one."""
    end = file.seek(0, os.SEEK_END)
    place = end + end % 2
    file.write(bytes(end % 2) + pack(form, directory, place))
    file.seek(form.start)
    file.write(form.place.pack(place))


def with_first(data: bytes, form: Form, directory: Directory) -> bytes:
    """A TIFF file, as bytes, with another first directory."""
    file = io.BytesIO(data)
    put_first(file, form, directory)
    return file.getvalue()
