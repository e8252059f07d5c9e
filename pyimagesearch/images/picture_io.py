"""Pictures with all that their files hold: grey, alpha, 16 bits, ICC profile, EXIF, the encoder's quality.

`images` reads what networks train on, uint8 RGB; this module is for pictures that are given back to their owner.
"""

import io
import os
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import ExifTags, Image, JpegImagePlugin

from pyimagesearch.errors import InputError
from pyimagesearch.images import decoding, samples
from pyimagesearch.images.decoding import Source
from pyimagesearch.system.files import appearing

ORIENTATION = int(ExifTags.Base.Orientation)
EXIF_IFD, GPS_IFD = int(ExifTags.IFD.Exif), int(ExifTags.IFD.GPSInfo)
SIZE_TAGS = (int(ExifTags.Base.ExifImageWidth), int(ExifTags.Base.ExifImageHeight))
# Of a TIFF's tags those that describe the picture; the others say how the file is laid out.
DESCRIPTIONS = tuple(
    int(tag)
    for tag in (
        ExifTags.Base.ImageDescription, ExifTags.Base.Make, ExifTags.Base.Model, ExifTags.Base.Software,
        ExifTags.Base.DateTime, ExifTags.Base.Artist, ExifTags.Base.Copyright, EXIF_IFD, GPS_IFD,
    )
)  # fmt: skip

WITH_ALPHA = (".png", ".tif", ".tiff", ".webp", ".jp2")
WITH_16_BITS = (".png", ".tif", ".tiff")
LONGEST = {".webp": 16383, ".jpg": 65500, ".jpeg": 65500}  # pixels a side
# What strangers' pictures may be, of all that Pillow knows: EPS, for one, is a program.
OPEN_TO_ALL = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM")
FAST_PNG = {"compress_level": 1, "compress_type": 3}  # zlib's run lengths, which suit filtered rows
PNG_HEADER = 33  # bytes of the signature and of IHDR, the first chunk
LOSSLESS_TIFF = ("raw", "packbits", "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate")
# Encoder settings where the source's own are unknown.
DEFAULTS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 90},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


@dataclass
class Picture:
    """uint8 or uint16 samples, upright: (H, W), (H, W, 2) with alpha, (H, W, 3), (H, W, 4) with alpha."""

    samples: np.ndarray
    icc: bytes | None = None
    exif: bytes = b""  # without orientation, which has been applied, and without thumbnail
    encoder: dict[str, dict[str, Any]] = field(default_factory=dict)  # Pillow's settings by format, as in the source

    @property
    def alpha(self) -> bool:
        return self.samples.ndim == 3 and self.samples.shape[2] in (2, 4)


def read(path: Source, most: int | None = None) -> Picture:
    """The first picture of a file that Pillow or OpenCV reads. Palettes and CMYK become RGB, floats 16 bits.

    most: for a stranger's picture. Only OPEN_TO_ALL and what OpenCV knows is read, of at most so many pixels.
    Raises InputError where there is none, UnreadablePicture where it is corrupt or truncated, TooManyPixels before
    anything is decoded.
    """
    try:
        with decoding.explained(path), Image.open(path, formats=None if most is None else OPEN_TO_ALL) as opened:
            decoding.check_pixels(path, opened.height, opened.width, most)
            stored = str([tile.args for tile in opened.tile])  # before anything decodes it
            deep = ";16" in stored and opened.mode in ("RGB", "RGBA", "LA")  # Pillow keeps 8 bits of them
            exif = _exif(opened)
            orientation = exif.get(ORIENTATION, 1)
            encoder = _encoder(path, opened)
            opened.load()  # TIFFs are turned by it
            if deep:
                found = samples.read_deep(path, grey="LA;16" in stored)
            else:
                found = samples.of_pillow(opened)
                orientation = 1 if opened.format == "TIFF" else orientation
            icc = None if opened.mode == "CMYK" else opened.info.get("icc_profile")
            kept = _kept_exif(exif, DESCRIPTIONS if opened.format == "TIFF" else None)
            return Picture(samples.upright(found, orientation), icc, kept, encoder)
    except Image.UnidentifiedImageError:
        with decoding.explained(path):
            return Picture(samples.read_unknown(path, most))


def _exif(opened: Image.Image) -> Image.Exif:
    try:
        return opened.getexif()
    except Exception:  # a picture with broken EXIF is a picture still
        return Image.Exif()


def _kept_exif(exif: Image.Exif, tags: tuple[int, ...] | None) -> bytes:
    """What outlives the file: these tags (None: all) without orientation and thumbnail; nothing of broken EXIF."""
    kept = Image.Exif()
    try:
        for tag in set(exif if tags is None else tags) & set(exif) - {ORIENTATION}:
            value = exif.get_ifd(tag) if tag in (EXIF_IFD, GPS_IFD) else exif[tag]
            if value:
                kept[tag] = value
        return kept.tobytes() if len(kept) else b""
    except Exception:
        return b""


def _resized(picture: Picture) -> Picture:
    """The same, whose EXIF says its size wherever it says one."""
    if not picture.exif:
        return picture
    exif = Image.Exif()
    exif.load(picture.exif)
    within = exif.get_ifd(EXIF_IFD)
    sides = zip(SIZE_TAGS, picture.samples.shape[1::-1], strict=True)
    within.update({tag: side for tag, side in sides if tag in within})
    return replace(picture, exif=exif.tobytes())


def _encoder(path: Source, opened: Image.Image) -> dict[str, dict[str, Any]]:
    """What made the file as small as it is, where Pillow can say it, as settings of Pillow's encoder."""
    if isinstance(opened, JpegImagePlugin.JpegImageFile):
        settings = {"qtables": opened.quantization, "subsampling": JpegImagePlugin.get_sampling(opened)}
        return {"JPEG": settings | ({"progressive": True} if "progressive" in opened.info else {})}
    if opened.format == "TIFF" and opened.info.get("compression") in LOSSLESS_TIFF:
        return {"TIFF": {"compression": opened.info["compression"]}}
    if opened.format == "WEBP" and _lossless_webp(path):
        return {"WEBP": {"lossless": True}}
    return {}


def _lossless_webp(path: Source) -> bool:
    """Whether the first picture of a WebP file is in a VP8L chunk (RFC 9649)."""
    file = io.BytesIO(decoding.data_of(path))
    file.seek(12)  # RIFF, size, WEBP
    while len(head := file.read(8)) == 8 and head[:4] not in (b"VP8L", b"VP8 "):
        length = int.from_bytes(head[4:], "little")
        file.seek(length + length % 2, os.SEEK_CUR)
    return head[:4] == b"VP8L"


def check_format(path: str | os.PathLike[str], picture: Picture, height: int, width: int) -> None:
    """Raise InputError where the format of `path` cannot hold the picture in this size."""
    suffix = Path(path).suffix.lower()
    if picture.alpha and suffix not in WITH_ALPHA:
        raise InputError(f"{path}: {suffix} holds no transparency; name a .png, .tif or .webp file")
    if picture.samples.dtype == np.uint16 and suffix not in WITH_16_BITS:
        raise InputError(f"{path}: {suffix} holds no 16 bits; name a .png or .tif file")
    if max(height, width) > LONGEST.get(suffix, max(height, width)):
        raise InputError(
            f"{path}: {suffix} holds at most {LONGEST[suffix]} pixels a side, not {width}x{height}; name a .png file"
        )


def write(path: str | os.PathLike[str], picture: Picture) -> None:
    """Write a picture in the format of the suffix; the file appears only when it is whole."""
    check_format(path, picture, *picture.samples.shape[:2])
    with appearing(path) as beside, open(beside, "w+b") as file:
        _save(file, Path(path).suffix, picture)


def encode(suffix: str, picture: Picture) -> bytes:
    """The file of a picture in the format of a suffix such as `.png`, for who waits for it: a PNG takes a third of
    the time or less, and is a tenth to a half larger. Raises InputError where the format cannot hold it."""
    check_format(f"picture{suffix}", picture, *picture.samples.shape[:2])
    if suffix == ".png" and picture.samples.shape[2:] != (2,):  # grey with alpha, which OpenCV has not
        return _fast_png(_resized(picture))
    file = io.BytesIO()
    _save(file, suffix, replace(picture, encoder={**picture.encoder, "PNG": FAST_PNG}))
    return file.getvalue()


def _fast_png(picture: Picture) -> bytes:
    cv2 = decoding.opencv()
    # FAST_PNG, and one filter for all rows instead of the best for each.
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return _png_by_opencv(picture, [*fast, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG])


def _save(file: BinaryIO, suffix: str, picture: Picture) -> None:
    picture = _resized(picture)
    pixels = picture.samples
    file_format = Image.registered_extensions()[suffix.lower()]
    if pixels.dtype == np.uint16 and pixels.ndim == 3:  # which Pillow does not write
        if file_format == "PNG":
            file.write(_png_by_opencv(picture))
        else:
            _save_deep_tiff(file, picture)
        return
    settings = dict(picture.encoder.get(file_format, DEFAULTS.get(file_format, {})))
    settings |= {key: data for key, data in (("exif", picture.exif), ("icc_profile", picture.icc)) if data}
    Image.fromarray(pixels).save(file, format=file_format, **settings)


def _png_by_opencv(picture: Picture, settings: Sequence[int] = ()) -> bytes:
    """8 or 16 bits a channel. OpenCV has no grey with alpha: RGB with alpha here."""
    cv2 = decoding.opencv()
    pixels = picture.samples
    if pixels.ndim == 3:
        pixels = pixels[:, :, [0, 0, 0, 1] if pixels.shape[2] == 2 else [2, 1, 0, 3][: pixels.shape[2]]]
    done, encoded = cv2.imencode(".png", pixels, settings)
    if not done:
        raise OSError("OpenCV could not write this PNG")
    # OpenCV would leave out profiles that libpng finds fault with, and takes EXIF as it is given.
    chunks = _png_chunk(b"iCCP", b"ICC Profile\0\0" + zlib.compress(picture.icc)) if picture.icc else b""
    chunks += _png_chunk(b"eXIf", picture.exif.removeprefix(b"Exif\0\0")) if picture.exif else b""
    data = encoded.tobytes()
    return data[:PNG_HEADER] + chunks + data[PNG_HEADER:]


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file (W3C PNG, section 5.3)."""
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def _save_deep_tiff(file: BinaryIO, picture: Picture) -> None:
    """16 bits a channel; of EXIF only the texts, since tifffile writes no directories of tags."""
    import tifffile

    pixels = picture.samples
    exif = Image.Exif()
    exif.load(picture.exif)
    texts = [(tag, "s", 0, value, True) for tag, value in exif.items() if isinstance(value, str)]
    tifffile.imwrite(
        file, pixels, photometric="minisblack" if pixels.shape[2] == 2 else "rgb", planarconfig="contig",
        extrasamples=["unassalpha"] if picture.alpha else None, compression="zlib", predictor=True,
        iccprofile=picture.icc, extratags=texts, software=False, metadata=None,
    )  # fmt: skip
