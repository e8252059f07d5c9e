"""Limits on the structure of a stranger's picture, checked before it is decoded.

Some small files keep decoders busy for minutes, or make them allocate gigabytes: they repeat scans, segments, chunks,
comments or metadata. The checks walk over the parts of a file by their lengths, in linear time. Corrupt files are left
to the decoders.

The limits are far above what cameras and editors write. A file at a limit costs about a second.
"""

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pyimagesearch.images import png_chunks
from pyimagesearch.images.jpeg2000_limits import check_codestream, check_jp2
from pyimagesearch.images.picture import Source, UnreadablePicture
from pyimagesearch.images.tiff_limits import MOST_EXIF, TooMuch, check_directories, check_exif

MOST_SCANS = 100  # of a JPEG; encoders write 10 to 20
MOST_SEGMENTS = 2_000  # of a JPEG; photographs with a depth map in XMP have 200
MOST_PADDING = 1 << 16  # bytes between the segments of a JPEG's header
MOST_PROFILE = 4 << 20  # bytes of an ICC profile; those for printing have 1 to 3 MB
MOST_PROFILE_TAGS = 100  # Little CMS refuses more
MOST_PHOTOSHOP = 1 << 20  # bytes of Photoshop's records in a JPEG
MOST_CHUNKS = 1 << 15  # of a PNG or WebP; a PNG of 20 MB has 2,500 of the usual size
MOST_COMPRESSED_TEXTS = 100  # of a PNG; each may inflate to megabytes
MOST_PROFILES = 4  # of a PNG, which should have one; each may inflate to megabytes
MOST_BLOCKS = 1 << 15  # of up to 255 bytes, before the first picture of a GIF
MOST_COMMENT_BLOCKS = 2_000  # of them, in comments
MOST_RUN_LENGTHS = 4 << 20  # bytes of a BMP
MOST_PPM_HEADER = 1 << 16  # bytes
MOST_PPM_COMMENTS = 1_000

SOS, EOI, APP1, APP2, APP13 = 0xDA, 0xD9, 0xE1, 0xE2, 0xED
WITHOUT_LENGTH = (0x01, 0xD8, EOI)
# Not FF 00 (an escaped byte of a scan), FF D0 to FF D7 (restarts of a scan), FF FF (padding).
JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
# The magic number, width, height and, except for bits, the largest value, between white space and comments.
PPM_HEADER = re.compile(rb"P\S{1,5}\s(?:(?:\s|#[^\r\n]*+[\r\n])*+[^\s#]++\s){3}")
PBM_HEADER = re.compile(rb"P[14]\s(?:(?:\s|#[^\r\n]*+[\r\n])*+[^\s#]++\s){2}")


def check_structure(data: bytes, source: Source = "the picture") -> None:
    """Raise UnreadablePicture where a picture's file exceeds a limit of this module.

    data: the whole file, of any format. source: what the message calls it.
    """
    for signature, check in CHECKS:
        if data.startswith(signature):
            with _named(source):
                check(data)
            return


def check_exif_block(block: bytes, source: Source) -> None:
    """The same for EXIF that only a decoder finds, as that of AVIF."""
    with _named(source):
        check_exif(block)


def check_exif_text(text: str, source: Source) -> None:
    """The same for EXIF in hexadecimal digits, after three lines with a name and a length (ImageMagick)."""
    with _named(source), suppress(ValueError):  # no digits: no EXIF
        check_exif(bytes.fromhex("".join(text.split("\n")[3:])))


def check_inks(profile: bytes, source: Source) -> None:
    """The same for the ICC profile of a CMYK picture, by which its colours are converted.

    A profile may chain any number of multi-process elements (ICC.1:2022, 10.17). Printing profiles have none.
    """
    with _named(source):
        for tag in range(min(MOST_PROFILE_TAGS, int.from_bytes(profile[128:132]))):
            start = int.from_bytes(profile[136 + 12 * tag : 140 + 12 * tag])
            if profile.startswith(b"mpet", start):
                raise TooMuch("an ICC profile of multi-process elements")


@contextmanager
def _named(source: Source) -> Iterator[None]:
    try:
        yield
    except TooMuch as excess:
        raise UnreadablePicture(f"{source}: {excess}; save it anew, for example as PNG") from None


def _check_jpeg(data: bytes) -> None:
    exif: list[bytes] = []
    sizes = {"ICC profile": 0, "Photoshop records": 0}
    scans = segments = 0
    end = 2
    while match := JPEG_MARKER.search(data, end):
        if not scans and match.start() - end > MOST_PADDING:
            raise TooMuch(f"more than {MOST_PADDING} bytes between two segments of a JPEG")
        marker, end = data[match.end() - 1], match.end()
        if marker == EOI and scans:
            break
        segments += 1
        if segments > MOST_SEGMENTS:
            raise TooMuch(f"a JPEG of more than {MOST_SEGMENTS} segments")
        if marker in WITHOUT_LENGTH:
            continue
        start, end = end + 2, end + max(2, int.from_bytes(data[end : end + 2]))
        if marker == SOS:
            scans += 1
            if scans > MOST_SCANS:
                raise TooMuch(f"a JPEG of more than {MOST_SCANS} scans")
        elif marker == APP1 and data.startswith(b"Exif\0\0", start):
            exif.append(data[start + 6 : end])
        elif marker == APP2 and data.startswith(b"MPF\0", start):
            check_exif(data[start + 4 : end])
        elif marker == APP2 and data.startswith(b"ICC_PROFILE\0", start):
            sizes["ICC profile"] += end - start
        elif marker == APP13:
            sizes["Photoshop records"] += end - start
    check_exif(b"".join(exif))  # as Pillow joins them
    _check_size("ICC profile", sizes["ICC profile"], MOST_PROFILE)
    _check_size("Photoshop records", sizes["Photoshop records"], MOST_PHOTOSHOP)


def _check_size(what: str, size: int, most: int) -> None:
    if size > most:
        raise TooMuch(f"{what} of {size} bytes, more than {most}")


def _check_png(data: bytes) -> None:
    profiles = texts = exif = 0
    for chunks, (kind, start, end) in enumerate(png_chunks.walk(data), 1):
        if kind == b"eXIf":
            exif += end - start
            _check_size("EXIF", exif, MOST_EXIF)
            check_exif(data[start:end])
        profiles += kind == b"iCCP"
        texts += kind in (b"zTXt", b"iTXt")
        if chunks > MOST_CHUNKS:
            raise TooMuch(f"a PNG of more than {MOST_CHUNKS} chunks")
        if profiles > MOST_PROFILES:
            raise TooMuch(f"a PNG of more than {MOST_PROFILES} ICC profiles")
        if texts > MOST_COMPRESSED_TEXTS:
            raise TooMuch(f"a PNG of more than {MOST_COMPRESSED_TEXTS} compressed texts")


def _check_webp(data: bytes) -> None:
    position, chunks, exif = 12, 0, 0  # after RIFF, size, WEBP
    while position + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, position)
        start = position + 8
        position = start + length + length % 2
        chunks += 1
        if chunks > MOST_CHUNKS:
            raise TooMuch(f"a WebP of more than {MOST_CHUNKS} chunks")
        if kind == b"EXIF":
            exif += length
            _check_size("EXIF", exif, MOST_EXIF)
            check_exif(data[start : start + length])
        if kind == b"ICCP":
            _check_size("ICC profile", length, MOST_PROFILE)


def _check_gif(data: bytes) -> None:
    """Up to the first picture: no other is read."""
    position = 13 + _palette_size(data[10:11])
    blocks = comments = 0
    while data[position : position + 1] not in (b"", b",", b";"):
        blocks += 1
        if data[position] != ord("!"):  # Pillow skips such bytes, one by one
            position += 1
        else:
            comment = data[position + 1 : position + 2] == b"\xfe"
            position += 2
            while (length := int.from_bytes(data[position : position + 1])) and blocks <= MOST_BLOCKS:
                position += length + 1
                blocks += 1
                comments += comment
            position += 1
        if blocks > MOST_BLOCKS or comments > MOST_COMMENT_BLOCKS:
            raise TooMuch(f"a GIF of more than {MOST_BLOCKS} blocks, or {MOST_COMMENT_BLOCKS} of comments")


def _palette_size(flags: bytes) -> int:
    """The bytes of a GIF's palette."""
    return 3 << ((flags[0] & 7) + 1) if flags and flags[0] & 0x80 else 0


def _check_bmp(data: bytes) -> None:
    """Pillow unpacks run lengths in Python."""
    if struct.unpack_from("<I", data.ljust(34), 30)[0] in (1, 2):
        _check_size("run lengths in a BMP", len(data), MOST_RUN_LENGTHS)


def _check_ppm(data: bytes) -> None:
    header = PBM_HEADER if data[1:2] in b"14" else PPM_HEADER
    if len(data) > MOST_PPM_HEADER and not header.match(data[:MOST_PPM_HEADER]):
        raise TooMuch(f"a PPM whose header does not end within {MOST_PPM_HEADER} bytes")
    if data[1:2] in b"123" and data.count(b"#") > MOST_PPM_COMMENTS:
        raise TooMuch(f"a PPM of more than {MOST_PPM_COMMENTS} comments")


CHECKS: tuple[tuple[bytes | tuple[bytes, ...], Callable[[bytes], None]], ...] = (
    (b"\xff\xd8", _check_jpeg),
    (b"\x89PNG", _check_png),
    (b"RIFF", _check_webp),
    ((b"II", b"MM"), check_directories),
    (b"GIF8", _check_gif),
    (b"\0\0\0\x0cjP", check_jp2),
    (b"\xff\x4f\xff\x51", check_codestream),
    (b"BM", _check_bmp),
    (tuple(b"P%c" % kind for kind in b"0123456fy"), _check_ppm),
)
