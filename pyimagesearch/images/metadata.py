"""What a file holds beside its pixels: EXIF, and the settings that it was encoded with."""

import io
import os
from dataclasses import replace
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin

from pyimagesearch.images.picture import Picture, Source, data_of

ORIENTATION = int(ExifTags.Base.Orientation)
EXIF_IFD, GPS_IFD = int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)
SIZE_TAGS = (int(ExifTags.Base.ExifImageWidth), int(ExifTags.Base.ExifImageHeight))
# The TIFF tags that describe the picture. The others describe the layout of the file.
DESCRIPTIONS = tuple(
    int(tag)
    for tag in (
        ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
        ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright, EXIF_IFD, GPS_IFD,
    )
)  # fmt: skip
LOSSLESS_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate")


def read_exif(opened: Image.Image) -> Image.Exif:
    """The EXIF of an opened picture; empty where it is broken."""
    try:
        return opened.getexif()
    except Exception:  # a picture with broken EXIF can be read all the same
        return Image.Exif()


def kept_exif(exif: Image.Exif, *, tiff: bool) -> bytes:
    """The block to write with the result: no orientation, no thumbnail; of a TIFF only the tags that describe it.

    Empty where the EXIF is broken.
    """
    kept = Image.Exif()
    try:
        for tag in set(DESCRIPTIONS if tiff else exif) & set(exif) - {ORIENTATION}:
            value = exif.get_ifd(tag) if tag in (EXIF_IFD, GPS_IFD) else exif[tag]
            if value:
                kept[tag] = value
        return kept.tobytes() if len(kept) else b""
    except Exception:
        return b""


def with_own_size(picture: Picture) -> Picture:
    """The same picture with the size tags of its EXIF, where it has them, set to the size of its samples."""
    if not picture.exif:
        return picture
    exif = Image.Exif()
    exif.load(picture.exif)
    details = exif.get_ifd(EXIF_IFD)
    sides = zip(SIZE_TAGS, picture.samples.shape[1::-1], strict=True)
    details.update({tag: side for tag, side in sides if tag in details})
    return replace(picture, exif=exif.tobytes())


def without_directories(block: bytes) -> tuple[bytes, dict[int, dict[int, Any]]]:
    """An EXIF block without its nested directories, and those by their tags."""
    exif, rest = Image.Exif(), Image.Exif()
    exif.load(block)
    directories = {tag: exif.get_ifd(tag) for tag in (EXIF_IFD, GPS_IFD) if tag in exif}
    for tag in set(exif) - set(directories):
        rest[tag] = exif[tag]
    return rest.tobytes() if len(rest) else b"", directories


def encoder_settings(source: Source, opened: Image.Image) -> dict[str, dict[str, Any]]:
    """The settings of Pillow's encoder, by format, that give a file of the same quality; empty where unknown."""
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        if set(opened.quantization) != set(range(len(opened.quantization))):  # Pillow writes tables from 0 on alone
            return {}
        settings = {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}
        return {"JPEG": settings | ({"progressive": True} if "progressive" in opened.info else {})}
    if opened.format == "TIFF" and opened.info.get("compression") in LOSSLESS_TIFF:
        return {"TIFF": {"compression": opened.info["compression"]}}
    if opened.format == "WEBP" and _is_lossless_webp(source):
        return {"WEBP": {"lossless": True}}
    return {}


def _is_lossless_webp(source: Source) -> bool:
    """Whether the first picture of a WebP file is in a VP8L chunk (RFC 9649)."""
    file = io.BytesIO(data_of(source))
    file.seek(12)  # RIFF, size, WEBP
    while len(head := file.read(8)) == 8 and head[:4] not in (b"VP8L", b"VP8 "):
        length = int.from_bytes(head[4:], "little")
        file.seek(length + length % 2, os.SEEK_CUR)
    return head[:4] == b"VP8L"
