"""OpenCV, which is imported late: not every machine has its libraries, and few pictures need it."""

import os

import numpy as np

from pyimagesearch.errors import MissingLibraryError, one_line
from pyimagesearch.images.picture import Source, TooManyPixels, UnreadablePicture


def load_opencv():
    """The cv2 module. Raises MissingLibraryError, which says what to install."""
    try:
        import cv2
    except ImportError as error:
        raise MissingLibraryError(
            f"OpenCV cannot be imported ({one_line(error)}): pip install opencv-contrib-python, and on "
            "Debian or Ubuntu apt-get install libgl1 libsm6 libice6 libx11-6 libglib2.0-0"
        ) from None
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # its decoders log the errors that we raise
    return cv2


def limit_pixels(most: int) -> None:
    """Let OpenCV refuse pictures of more than `most` pixels by their header.

    Call it before anything imports OpenCV, which reads this setting once.
    """
    os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(most)


def decode(source: Source, data: bytes) -> np.ndarray:
    """The samples of `data`, the bytes of a picture's file, in the type that the file holds.

    Grey (H, W), RGB (H, W, 3) or RGBA (H, W, 4); EXIF orientation is not applied. Messages name `source`.
    """
    cv2 = load_opencv()
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        samples = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    except cv2.error as error:
        if "MAX_IMAGE" not in str(error):
            raise
        raise TooManyPixels(f"{source}: its header says more pixels than are allowed") from None
    if samples is None:
        raise UnreadablePicture(f"{source}: not a picture that Pillow or OpenCV can read, or a damaged one")
    if samples.ndim == 2:
        return samples
    return np.ascontiguousarray(samples[:, :, [2, 1, 0, 3][: samples.shape[2]]])
