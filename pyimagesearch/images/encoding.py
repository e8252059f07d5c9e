"""Writing pictures: Pillow encodes, OpenCV and tifffile where Pillow cannot, or is slow."""

import io
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from pyimagesearch.errors import InputError
from pyimagesearch.images import color_profiles, metadata, plugins, png_chunks, tiff_directories
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.images.picture import Picture
from pyimagesearch.system.files import appearing

WITH_ALPHA = (".png", ".tif", ".tiff", ".webp", ".jp2", ".avif", *plugins.FORMATS)
WITH_16_BITS = (".png", ".tif", ".tiff")
WITH_16_BIT_GREY = (".jxl",)
LONGEST = {".avif": 32768, ".webp": 16383, ".jpg": 65500, ".jpeg": 65500}  # pixels a side
FAST_PNG = {"compress_level": 1, "compress_type": 3}  # zlib's run-length strategy, which suits filtered rows
LONGEST_SEGMENT = 65533  # bytes of EXIF or of a comment in a JPEG
WITHOUT_PROFILE = ("BMP", "JPEG2000", "JXL")  # as Pillow writes them; the colours become sRGB
WITHOUT_GREY_ALPHA = ("AVIF", "HEIF")
# Encoder settings where those of the source are unknown.
DEFAULTS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"quality": 90},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
    "HEIF": {"quality": 90, "chroma": 444},
    "JXL": {"quality": 95},
    "TIFF": {"compression": "tiff_adobe_deflate"},
}


def check_format(path: str | os.PathLike[str], picture: Picture, height: int, width: int) -> None:
    """Raise InputError where the format of `path`'s suffix cannot hold the picture's channels in this size (pixels)."""
    check_writer(path)
    suffix = Path(path).suffix.lower()
    if picture.alpha and suffix not in WITH_ALPHA:
        raise InputError(f"{path}: {suffix} holds no transparency; name a .png, .tif or .webp file")
    with_16_bits = (*WITH_16_BITS, *WITH_16_BIT_GREY) if picture.samples.ndim == 2 else WITH_16_BITS
    if picture.samples.dtype == np.uint16 and suffix not in with_16_bits:
        raise InputError(f"{path}: {suffix} holds no 16 bits; name a .png or .tif file")
    if max(height, width) > LONGEST.get(suffix, max(height, width)):
        raise InputError(
            f"{path}: {suffix} holds at most {LONGEST[suffix]} pixels a side, not {width}x{height}; name a .png file"
        )


def check_writer(path: str | os.PathLike[str]) -> None:
    """Raise InputError where the format of `path`'s suffix needs a plug-in that is not installed."""
    file_format = plugins.FORMATS.get(Path(path).suffix.lower())
    if file_format and not plugins.load(file_format):
        raise InputError(f"{path}: is written with {plugins.EXTRA}; or name a .png file")


def write(path: str | os.PathLike[str], picture: Picture, on_whole: Callable[[str], object] = lambda _: None) -> None:
    """Write a picture in the format of the suffix. The file appears under its name only when it is whole.

    on_whole: called with the path of the whole file, just before it gets its name.
    Raises InputError where the format cannot hold the picture.

    >>> write("photo.png", Picture(np.zeros((480, 640, 3), np.uint8)))
    """
    check_format(path, picture, *picture.samples.shape[:2])
    with appearing(path) as beside:
        with open(beside, "w+b") as file:
            _save(file, Path(path).suffix, picture)
        on_whole(beside)


def encode(suffix: str, picture: Picture) -> bytes:
    """The bytes of a picture's file in the format of a suffix such as ".png", made for speed.

    A PNG takes at most a third of the time of `write`, and is 10 to 50% larger. Raises InputError where the format
    cannot hold the picture.

    >>> encode(".png", Picture(np.zeros((480, 640, 3), np.uint8)))[:4]
    b'\x89PNG'
    """
    check_format(f"picture{suffix}", picture, *picture.samples.shape[:2])
    if suffix == ".png" and picture.samples.shape[2:] != (2,):  # OpenCV has no grey with alpha
        return _fast_png(metadata.with_own_size(picture))
    file = io.BytesIO()
    _save(file, suffix, replace(picture, encoder={**picture.encoder, "PNG": FAST_PNG}))
    return file.getvalue()


def _fast_png(picture: Picture) -> bytes:
    cv2 = load_opencv()
    # As FAST_PNG, and one filter for all rows instead of the best for each row.
    fast = [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE]
    return _png_by_opencv(picture, [*fast, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_AVG])


def _save(file: BinaryIO, suffix: str, picture: Picture) -> None:
    picture = metadata.with_own_size(picture)
    file_format = Image.registered_extensions()[suffix.lower()]
    deep = picture.samples.dtype == np.uint16 and picture.samples.ndim == 3  # Pillow does not write these
    if deep and file_format == "PNG":
        file.write(_png_by_opencv(picture))
    elif file_format == "TIFF":
        (_save_deep_tiff if deep else _save_by_pillow)(file, picture, file_format)
        _append_exif(file, picture.exif)
    else:
        _save_by_pillow(file, picture, file_format)


def _save_by_pillow(file: BinaryIO, picture: Picture, file_format: str) -> None:
    settings = dict(picture.encoder.get(file_format, DEFAULTS.get(file_format, {})))
    exif, icc, pixels = picture.exif, picture.icc, picture.samples
    if file_format in WITHOUT_GREY_ALPHA and pixels.shape[2:] == (2,):
        pixels, icc = (color_profiles.to_srgb(pixels, icc) if icc else pixels)[:, :, [0, 0, 0, 1]], None
    if icc and (file_format in WITHOUT_PROFILE or (file_format == "WEBP" and pixels.ndim == 2)):
        pixels, icc = color_profiles.to_srgb(pixels, icc), None
    if file_format == "AVIF" and pixels.ndim == 2:
        settings["subsampling"] = "4:0:0"  # else grey becomes RGB
    if file_format == "JPEG":
        exif = metadata.shortened(exif, LONGEST_SEGMENT)
        comment = picture.texts.get(metadata.COMMENT, "").encode()
        settings |= {"comment": comment} if 0 < len(comment) <= LONGEST_SEGMENT else {}
    if file_format == "PNG":
        settings["pnginfo"] = png_chunks.texts(picture.texts)
    if file_format != "TIFF":  # libtiff, which compresses, writes no nested directories
        settings |= {"exif": exif} if exif else {}
    settings |= {"icc_profile": icc} if icc else {}
    Image.fromarray(pixels).save(file, format=file_format, **settings)


def _append_exif(file: BinaryIO, block: bytes) -> None:
    """Add the tags of an EXIF block to a TIFF. Those that the file has already describe its layout, and stay."""
    form, directory = tiff_directories.read(file)
    added = metadata.for_tiff(block, form.order)
    if added:
        tiff_directories.put_first(file, form, added | directory)


def _png_by_opencv(picture: Picture, settings: Sequence[int] = ()) -> bytes:
    """A PNG of 8 or 16 bits a channel. Grey with alpha, which OpenCV does not have, becomes RGBA."""
    cv2 = load_opencv()
    pixels = picture.samples
    if pixels.ndim == 3:
        pixels = pixels[:, :, [0, 0, 0, 1] if pixels.shape[2] == 2 else [2, 1, 0, 3][: pixels.shape[2]]]
    done, encoded = cv2.imencode(".png", pixels, settings)
    if not done:
        raise OSError("OpenCV could not write this PNG")
    # Not by OpenCV, which drops profiles that libpng rejects and writes the prefix of JPEG's EXIF too.
    return png_chunks.with_descriptions(encoded.tobytes(), picture.icc, picture.exif, picture.texts)


def _save_deep_tiff(file: BinaryIO, picture: Picture, _: str) -> None:
    """A TIFF of 16 bits a channel."""
    import tifffile

    pixels = picture.samples
    tifffile.imwrite(
        file, pixels, photometric="minisblack" if pixels.shape[2] == 2 else "rgb", planarconfig="contig",
        extrasamples=["unassalpha"] if picture.alpha else None, compression="zlib", predictor=True,
        iccprofile=picture.icc, software=False, metadata=None,
    )  # fmt: skip
