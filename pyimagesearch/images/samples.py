"""Samples as files hold them: uint8 or uint16, grey (H, W), grey with alpha (H, W, 2), RGB or RGBA (H, W, 3 or 4)."""

import io

import numpy as np
from PIL import Image, ImageCms

from pyimagesearch.images import decoding, resize, rgb
from pyimagesearch.images.decoding import Source, UnreadablePicture


def read_deep(path: Source, *, grey: bool) -> np.ndarray:
    """16-bit samples of several channels, as they are stored."""
    data = decoding.data_of(path)
    if data[:2] in (b"II", b"MM"):
        data = _unturned_tiff(data)
    samples = decoding.decode_with_opencv(path, data)
    return np.ascontiguousarray(samples[:, :, [0, 3]]) if grey else samples


def _unturned_tiff(data: bytes) -> bytes:
    """The TIFF without its orientation, of which OpenCV applies some and fails at others."""
    import tifffile

    buffer = io.BytesIO(data)
    with tifffile.TiffFile(buffer) as tiff:
        tag = tiff.pages[0].tags.get("Orientation")  # type: ignore[union-attr]
        if tag is not None:
            tag.overwrite(1)
        return buffer.getvalue()


def read_unknown(path: Source, most: int | None = None) -> np.ndarray:
    """What Pillow cannot identify: floats of several channels, say, and 16-bit grey with alpha.

    most: pixels that are allowed. OpenCV has to be told by decoding.limit_opencv.
    """
    import tifffile

    data = decoding.data_of(path)
    if data[:2] in (b"II", b"MM"):
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages[0]
            if page.shape[2:] == (2,):  # OpenCV would drop the alpha
                decoding.check_pixels(path, page.shape[0], page.shape[1], most)
                if most is not None and page.compression != 1:  # tifffile bounds no decompression
                    raise UnreadablePicture(f"{path}: a compressed TIFF of a rare kind; save it as PNG")
                return _whole_numbers(page.asarray())
    return _whole_numbers(decoding.decode_with_opencv(path, data))


def of_pillow(image: Image.Image) -> np.ndarray:
    """The samples of a picture that Pillow has loaded."""
    if image.mode.startswith("I") or image.mode == "F":
        return _whole_numbers(np.asarray(image))
    if image.mode == "CMYK":
        return np.array(_cmyk_to_rgb(image))
    grey = image.mode in ("1", "L", "LA", "La")
    alpha = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    mode = ("L" if grey else "RGB") + ("A" if alpha else "")
    return np.array(image if image.mode == mode else image.convert(mode))


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """sRGB by the picture's profile, or plainly where it has none that fits."""
    try:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(image.info.get("icc_profile", b"")))
        rgb = ImageCms.profileToProfile(image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        rgb = None
    return rgb or image.convert("RGB")


def _whole_numbers(samples: np.ndarray) -> np.ndarray:
    """Any samples as uint8 or uint16; floats are taken for [0, 1], or [0, 255] where some are above 1."""
    if samples.dtype == np.uint8:
        return samples
    if np.issubdtype(samples.dtype, np.floating):
        unit = 65535.0 if rgb.are_of_unit_range(samples) else 257.0
        numbers = np.nan_to_num(samples.astype(np.float64), posinf=256.0, neginf=0.0)
        return resize.to_whole(numbers * unit, np.dtype(np.uint16))
    if samples.min(initial=0) < 0 or samples.max(initial=0) > 65535:
        raise UnreadablePicture(f"samples of {samples.dtype} beyond 16 bits; 8 and 16 bits can be upscaled")
    return samples.astype(np.uint16)


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Samples as they are to be seen, from those of EXIF orientation 1 to 8 (TIFF 6.0, tag 274)."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)
