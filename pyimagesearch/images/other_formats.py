"""Files that are no pictures for this package, or only with a plug-in, and what to do with them: without it, decoders
would give a thumbnail of them, the wrong brightness, or an error that says nothing."""

import io
import re
from pathlib import Path

from pyimagesearch.images import plugins, tiff_directories
from pyimagesearch.images.picture import Source, UnreadablePicture

HEAD = 4096  # bytes in which a file tells what it is
RAW = "a camera's RAW file", "develop it to TIFF or JPEG first, for example with darktable"
HEIC = "HEIC", "save it as JPEG or PNG, for example with heif-convert"
JXL = "JPEG XL", "save it as PNG, for example with djxl"
BY_PLUGIN = {HEIC: "HEIF", JXL: "JXL"}
HDR = "a picture in HDR", "tone-map it and save it as PNG or TIFF"
VIDEO = "a video", "films are upscaled by their name: srgan upscale film.mp4 -o larger.mp4"
# What a file begins with, its name, and what to do.
SIGNATURES = (
    (rb"\x76\x2f\x31\x01", "OpenEXR, a picture in HDR", HDR[1]),
    (rb"#\?(RADIANCE|RGBE)", "Radiance HDR, a picture in HDR", HDR[1]),
    (rb"\xff\x0a|\0\0\0\x0cJXL ", *JXL),
    (rb"II\xbc", "JPEG XR", "save it as PNG"),
    (rb"\s*%PDF", "PDF", "draw its pages to PNG first, for example with pdftoppm -png"),
    (rb"(\xef\xbb\xbf)?\s*<(?=.*<svg\b)", "SVG",
     "draw it in the size that you need, for example with rsvg-convert"),
    (rb"\x89PNG\r\n\x1a\n....CgBI", "a PNG for iOS (CgBI)",
     "turn it into a PNG with: xcrun -sdk iphoneos pngcrush -revert-iphone-optimizations"),
    (rb"FUJIFILMCCD-RAW|FOVb|IIU\0|II(RO|RS)|MMOR|II\x2a\0....CR\x02|II....HEAPCCDR", *RAW),
)  # fmt: skip
# Of files of ISO/IEC 14496-12, by a brand; AVIF is read.
BRANDS = {b"avif": None, b"avis": None, b"crx ": RAW} | dict.fromkeys(
    (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), HEIC
)
SUBFILE_TYPE, SUB_IFDS, DNG_VERSION = 254, 330, 50706
REDUCED = 1  # bit of SUBFILE_TYPE: a smaller copy of another picture in the file


def refuse(data: bytes, source: Source, *, stranger: bool) -> None:
    """Raise UnreadablePicture, with the format's name and what to do, for formats that are known and not read.

    data: the whole file. stranger: whether it is a stranger's, for whom no plug-in decodes.
    """
    found = _of(data)
    if found is None:
        return
    (name, advice), plugin = found, BY_PLUGIN.get(found)
    if plugin is None or stranger:
        raise UnreadablePicture(f"{source}: {name}, which is not read; {advice}")
    if not plugins.load(plugin):
        raise UnreadablePicture(f"{source}: {name}, which is read with {plugins.EXTRA}; or {advice}")


def by_plugin(path: Path) -> str | None:
    """Pillow's name of the format of a file, if a plug-in of `plugins` reads it; else None."""
    try:
        with path.open("rb") as file:
            found = _of_head(file.read(HEAD))
    except OSError:
        return None
    return BY_PLUGIN.get(found) if found else None


def _of(data: bytes) -> tuple[str, str] | None:
    return _of_head(bytes(data[:HEAD])) or (RAW if data[:2] in (b"II", b"MM") and _is_raw(data) else None)


def _of_head(head: bytes) -> tuple[str, str] | None:
    """What a file is by its first bytes; None where nothing is known against it."""
    for pattern, name, advice in SIGNATURES:
        if re.match(pattern, head, re.DOTALL):
            return name, advice
    if head[4:8] == b"ftyp":
        size = int.from_bytes(head[:4])
        brands = [head[8:12], *(head[place : place + 4] for place in range(16, min(size, HEAD), 4))]
        known = [BRANDS[brand] for brand in brands if brand in BRANDS]
        return (None if None in known else known[0]) if known else VIDEO
    return None


def _is_raw(data: bytes) -> bool:
    """Whether a TIFF is a DNG, or has a thumbnail as its first picture, as NEF, ARW and PEF have."""
    form, directory = tiff_directories.read(io.BytesIO(data))
    thumbnail = tiff_directories.integers(form, directory, SUBFILE_TYPE, 0)[0] & REDUCED
    return DNG_VERSION in directory or bool(thumbnail and SUB_IFDS in directory)
