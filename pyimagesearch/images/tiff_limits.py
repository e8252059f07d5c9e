"""Limits on the directories of tags of TIFF files and of EXIF, which have the same form (TIFF 6.0, section 2)."""

import struct

MOST_EXIF = 1 << 20  # bytes; in a JPEG it rarely has more than 64 kB
MOST_DIRECTORIES = 16
MOST_TAGS = 10_000
MOST_NUMBERS = 250_000  # a TIFF may have one or two for each row
MOST_FRACTIONS = 4_000  # Pillow takes 10 microseconds for each; photographs have 30
SLACK = 1 << 16  # bytes of values that may overlap

SUBDIRECTORIES = (0x8769, 0x8825, 0xA005)  # EXIF, GPS, interoperability
# Bytes of a value by type (TIFF 6.0, page 15, and BigTIFF).
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
TEXTS = (1, 2, 6, 7)  # types that Pillow reads as one string of bytes
FRACTIONS = (5, 10)
PREFIX = b"Exif\0\0"  # of EXIF outside of PNG


class TooMuch(Exception):
    """A file exceeds a limit; the text says which one."""


def check_exif(block: bytes) -> None:
    """Raise TooMuch where an EXIF block is too large, or its directories are."""
    if len(block) > MOST_EXIF:
        raise TooMuch(f"EXIF of {len(block)} bytes, more than {MOST_EXIF}")
    if block.startswith(PREFIX * 3):  # old versions of Pillow copy the block once for each of them
        raise TooMuch("EXIF of more than two prefixes")
    check_directories(block.removeprefix(PREFIX).removeprefix(PREFIX))


def check_directories(data: bytes) -> None:
    """Raise TooMuch where the directories of a TIFF have too many tags or numbers, or values that overlap.

    Checks the directories that Pillow reads: the first one, and those that it points at.
    """
    order = ">" if data[:2] == b"MM" else "<"
    big = data[2:4] in (b"+\0", b"\0+")
    head, pointer = ("Q", "Q") if big else ("H", "I")
    entry = struct.Struct(order + ("HHQQ" if big else "HHII"))
    inline = 8 if big else 4
    offsets = [_number(data, 8 if big else 4, order + pointer)]
    tags = numbers = fractions = held = visited = 0
    while offsets:
        offset = offsets.pop()
        visited += 1
        start = offset + struct.calcsize(head)
        count = _number(data, offset, order + head) if offset else 0
        entries = data[start : start + count * entry.size]
        entries = entries[: len(entries) // entry.size * entry.size]
        tags += len(entries) // entry.size
        if visited > MOST_DIRECTORIES or tags > MOST_TAGS:
            raise TooMuch(f"metadata of more than {MOST_TAGS} tags or {MOST_DIRECTORIES} directories")
        for tag, kind, values, where in entry.iter_unpack(entries):
            size = SIZES.get(kind, 0) * values
            if size > inline:
                size = min(size, max(0, len(data) - where))
            held += size
            if kind in FRACTIONS:
                fractions += size // 8
            elif kind not in TEXTS and size:
                numbers += size // SIZES[kind]
            if tag in SUBDIRECTORIES:
                offsets.append(_inline(where, SIZES.get(kind, inline), inline, order))
        if held > len(data) + SLACK:
            raise TooMuch("metadata of values that overlap")
        if numbers > MOST_NUMBERS or fractions > MOST_FRACTIONS:
            raise TooMuch(f"metadata of more than {MOST_NUMBERS} numbers or {MOST_FRACTIONS} fractions")


def _inline(field: int, size: int, width: int, order: str) -> int:
    """The number of `size` bytes that stands at the beginning of a field of `width` bytes."""
    return field >> 8 * max(0, width - size) if order == ">" else field % (1 << 8 * size)


def _number(data: bytes, offset: int, form: str) -> int:
    """A number in the data, 0 outside of it."""
    return struct.unpack_from(form, data, offset)[0] if offset + struct.calcsize(form) <= len(data) else 0
