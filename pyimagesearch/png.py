"""PNG files (W3C, PNG specification, third edition) of every kind of samples, for who waits for them.

Pillow and OpenCV need two to three times as long for one, and neither writes 16-bit grey with alpha.
"""

import struct
import zlib
from collections.abc import Iterator

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # by channels: grey, grey with alpha, RGB, RGB with alpha
UP = 2  # the filter that takes every byte's difference to the one above
STRIP = 1 << 19  # bytes that are filtered at once: they stay in the processor's cache
CHUNK = 1 << 30  # bytes of a chunk at most


def encode(samples: np.ndarray, icc: bytes | None = None, exif: bytes = b"") -> bytes:
    """The file of uint8 or uint16 samples (H, W) or (H, W, 2 to 4), compressed by run lengths."""
    height, width, channels = *samples.shape[:2], samples.shape[2] if samples.ndim == 3 else 1
    header = struct.pack(">IIBBBBB", width, height, 8 * samples.itemsize, COLOUR_TYPES[channels], 0, 0, 0)
    chunks = [(b"IHDR", header)]
    if icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(b"Exif\0\0")))
    deflate = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, zlib.Z_RLE)
    parts = [deflate.compress(strip) for strip in _filtered(samples.reshape(height, -1))]
    data = b"".join([*parts, deflate.flush()])
    chunks += [(b"IDAT", data[start : start + CHUNK]) for start in range(0, len(data), CHUNK)]
    return SIGNATURE + b"".join(_chunk(*chunk) for chunk in [*chunks, (b"IEND", b"")])


def _filtered(rows: np.ndarray) -> Iterator[memoryview]:
    """The bytes of all rows (H, samples of a row), each behind the number of its filter."""
    above = np.zeros((1, rows.shape[1] * rows.itemsize), np.uint8)
    step = max(1, STRIP // above.size)
    for start in range(0, len(rows), step):
        strip = np.ascontiguousarray(rows[start : start + step].astype(rows.dtype.newbyteorder(">"))).view(np.uint8)
        filtered = np.full((len(strip), 1 + above.size), UP, np.uint8)
        np.subtract(strip, np.concatenate([above, strip[:-1]]), out=filtered[:, 1:])
        above = strip[-1:]
        yield filtered.data


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))
