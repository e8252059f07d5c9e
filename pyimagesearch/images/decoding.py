"""Reading pictures: Pillow decodes, OpenCV where Pillow does not know the format or would drop bits."""

import io
import os
import re
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
from PIL import AvifImagePlugin, Image, ImageFile, PngImagePlugin

from pyimagesearch.errors import InputError, one_line
from pyimagesearch.images import (
    color_profiles,
    inspection,
    jpeg2000,
    metadata,
    opencv,
    other_formats,
    pixel_formats,
    png_chunks,
    ppm,
    tiff_directories,
    tiff_samples,
)
from pyimagesearch.images.picture import Picture, Source, TooManyPixels, UnreadablePicture, data_of
from pyimagesearch.system.gcs import is_failure

# Pillow warns above this number and refuses twice as many: a header of more than 500 megapixels is an error.
Image.MAX_IMAGE_PIXELS = 250_000_000
# Pillow inflates at most so many bytes of one text or ICC profile of a PNG: 1 MB would refuse profiles for printing.
PngImagePlugin.MAX_TEXT_CHUNK = inspection.MOST_PROFILE
AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # the stack of each thread counts as memory of a server's worker
ppm.register()
# Pillow warns of odd metadata, which does not change the pixels, and of corrupt files, for which we raise.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# The formats of Pillow that are read for strangers. Not EPS, for one, which is a program.
OPEN_TO_ALL = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM", "AVIF")
ICC_TAG = 34675  # of TIFF
GREY_MODES = ("1", "L", "LA", "I;16", "I")
HEAD = 1 << 16  # bytes of an AVIF that hold its properties
AVIF_COLOURS = re.compile(rb"colrnclx(.{4})", re.DOTALL)  # primaries and transfer function (ISO/IEC 14496-12, 12.1.5)


def read(source: Source, most: int | None = None) -> Picture:
    """The first picture of a file that Pillow or OpenCV reads. Palettes and CMYK become RGB, floats 16 bits.

    source: a path, or the bytes of a file as `Upload`.
    most: set it for a stranger's picture. Then only formats of OPEN_TO_ALL and those of OpenCV are read, of at most
        this many pixels, and within the limits of `inspection`.

    Raises InputError where there is no such file, UnreadablePicture where it is not a picture, corrupt or truncated, or
    of a format of `other_formats`, and TooManyPixels before anything is decoded.

    >>> read("photo.jpg").samples.shape
    (480, 640, 3)
    """
    with _decoder_errors(source):
        data = data_of(source)
        if most is not None:
            inspection.check_structure(data, source)
        other_formats.refuse(data, source, stranger=most is not None)
        try:
            with Image.open(io.BytesIO(data), formats=None if most is None else OPEN_TO_ALL) as opened:
                return _by_pillow(source, data, opened, most)
        except Image.UnidentifiedImageError:
            return _without_pillow(source, data, most)


def read_rgb(source: Source) -> np.ndarray:
    """Any picture as uint8 RGB (H, W, 3).

    EXIF orientation is applied. Grey, palette, CMYK and 16-bit pictures are converted; transparent pixels are laid
    over white. Raises as `read` does.

    >>> read_rgb("photo.jpg").dtype
    dtype('uint8')
    """
    return pixel_formats.rgb_of_samples(read(source).samples)


def header_pixels(path: str | os.PathLike[str]) -> int:
    """The number of pixels by a file's header, without decoding it; 0 where Pillow cannot tell."""
    try:
        with Image.open(path) as opened:
            return opened.width * opened.height
    except Exception:  # reading the file will raise it again
        return 0


@contextmanager
def _decoder_errors(source: Source) -> Iterator[None]:
    """Turn what decoders raise into InputErrors that name the file."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{source}: no such file") from None
    except PermissionError:
        raise InputError(f"{source}: cannot be read (permission denied)") from None
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise TooManyPixels(f"{source}: its header says more than {most} megapixels, which no picture has") from None
    except UnreadablePicture as error:
        if str(source) in str(error):
            raise
        raise UnreadablePicture(f"{source}: {error}") from None
    except InputError:
        raise
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ...
        if is_failure(error):  # of the bucket, not of the picture
            raise
        text = one_line(error) or type(error).__name__
        raise UnreadablePicture(f"{source}: corrupt or truncated picture ({text})") from None


def _by_pillow(source: Source, data: bytes, opened: ImageFile.ImageFile, most: int | None) -> Picture:
    _check_pixels(source, opened.height, opened.width, most)
    if opened.format == "PNG":
        png_chunks.check(data, source)
    encoder = metadata.encoder_settings(data, opened)  # of the picture before it is loaded
    if opened.format == "TIFF":
        picture = _tiff(source, data, most, opened)
    else:
        stored = str([tile.args for tile in opened.tile])  # empty once the picture is decoded
        # Before its EXIF: Pillow loads a PNG to find that, and a broken picture must not pass for broken EXIF.
        opened.load()
        if most is not None:
            _check_unpacked(source, opened)
        deep = _samples_of_16_bits(source, data, opened, stored)
        samples = pixel_formats.samples_of_pillow(opened) if deep is None else deep
        upright = pixel_formats.upright(samples, metadata.orientation(opened))
        picture = Picture(upright, _profile(data, opened), metadata.exif_of(opened), texts=metadata.texts_of(opened))
    return replace(picture, encoder=encoder, frames=metadata.frames(opened) if most is None else 1)


def _without_pillow(source: Source, data: bytes, most: int | None) -> Picture:
    if data[:2] in (b"II", b"MM"):
        return _tiff(source, data, most)
    if data.startswith(png_chunks.SIGNATURE):
        png_chunks.check(data, source)
    return Picture(pixel_formats.whole_samples(opencv.decode(source, data)))


def _samples_of_16_bits(source: Source, data: bytes, opened: ImageFile.ImageFile, stored: str) -> np.ndarray | None:
    """The samples, as they are stored, where Pillow keeps only 8 bits of them, or gets white wrong; else None.

    stored: Pillow's names of what the file holds.
    """
    if opened.format == "JPEG2000" and (bits := jpeg2000.precision(data)) > 8:
        return pixel_formats.stretched(opencv.decode(source, data), bits)
    if ";16" not in stored or opened.mode not in ("RGB", "RGBA", "LA"):
        return None
    samples = opencv.decode(source, data)
    return np.ascontiguousarray(samples[:, :, [0, 3]]) if "LA;16" in stored else samples  # OpenCV gives RGBA


def _profile(data: bytes, opened: ImageFile.ImageFile) -> bytes | None:
    if opened.mode == "CMYK":  # its colours have been converted
        return None
    grey = opened.mode in GREY_MODES
    stored = opened.info.get("icc_profile")
    if opened.format == "PNG":
        return color_profiles.of_png(png_chunks.colours(data), grey=grey) or stored
    if opened.format == "AVIF" and (numbers := AVIF_COLOURS.search(data[:HEAD])):
        return stored or color_profiles.of_numbers(*struct.unpack(">HH", numbers[1]), grey=grey)
    if opened.format == "HEIF" and (numbers := opened.info.get("nclx_profile")):
        primaries, transfer = numbers["color_primaries"], numbers["transfer_characteristics"]
        return stored or color_profiles.of_numbers(primaries, transfer, grey=grey)
    return jpeg2000.profile(data) if opened.format == "JPEG2000" else stored


def _tiff(source: Source, data: bytes, most: int | None, opened: ImageFile.ImageFile | None = None) -> Picture:
    """opened: the file, where Pillow can identify it."""
    form, directory = tiff_directories.read(io.BytesIO(data))
    if opened is not None and not tiff_samples.is_deep(tiff_samples.layout(form, directory)):
        if most is not None:
            _check_unpacked(source, opened)
        opened.load()  # applies the orientation
        samples = pixel_formats.samples_of_pillow(opened)
        icc = None if opened.mode == "CMYK" else opened.info.get("icc_profile")
    else:
        _check_pixels(source, *tiff_samples.size(form, directory), most)
        stored = tiff_samples.decode(source, data, form, directory, stranger=most is not None)
        turned = tiff_directories.integers(form, directory, metadata.ORIENTATION, 1)[0]
        samples = pixel_formats.upright(pixel_formats.whole_samples(stored), turned)
        icc = tiff_directories.bytes_of(directory, ICC_TAG)
    return Picture(samples, icc, metadata.exif_of_tiff(form, directory))


def _check_unpacked(source: Source, opened: ImageFile.ImageFile) -> None:
    """Check what `inspection` sees only where Pillow has unpacked it.

    That is the EXIF of AVIF, the one that ImageMagick writes into a compressed text of a PNG, and the profile of CMYK.
    """
    if opened.mode == "CMYK":
        inspection.check_inks(opened.info.get("icc_profile") or b"", source)
    if opened.format == "AVIF":
        inspection.check_exif_block(opened.info.get("exif", b""), source)
    if opened.format == "PNG":
        inspection.check_exif_text(opened.info.get("Raw profile type exif", ""), source)


def _check_pixels(source: Source, height: int, width: int, most: int | None) -> None:
    if most is not None and height * width > most:
        raise TooManyPixels(f"{source}: {width}x{height} are {height * width} pixels; at most {most} are allowed")
