"""What reading any picture needs: OpenCV where Pillow does not know the format, and one line for whatever fails."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from pyimagesearch.errors import InputError, MissingLibraryError

# Pillow warns from here on and refuses twice as many: a header that says more than 500 megapixels is a fault.
Image.MAX_IMAGE_PIXELS = 250_000_000
# What Pillow says of odd metadata is no concern of whoever reads pixels, and of a corrupt file we say it ourselves.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")

Source = str | os.PathLike[str] | io.BytesIO  # a picture's file, or what one holds


class UnreadablePicture(InputError):
    """A file that is no whole picture."""


class TooManyPixels(UnreadablePicture):
    """A picture whose header says more pixels than are allowed."""


class Upload(io.BytesIO):
    """A picture that has no file."""

    def __str__(self) -> str:
        return "the picture"


def data_of(source: Source) -> bytes:
    """The bytes of a picture's file."""
    return source.getvalue() if isinstance(source, io.BytesIO) else Path(source).read_bytes()


def check_pixels(source: Source, height: int, width: int, most: int | None) -> None:
    """Raise TooManyPixels where that is more than `most` pixels (None: any number)."""
    if most is not None and height * width > most:
        raise TooManyPixels(f"{source}: {width}x{height} are {height * width} pixels; at most {most} are allowed")


@contextmanager
def explained(path: Source) -> Iterator[None]:
    """Turn what decoders raise of the picture `path` into an InputError, but for what Pillow cannot identify."""
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: cannot be read (permission denied)") from None
    except Image.DecompressionBombError:
        most = 2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6
        raise TooManyPixels(f"{path}: its header says more than {most} megapixels, which no picture has") from None
    except (InputError, Image.UnidentifiedImageError):
        raise
    except Exception as error:  # Pillow's decoders raise OSError, SyntaxError, ValueError, struct.error, ...
        raise UnreadablePicture(f"{path}: corrupt or truncated picture ({_one_line(error)})") from None


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def opencv():
    """The cv2 module, or a MissingLibraryError that says what to install."""
    try:
        import cv2
    except ImportError as error:
        raise MissingLibraryError(
            f"OpenCV cannot be imported ({_one_line(error)}): pip install opencv-contrib-python, and on "
            "Debian or Ubuntu apt-get install libgl1 libsm6 libice6 libx11-6 libglib2.0-0"
        ) from None
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its codecs log what we raise
    return cv2


def limit_opencv(pixels: int) -> None:
    """Let OpenCV refuse larger pictures by their header. It reads this once, when it is imported."""
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(pixels)


def decode_with_opencv(path: Source, data: bytes) -> np.ndarray:
    """Samples of any type, grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4), as the file `path` of bytes `data` holds them;
    not turned."""
    cv2 = opencv()
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        samples = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error as error:
        if "MAX_IMAGE" not in str(error):
            raise
        raise TooManyPixels(f"{path}: its header says more pixels than are allowed") from None
    if samples is None:
        raise UnreadablePicture(f"{path}: not a picture that Pillow or OpenCV can read")
    if samples.ndim == 2:
        return samples
    return np.ascontiguousarray(samples[:, :, [2, 1, 0, 3][: samples.shape[2]]])
