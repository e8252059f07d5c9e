"""What the boxes of a JP2 file and the header of its picture say (ISO/IEC 15444-1, annexes A and I)."""

import struct
from collections.abc import Iterator

SIGNATURE = b"\0\0\0\x0cjP"
PROFILE_METHODS = (2, 3)  # of a colr box: a profile for monitors, any profile


def boxes(data: bytes, position: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each box, and where its content begins and ends."""
    while position + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, position)
        header = 8
        if length == 1:
            length, header = int.from_bytes(data[position + 8 : position + 16]), 16
        after = position + length if length else end  # 0: the rest of the file
        if after < position + header:
            return
        yield kind, position + header, min(after, end)
        position = after


def precision(data: bytes) -> int:
    """The most bits of a sample by the header of a JP2 file or a codestream; 0 where there is none."""
    parts = boxes(data, 0, len(data)) if data.startswith(SIGNATURE) else iter([(b"jp2c", 0, 0)])
    start = next((start for kind, start, _ in parts if kind == b"jp2c"), len(data))
    content = start + 6  # after SOC, and the marker and length of SIZ
    segment = data[content : start + 4 + int.from_bytes(data[start + 4 : content])]
    return max((bits & 0x7F for bits in segment[36::3]), default=-1) + 1


def profile(data: bytes) -> bytes | None:
    """The ICC profile of a JP2 file, which Pillow does not read."""
    for kind, start, end in boxes(data, 0, len(data)) if data.startswith(SIGNATURE) else ():
        for inner, place, after in boxes(data, start, end) if kind == b"jp2h" else ():
            if inner == b"colr" and data[place] in PROFILE_METHODS:
                return data[place + 3 : after]
    return None
