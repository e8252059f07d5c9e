"""Reading pictures: Pillow decodes, OpenCV where Pillow does not know the format or would drop bits."""

import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
from PIL import Image, ImageFile, ImageOps, PngImagePlugin

from pyimagesearch.errors import InputError
from pyimagesearch.images import inspection, metadata, opencv, pixel_formats, ppm
from pyimagesearch.images.picture import Picture, Source, TooManyPixels, UnreadablePicture, data_of

Result = TypeVar("Result")

# Pillow warns above this number and refuses twice as many: a header of more than 500 megapixels is an error.
Image.MAX_IMAGE_PIXELS = 250_000_000
# Pillow inflates at most so many bytes of one text or ICC profile of a PNG: 1 MB would refuse profiles for printing.
PngImagePlugin.MAX_TEXT_CHUNK = inspection.MOST_PROFILE
ppm.register()
# Pillow warns of odd metadata, which does not change the pixels, and of corrupt files, for which we raise.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

# The formats of Pillow that are read for strangers. Not EPS, for one, which is a program.
OPEN_TO_ALL = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "JPEG2000", "PPM")


def read(source: Source, most: int | None = None) -> Picture:
    """The first picture of a file that Pillow or OpenCV reads. Palettes and CMYK become RGB, floats 16 bits.

    EXIF orientation is applied, here and in read_rgb each by its own decoder: change `_picture` and `_rgb` together.

    source: a path, or the bytes of a file as `Upload`.
    most: set it for a stranger's picture. Then only formats of OPEN_TO_ALL and those of OpenCV are read, of at most
        this many pixels, and within the limits of `inspection`.

    Raises InputError where there is no such file, UnreadablePicture where it is not a picture, corrupt or truncated,
    and TooManyPixels before anything is decoded.

    >>> read("photo.jpg").samples.shape
    (480, 640, 3)
    """
    formats = None
    if most is not None:
        formats = OPEN_TO_ALL
        with _decoder_errors(source):
            inspection.check_structure(data_of(source), source)
    return _decoded(
        source, formats, lambda opened: _picture(source, opened, most), lambda: Picture(_read_other(source, most))
    )


def read_rgb(source: Source) -> np.ndarray:
    """Any picture as uint8 RGB (H, W, 3).

    EXIF orientation is applied. Grey, palette, CMYK and 16-bit pictures are converted; transparent pixels are laid
    over white. Raises as `read` does.

    >>> read_rgb("photo.jpg").dtype
    dtype('uint8')
    """

    def read_other() -> np.ndarray:
        return pixel_formats.rgb_of_samples(opencv.decode(source, data_of(source)))

    return _decoded(source, None, _rgb, read_other)


def header_pixels(path: str | os.PathLike[str]) -> int:
    """The number of pixels by a file's header, without decoding it; 0 where Pillow cannot tell."""
    try:
        with Image.open(path) as opened:
            return opened.width * opened.height
    except Exception:  # reading the file will raise it again
        return 0


def _decoded(
    source: Source,
    formats: tuple[str, ...] | None,
    with_pillow: Callable[[ImageFile.ImageFile], Result],
    without: Callable[[], Result],
) -> Result:
    """with_pillow(opened) where Pillow can identify the file, else without()."""
    try:
        with _decoder_errors(source), Image.open(source, formats=formats) as opened:
            return with_pillow(opened)
    except Image.UnidentifiedImageError:
        with _decoder_errors(source):
            return without()


@contextmanager
def _decoder_errors(source: Source) -> Iterator[None]:
    """Turn what decoders raise into InputErrors that name the file, except UnidentifiedImageError."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{source}: no such file") from None
    except PermissionError:
        raise InputError(f"{source}: cannot be read (permission denied)") from None
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise TooManyPixels(f"{source}: its header says more than {most} megapixels, which no picture has") from None
    except (InputError, Image.UnidentifiedImageError):
        raise
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ...
        text = " ".join(str(error).split()) or type(error).__name__
        raise UnreadablePicture(f"{source}: corrupt or truncated picture ({text})") from None


def _rgb(opened: ImageFile.ImageFile) -> np.ndarray:
    opened.load()
    ImageOps.exif_transpose(opened, in_place=True)  # copies the pixels only where there is something to turn
    return pixel_formats.rgb_of_pillow(opened)


def _picture(source: Source, opened: ImageFile.ImageFile, most: int | None) -> Picture:
    _check_pixels(source, opened.height, opened.width, most)
    stored = str([tile.args for tile in opened.tile])  # empty once the picture is decoded
    deep = ";16" in stored and opened.mode in ("RGB", "RGBA", "LA")  # Pillow would keep only 8 bits of these
    if most is not None:
        _check_unpacked(source, opened)
    exif = metadata.read_exif(opened)
    orientation = exif.get(metadata.ORIENTATION, 1)
    encoder = metadata.encoder_settings(source, opened)
    opened.load()  # applies the orientation of a TIFF
    if deep:
        samples = _read_deep(source, grey="LA;16" in stored)
    else:
        samples = pixel_formats.samples_of_pillow(opened)
        orientation = 1 if opened.format == "TIFF" else orientation
    icc = None if opened.mode == "CMYK" else opened.info.get("icc_profile")
    kept = metadata.kept_exif(exif, tiff=opened.format == "TIFF")
    return Picture(pixel_formats.upright(samples, orientation), icc, kept, encoder)


def _check_unpacked(source: Source, opened: ImageFile.ImageFile) -> None:
    """Check what `inspection` sees only where Pillow has unpacked it.

    That is the EXIF that ImageMagick writes into a compressed text of a PNG, and the profile of CMYK.
    """
    if opened.mode == "CMYK":
        inspection.check_inks(opened.info.get("icc_profile") or b"", source)
    if opened.format == "PNG":
        opened.load()  # texts may follow the pixels
        inspection.check_exif_text(opened.info.get("Raw profile type exif", ""), source)


def _check_pixels(source: Source, height: int, width: int, most: int | None) -> None:
    if most is not None and height * width > most:
        raise TooManyPixels(f"{source}: {width}x{height} are {height * width} pixels; at most {most} are allowed")


def _read_deep(source: Source, *, grey: bool) -> np.ndarray:
    """16-bit samples of several channels, as they are stored. grey: with alpha, which OpenCV gives as RGBA."""
    data = data_of(source)
    if data[:2] in (b"II", b"MM"):
        data = _without_orientation(data)
    samples = opencv.decode(source, data)
    return np.ascontiguousarray(samples[:, :, [0, 3]]) if grey else samples


def _without_orientation(data: bytes) -> bytes:
    """A TIFF with its orientation set to upright. OpenCV would apply some orientations and fail at others."""
    import tifffile

    buffer = io.BytesIO(data)
    with tifffile.TiffFile(buffer) as tiff:
        tag = tiff.pages[0].tags.get("Orientation")  # type: ignore[union-attr]
        if tag is not None:
            tag.overwrite(1)
        return buffer.getvalue()


def _read_other(source: Source, most: int | None) -> np.ndarray:
    """The samples of files that Pillow cannot identify, such as TIFFs of floats or of 16-bit grey with alpha.

    most: as in `read`. OpenCV has its own limit, which `opencv.limit_pixels` sets.
    """
    import tifffile

    data = data_of(source)
    if data[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages[0]
            if page.shape[2:] == (2,):  # OpenCV would drop the alpha
                _check_pixels(source, page.shape[0], page.shape[1], most)
                if most is not None and page.compression != 1:  # tifffile does not bound what it inflates
                    raise UnreadablePicture(f"{source}: a compressed TIFF of a rare kind; save it as PNG")
                return pixel_formats.whole_samples(page.asarray())
    return pixel_formats.whole_samples(opencv.decode(source, data))
