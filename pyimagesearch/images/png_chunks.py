"""The chunks of a PNG file (W3C PNG, section 5)."""

import struct
import zlib
from collections.abc import Iterator

from PIL import PngImagePlugin

from pyimagesearch.images.picture import Source, UnreadablePicture
from pyimagesearch.images.tiff_limits import PREFIX

SIGNATURE = b"\x89PNG\r\n\x1a\n"
HEADER = 33  # bytes of the signature and of IHDR, the first chunk
CRITICAL = (b"IHDR", b"PLTE", b"IDAT")
COLOURS = (b"gAMA", b"cHRM", b"cICP", b"sRGB", b"iCCP")


def walk(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The kind of each chunk up to IEND, and where its content begins and ends; the last one may be cut off."""
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        yield kind, position + 8, position + 8 + length
        if kind == b"IEND":
            return
        position += 8 + length + 4  # the checksum


def check(data: bytes, source: Source) -> None:
    """Raise UnreadablePicture where a chunk that holds pixels is damaged. Pillow does not look at their checksums."""
    for kind, start, end in walk(data):
        stored = data[end : end + 4]
        if kind in CRITICAL and (len(stored) < 4 or zlib.crc32(data[start - 4 : end]).to_bytes(4) != stored):
            raise UnreadablePicture(f"{source}: corrupt or truncated picture (a checksum of this PNG does not match)")


def colours(data: bytes) -> dict[bytes, bytes]:
    """The contents of the chunks that say what the colours mean."""
    return {kind: data[start:end] for kind, start, end in walk(data) if kind in COLOURS}


def texts(texts: dict[str, str]) -> PngImagePlugin.PngInfo:
    """Chunks of texts, for Pillow."""
    info = PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_text(name, text)
    return info


def with_descriptions(data: bytes, icc: bytes | None, exif: bytes, named: dict[str, str]) -> bytes:
    """A PNG file with a profile, EXIF and texts."""
    chunks = [(chunk[0], chunk[1]) for chunk in texts(named).chunks]
    if icc:
        chunks.insert(0, (b"iCCP", b"ICC Profile\0\0" + zlib.compress(icc)))
    if exif:
        chunks.append((b"eXIf", exif.removeprefix(PREFIX)))
    made = b"".join(
        len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4) for kind, content in chunks
    )
    return data[:HEADER] + made + data[HEADER:]
