"""From the pixel formats that files hold to those of this package: uint8 or uint16, grey or RGB, with or without alpha.

`samples_of_pillow` and `whole_samples` keep what the file has: grey, alpha, 16 bits. `rgb_of_samples` makes uint8 RGB.
"""

import io

import numpy as np
from PIL import Image, ImageCms

from pyimagesearch.images import resize
from pyimagesearch.images.picture import UnreadablePicture

ALPHA_MODES = ("RGBA", "LA", "PA", "La", "RGBa")


def samples_of_pillow(image: Image.Image) -> np.ndarray:
    """uint8 or uint16 samples of a picture that Pillow has loaded; palettes and CMYK become RGB."""
    if _is_deep_grey(image):
        return whole_samples(np.asarray(image))
    if image.mode == "CMYK":
        return np.array(_cmyk_to_rgb(image))
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if grey else "RGB") + ("A" if _has_alpha(image) else "")
    return np.array(image if image.mode == mode else image.convert(mode))


def rgb_of_samples(samples: np.ndarray) -> np.ndarray:
    """uint8 RGB (H, W, 3) of uint8 or uint16 samples as those of `Picture`; transparency is laid over white."""
    samples = _to_8_bits(samples)
    if samples.ndim == 2:
        return np.repeat(samples[:, :, None], 3, axis=2)
    if samples.shape[2] in (2, 4):
        alpha = samples[:, :, -1:].astype(np.float32) / 255.0
        samples = np.rint(samples[:, :, :-1] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return samples if samples.shape[2] == 3 else np.repeat(samples, 3, axis=2)


def whole_samples(samples: np.ndarray) -> np.ndarray:
    """Samples of any type as uint8 or uint16. Floats are black at 0 and white at 1; above it they are refused."""
    if samples.dtype == np.uint8:
        return samples
    if np.issubdtype(samples.dtype, np.floating):
        largest = samples.max(initial=0.0, where=np.isfinite(samples))
        if largest > 1.0:
            raise UnreadablePicture(
                f"floats up to {largest:.4g}, where 1 is white; tone-map what is in HDR, and save it with 16 or 8 bits"
            )
        numbers = np.nan_to_num(samples.astype(np.float64), posinf=1.0, neginf=0.0)
        return resize.to_whole(numbers * 65535.0, np.dtype(np.uint16))
    if samples.min(initial=0) < 0 or samples.max(initial=0) > 65535:
        raise UnreadablePicture(f"samples of {samples.dtype} beyond 16 bits; save it with 16 or 8 bits")
    return samples.astype(np.uint16)


def stretched(samples: np.ndarray, bits: int) -> np.ndarray:
    """uint16 samples of 0 to 65535, from those of fewer bits."""
    return (samples << (16 - bits)) | (samples >> (2 * bits - 16)) if 8 <= bits < 16 else samples


def upright(samples: np.ndarray, orientation: int) -> np.ndarray:
    """Apply EXIF orientation 1 to 8 (TIFF 6.0, tag 274) to samples as they are stored."""
    if orientation in (5, 6, 7, 8):
        samples = samples.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    return np.ascontiguousarray(samples)


def _is_deep_grey(image: Image.Image) -> bool:
    return image.mode.startswith("I") or image.mode == "F"  # one channel of 16 bits or more


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ALPHA_MODES or "transparency" in image.info


def _cmyk_to_rgb(image: Image.Image) -> Image.Image:
    """sRGB by the picture's profile; by Pillow's formula where it has no profile that fits."""
    try:
        inks = ImageCms.ImageCmsProfile(io.BytesIO(image.info.get("icc_profile", b"")))
        rgb = ImageCms.profileToProfile(image, inks, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (OSError, ImageCms.PyCMSError):
        rgb = None
    return rgb or image.convert("RGB")


def _to_8_bits(samples: np.ndarray) -> np.ndarray:
    return samples if samples.dtype == np.uint8 else np.rint(samples / np.float32(257)).astype(np.uint8)
