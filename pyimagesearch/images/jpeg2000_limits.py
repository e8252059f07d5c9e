"""Limits on the parts that a JPEG 2000 is divided into (ISO/IEC 15444-1, annexes A and I).

OpenJPEG keeps a record of each tile, precinct and layer, whatever data follow: 200 bytes of a file can ask for 6 GB.
"""

import struct

from pyimagesearch.images import jpeg2000
from pyimagesearch.images.tiff_limits import TooMuch

MOST_BOXES = 1_000
MOST_SEGMENTS = 10_000  # of the headers of the picture and its tiles
MOST_COMPONENTS = 16
MOST_TILES = 4_096
MOST_PRECINCTS = 100_000  # of all components; those of 128x128 pixels, a usual size, are 1,000 in 4 megapixels
MOST_PACKETS = 1_000_000  # precincts times layers

SOT, SOD, EOC, SIZ, COD, COC = 0x90, 0x93, 0xD9, 0x51, 0x52, 0x53
UNDIVIDED = 15  # the exponent of precincts where the header gives none


def check_jp2(data: bytes) -> None:
    """Raise TooMuch where the boxes of a JP2 file, or the picture in them, have too many parts."""
    number = 0
    for kind, start, end in jpeg2000.boxes(data, 0, len(data)):
        number += 1
        if kind == b"jp2h":
            for _ in jpeg2000.boxes(data, start, end):
                number += 1
                _check_count("boxes", number, MOST_BOXES)
        if kind == b"jp2c":
            check_codestream(data, start)
        _check_count("boxes", number, MOST_BOXES)


def check_codestream(data: bytes, start: int = 0) -> None:
    """Raise TooMuch where the picture whose codestream begins at `start` has too many parts."""
    height = width = components = layers = 0
    precincts = 0  # the largest number that a header asks for
    segments, position, tile_end = 0, start + 2, None
    while position + 4 <= len(data) and data[position] == 0xFF and data[position + 1] != EOC:
        marker, content = data[position + 1], position + 4
        segments += 1
        _check_count("segments", segments, MOST_SEGMENTS)
        if marker == SOD:  # the data of a tile
            if not tile_end:
                break
            position, tile_end = max(tile_end, position + 2), None
            continue
        segment = data[content : position + 2 + int.from_bytes(data[position + 2 : content])]
        if marker == SIZ and len(segment) >= 36:
            height, width, components, tiles = _size(segment)
            _check_count("components", components, MOST_COMPONENTS)
            _check_count("tiles", tiles, MOST_TILES)
        elif marker == COD and len(segment) >= 10:
            layers = max(layers, int.from_bytes(segment[2:4]))
            precincts = max(precincts, components * _precincts(height, width, segment[:1] + segment[5:]))
        elif marker == COC and len(segment) >= 7:
            precincts = max(precincts, components * _precincts(height, width, segment[1:]))
        elif marker == SOT and len(segment) >= 8:
            length = int.from_bytes(segment[2:6])
            tile_end = position + length if length else None
        _check_count("precincts", precincts, MOST_PRECINCTS)
        _check_count("packets", precincts * layers, MOST_PACKETS)
        position = content + max(0, len(segment))


def _size(segment: bytes) -> tuple[int, int, int, int]:
    """Height, width, number of components and of tiles by a SIZ segment."""
    right, bottom, left, top, across, down, tile_left, tile_top, components = struct.unpack_from(">8IH", segment, 2)
    columns = -(-(right - tile_left) // max(1, across))
    rows = -(-(bottom - tile_top) // max(1, down))
    return bottom - top, right - left, components, max(0, columns) * max(0, rows)


def _precincts(height: int, width: int, style: bytes) -> int:
    """The number of precincts of a component.

    style: a flag for given sizes, the number of levels, 4 other bytes, the sizes from the smallest resolution on.
    """
    levels = style[1]
    total = 0
    for resolution in range(levels + 1):
        sizes = style[6 + resolution] if style[0] & 1 and 6 + resolution < len(style) else UNDIVIDED * 0x11
        total += _parts(height, levels - resolution + (sizes >> 4)) * _parts(width, levels - resolution + (sizes & 15))
    return total


def _parts(length: int, exponent: int) -> int:
    return -(-max(0, length) >> exponent)


def _check_count(what: str, count: int, most: int) -> None:
    if count > most:
        raise TooMuch(f"a JPEG 2000 of more than {most} {what}")
