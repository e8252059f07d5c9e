"""What a file holds beside its pixels: EXIF, texts, and the settings that it was encoded with."""

import io
import struct
from dataclasses import replace
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin

from pyimagesearch.images import tiff_directories
from pyimagesearch.images.picture import Picture
from pyimagesearch.images.tiff_directories import Directory, Entry, Form
from pyimagesearch.images.tiff_limits import PREFIX

ORIENTATION = int(ExifTags.Base.Orientation)
EXIF_IFD, GPS_IFD = int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)
WIDTH_TAGS = (int(ExifTags.Base.ImageWidth), int(ExifTags.Base.ExifImageWidth))
HEIGHT_TAGS = (int(ExifTags.Base.ImageLength), int(ExifTags.Base.ExifImageHeight))
# The TIFF tags that describe the picture. The others describe the layout of the file.
DESCRIPTIONS = {
    int(tag)
    for tag in (
        ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
        ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.HostComputer, ExifTags.Base.Copyright,
        EXIF_IFD, GPS_IFD,
    )
}  # fmt: skip
# What only a camera's EXIF has in its first directory; 0x9C9B to 0x9C9F are Windows' title, comment, author, ...
CAMERA_DESCRIPTIONS = {int(ExifTags.Base.Rating), int(ExifTags.Base.RatingPercent), *range(0x9C9B, 0x9CA0)}
LOSSLESS_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate")
PAGED = ("GIF", "TIFF", "PNG", "WEBP", "AVIF", "HEIF")
MOST_TEXT = 1 << 20  # letters of all texts together
COMMENT = "Comment"  # what a PNG calls the text that JPEG and GIF have without a name


def orientation(opened: Image.Image) -> int:
    """The EXIF orientation of a loaded picture, 1 to 8; 1 where its EXIF is broken.

    HEIC and JPEG XL say themselves how they are turned, and their decoders do it, unless the JPEG XL is a packed JPEG.
    """
    if opened.format == "HEIF" or (opened.format == "JXL" and not opened.jpeg):  # type: ignore[attr-defined]
        return 1
    try:
        return int(opened.getexif().get(ORIENTATION, 1))
    except Exception:  # a picture with broken EXIF can be read all the same
        return 1


def exif_of(opened: Image.Image) -> bytes:
    """The EXIF of a loaded picture, to write with the result: no orientation, no thumbnail, no broken tags."""
    block = opened.info.get("exif") or b""  # None of a HEIC
    if not block and "Raw profile type exif" in opened.info:  # ImageMagick
        try:
            block = bytes.fromhex("".join(opened.info["Raw profile type exif"].split("\n")[3:]))
        except ValueError:
            return b""
    form, directory = _parsed(block)
    directory.pop(ORIENTATION, None)
    return _block(form, directory)


def exif_of_tiff(form: Form, directory: Directory) -> bytes:
    """The same for a TIFF file, whose first directory has tags of EXIF beside those of its layout."""
    return _block(Form(form.order), {tag: directory[tag] for tag in DESCRIPTIONS & set(directory)})


def for_tiff(block: bytes, order: str) -> Directory:
    """The tags of an EXIF block that a TIFF file can hold, as numbers of a byte order."""
    form, directory = _parsed(block)
    kept = {tag: directory[tag] for tag in (DESCRIPTIONS | CAMERA_DESCRIPTIONS) & set(directory)}
    return kept if form.order == order else tiff_directories.reordered(kept)


def with_own_size(picture: Picture) -> Picture:
    """The same picture with the size tags of its EXIF, where it has them, set to the size of its samples."""
    form, directory = _parsed(picture.exif)
    for tags, side in ((HEIGHT_TAGS, picture.samples.shape[0]), (WIDTH_TAGS, picture.samples.shape[1])):
        for tag in tags:
            for place in (directory, directory.get(EXIF_IFD)):
                if isinstance(place, dict) and tag in place:
                    place[tag] = tiff_directories.whole(form, [side])
    return replace(picture, exif=_block(form, directory))


def shortened(block: bytes, longest: int) -> bytes:
    """An EXIF block of at most `longest` bytes: the largest values, such as a maker's notes, are left out."""
    form, directory = _parsed(block)
    while len(block) > longest:
        places = [place for place in (directory, *directory.values()) if isinstance(place, dict)]
        sizes = {(len(v.data), t, i) for i, p in enumerate(places) for t, v in p.items() if isinstance(v, Entry)}
        if not sizes:
            return b""
        _, tag, index = max(sizes)
        del places[index][tag]
        block = _block(form, directory)
    return block


def _parsed(block: bytes) -> tuple[Form, Directory]:
    return tiff_directories.read(io.BytesIO(block.removeprefix(PREFIX).removeprefix(PREFIX)))


def _block(form: Form, directory: Directory) -> bytes:
    if not directory:
        return b""
    header = (b"MM\0*" if form.order == ">" else b"II*\0") + struct.pack(form.order + "I", 8)
    return PREFIX + header + tiff_directories.pack(Form(form.order), directory, 8)


def texts_of(opened: Image.Image) -> dict[str, str]:
    """The texts of a loaded PNG by their names, such as an image generator's prompt; the comment of a JPEG or GIF."""
    if opened.format == "PNG":
        texts = {name: str(text) for name, text in opened.text.items()}  # type: ignore[attr-defined]
    elif opened.format in ("JPEG", "MPO", "GIF") and opened.info.get("comment"):
        comment = opened.info["comment"]
        try:
            texts = {COMMENT: comment.decode()}
        except UnicodeDecodeError:
            texts = {COMMENT: comment.decode("latin-1")}
    else:
        return {}
    kept: dict[str, str] = {}
    for name, text in texts.items():
        other = name.startswith(("Raw profile type ", "XML:com.adobe.xmp"))  # EXIF, IPTC and XMP, written as texts
        if not other and sum(map(len, kept.values())) + len(text) <= MOST_TEXT:
            kept[name] = text
    return kept


def frames(opened: Image.Image) -> int:
    """How many pages or frames a file has, of which the first is loaded. Not of a JPEG, which may hold previews."""
    try:
        return getattr(opened, "n_frames", 1) if opened.format in PAGED else 1
    except Exception:  # one of the others is broken
        return 1


def encoder_settings(data: bytes, opened: Image.Image) -> dict[str, dict[str, Any]]:
    """The settings of Pillow's encoder, by format, that give a file of the same quality; empty where unknown."""
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        if set(opened.quantization) != set(range(len(opened.quantization))):  # Pillow writes tables from 0 on alone
            return {}
        settings = {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}
        return {"JPEG": settings | ({"progressive": True} if "progressive" in opened.info else {})}
    if opened.format == "TIFF" and opened.info.get("compression") in LOSSLESS_TIFF:
        return {"TIFF": {"compression": opened.info["compression"]}}
    if opened.format == "WEBP" and _is_lossless_webp(data):
        return {"WEBP": {"lossless": True}}
    return {}


def _is_lossless_webp(data: bytes) -> bool:
    """Whether the first picture of a WebP file is in a VP8L chunk (RFC 9649)."""
    place = 12  # after RIFF, size, WEBP
    while len(data) >= place + 8 and data[place : place + 4] not in (b"VP8L", b"VP8 "):
        length = int.from_bytes(data[place + 4 : place + 8], "little")
        place += 8 + length + length % 2
    return data[place : place + 4] == b"VP8L"
