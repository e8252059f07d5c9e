"""Files of at most 20 MB that would keep decoders busy for long, or ask for much memory, without limits."""

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

RATIONAL, SHORT = 5, 3
EXIF_IFD = 0x8769


def encoded(kind, size=(16, 16), mode="RGB", **settings):
    """A grey picture's file."""
    file = io.BytesIO()
    Image.new(mode, size).save(file, kind, **settings)
    return file.getvalue()


def segment(marker, content):
    """A segment of a JPEG."""
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg_with(inserted, size=(16, 16), **settings):
    """A JPEG with bytes after its first marker."""
    data = encoded("JPEG", size, **settings)
    return data[:2] + inserted + data[2:]


def jpeg_of_scans(repeats, size=(1996, 1996)):
    """A progressive JPEG whose last scan comes again `repeats` times."""
    data = encoded("JPEG", size, progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * repeats + data[-2:]


def chunk(kind, content=b""):
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_with(inserted, *, at_end=False):
    """A PNG with bytes before its pixels, or after them."""
    data = encoded("PNG")
    place = len(data) - 12 if at_end else 33
    return data[:place] + inserted + data[place:]


def directory(*entries, following=b""):
    """A TIFF of one directory, which is EXIF; entries: tag, type, count, value or place."""
    tags = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + tags + b"\0\0\0\0" + following


def numbers(kind, count, size):
    """EXIF of one tag that holds `count` numbers of `size` bytes."""
    return directory((0x9999, kind, count, 26), following=b"\1\0\0\0" * (count * size // 4))


def overlapping():
    """EXIF of 65 kB whose 2,700 tags hold the same 32 kB."""
    return directory(*((0x9000 + tag, RATIONAL, 3500, 8) for tag in range(2700)), following=b"\1" * 32_000)


def hidden_exif(fractions=60_000):
    """EXIF within the compressed text of a PNG, as ImageMagick writes it."""
    text = "\nexif\n      9\n" + numbers(RATIONAL, fractions, 8).hex()
    return png_with(chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(text.encode())))


def tiff_with(tag, kind, count, following):
    """A TIFF with one more tag, whose value is at its end."""
    data = encoded("TIFF")
    start = struct.unpack_from("<I", data, 4)[0]
    entries = [struct.unpack_from("<HHII", data, start + 2 + 12 * n) for n in range(data[start])]
    after = len(data) + 2 + 12 * (len(entries) + 1) + 4
    entries = sorted([*entries, (tag, kind, count, after)])
    tags = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries) + b"\0" * 4
    return data[:4] + struct.pack("<I", len(data)) + data[8:] + tags + following


def webp_with(kind, content, repeats=1):
    """A WebP with chunks before its pixels."""
    header = b"VP8X" + struct.pack("<I", 10) + b"\x0c\0\0\0" + (15).to_bytes(3, "little") * 2
    added = kind + struct.pack("<I", len(content)) + content
    body = b"WEBP" + header + added * repeats + encoded("WEBP", lossless=True)[12:]
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_with(inserted):
    """A GIF with bytes before its picture."""
    data = encoded("GIF", mode="L")
    place = data.index(b",")
    return data[:place] + inserted + data[place:]


def jp2_with(inserted, before):
    """A JPEG 2000 with bytes before the box of a kind."""
    data = encoded("JPEG2000")
    place = data.index(before) - 4
    return data[:place] + inserted + data[place:]


def codestream(layers=1, precincts=0xFF, tile=1996, inserted=b""):
    """The codestream of a JPEG 2000 of 1996x1996 whose header says precincts (two exponents), layers and tiles."""
    data = bytearray(encoded("JPEG2000", (1996, 1996), no_jp2=True, num_resolutions=6))
    struct.pack_into(">II", data, 24, tile, tile)
    place = data.index(b"\xff\x52")
    end = place + 2 + int.from_bytes(data[place + 2 : place + 4])
    style = b"\1\0" + struct.pack(">H", layers) + data[place + 8 : place + 14] + bytes([precincts]) * 6
    return bytes(data[:place] + inserted + segment(0x52, style) + data[end:])


def cmyk_with_chained_elements(count=30_000):
    """A CMYK JPEG whose profile converts each colour through `count` matrices, all of them stored in one place."""
    sizes = ((inks, 3 * inks + 3) for inks in (4, 3))
    matrices = [b"matf\0\0\0\0" + struct.pack(f">HH{size}f", inks, 3, *[0.3] * size) for inks, size in sizes]
    first = 16 + 8 * count
    places = struct.pack(">II", first, len(matrices[0]))
    places += struct.pack(">II", first + len(matrices[0]), len(matrices[1])) * (count - 1)
    element = b"mpet\0\0\0\0" + struct.pack(">HHI", 4, 3, count) + places + b"".join(matrices)
    header = b"\0" * 8 + b"\4\x20\0\0prtrCMYKXYZ ".ljust(28, b"\0") + b"acsp"
    profile = header.ljust(128, b"\0") + struct.pack(">I4sII", 1, b"D2B0", 144, len(element)) + element
    profile = struct.pack(">I", len(profile)) + profile[4:]
    return encoded("JPEG", (1900, 1900), "CMYK", icc_profile=profile)


def run_lengths():
    """A BMP of 2000x2000 in run lengths that say nothing, 10 million times."""
    header = struct.pack("<IiiHHIIiiII", 40, 2000, 2000, 1, 8, 1, 0, 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 1078) + header + b"\1\2\3\0" * 256 + b"\0\0" * 10_000_000


INFLATING = zlib.compress(bytes(1 << 20), 9)  # to a megabyte
COMMENT_BLOCK = b"\xff" + b"a" * 255

HOSTILE: dict[str, Callable[[], bytes]] = {
    "JPEG of 10,000 scans": lambda: jpeg_of_scans(10_000),
    "JPEG of 1.66 million EXIF segments": lambda: jpeg_with(segment(0xE1, b"Exif\0\0ab") * 1_660_000),
    "JPEG of 5 million empty tables": lambda: jpeg_with(segment(0xC4, b"") * 5_000_000),
    "JPEG of 20 MB of padding": lambda: jpeg_with(b"\xff" * 20_000_000),
    "JPEG of 20 MB before its header": lambda: jpeg_with(b"a" * 20_000_000),
    "JPEG of Photoshop records": lambda: jpeg_with(
        segment(0xED, b"Photoshop 3.0\0" + b"8BIM\1" + b"\0" * 60_000) * 300
    ),
    "JPEG of overlapping EXIF": lambda: jpeg_with(segment(0xE1, b"Exif\0\0" + overlapping())),
    "JPEG of an overlapping index of pictures": lambda: jpeg_with(segment(0xE2, b"MPF\0" + overlapping())),
    "JPEG of 8 MB of profile": lambda: jpeg_with(segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(65_000)) * 125),
    "CMYK through 30,000 matrices": cmyk_with_chained_elements,
    "PNG of 2.5 million fractions": lambda: png_with(chunk(b"eXIf", numbers(RATIONAL, 2_500_000, 8))),
    "PNG of 10 million numbers": lambda: png_with(chunk(b"eXIf", numbers(SHORT, 10_000_000, 2))),
    "PNG of 60,000 fractions in a text": hidden_exif,
    "PNG of 500,000 numbers": lambda: png_with(chunk(b"eXIf", numbers(SHORT, 500_000, 2))),
    "PNG of 1.6 million chunks": lambda: png_with(chunk(b"abCd") * 1_600_000),
    "PNG of 1.6 million chunks at its end": lambda: png_with(chunk(b"abCd") * 1_600_000, at_end=True),
    "PNG of 10,000 profiles": lambda: png_with(chunk(b"iCCP", b"a\0\0" + INFLATING) * 10_000),
    "PNG of 10,000 texts": lambda: png_with(chunk(b"zTXt", b"a\0\0" + INFLATING[:-4]) * 10_000),
    "WebP of 2.4 million fractions": lambda: webp_with(b"EXIF", numbers(RATIONAL, 2_400_000, 8)),
    "WebP of 2.4 million chunks": lambda: webp_with(b"abcd", b"", 2_400_000),
    "TIFF of 2.4 million fractions": lambda: tiff_with(0x9999, RATIONAL, 2_400_000, b"\1\0\0\0" * 4_800_000),
    "TIFF of overlapping EXIF": lambda: tiff_with(EXIF_IFD, 4, 1, overlapping()[8:]),
    "GIF of 20 MB of comment": lambda: gif_with(b"!\xfe" + COMMENT_BLOCK * 78_000 + b"\0"),
    "GIF of 6 million extensions": lambda: gif_with(b"!\xf9\0" * 6_600_000),
    "JPEG 2000 of 2.4 million boxes": lambda: jp2_with(struct.pack(">I4s", 8, b"free") * 2_400_000, b"jp2h"),
    "JPEG 2000 of 4.9 million segments": lambda: codestream(inserted=b"\xff\x30\0\2" * 4_900_000),
    "JPEG 2000 of a million precincts": lambda: codestream(precincts=0x11),
    "JPEG 2000 of 65535 layers": lambda: codestream(layers=65535, precincts=0x77),
    "JPEG 2000 of 62,500 tiles": lambda: codestream(tile=8),
    "BMP of 10 million run lengths": run_lengths,
    "plain PPM full of comments": lambda: b"P3\n2000 2000\n255\n" + b"#\n" * 10_000_000,
    "PPM of a comment of 20 MB": lambda: b"P6\n#" + b"x" * 20_000_000 + b"\n1 1\n255\nabc",
    "PPM of 20 MB of spaces": lambda: b"P6\n" + b" " * 20_000_000 + b"1 1\n255\nabc",
}
