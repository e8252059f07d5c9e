"""From the pixel formats that files hold to those of this package: uint8 or uint16, grey or RGB, with or without alpha.

`whole_samples` keeps what the file has: grey, alpha, 16 bits. `rgb_of_...` make uint8 RGB of it.
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


def rgb_of_pillow(image: Image.Image) -> np.ndarray:
    """uint8 RGB (H, W, 3) of a picture that Pillow has loaded; transparent pixels are laid over white."""
    if _is_deep_grey(image):
        return _grey_to_rgb(_to_8_bits(np.asarray(image)))
    if _has_alpha(image):
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def rgb_of_samples(samples: np.ndarray) -> np.ndarray:
    """uint8 RGB (H, W, 3) of samples of any type, (H, W), (H, W, 3) or (H, W, 4); transparency is laid over white."""
    samples = _to_8_bits(samples)
    if samples.ndim == 2:
        return _grey_to_rgb(samples)
    if samples.shape[2] == 4:
        alpha = samples[:, :, 3:].astype(np.float32) / 255.0
        samples = np.rint(samples[:, :, :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return samples


def whole_samples(samples: np.ndarray) -> np.ndarray:
    """Samples of any type as uint8 or uint16. Floats are taken for [0, 1], or for [0, 255] where some are above 1."""
    if samples.dtype == np.uint8:
        return samples
    if np.issubdtype(samples.dtype, np.floating):
        unit = 65535.0 if _are_of_unit_range(samples) else 257.0
        numbers = np.nan_to_num(samples.astype(np.float64), posinf=256.0, neginf=0.0)
        return resize.to_whole(numbers * unit, np.dtype(np.uint16))
    if samples.min(initial=0) < 0 or samples.max(initial=0) > 65535:
        raise UnreadablePicture(f"samples of {samples.dtype} beyond 16 bits; 8 and 16 bits can be upscaled")
    return samples.astype(np.uint16)


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


def _grey_to_rgb(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey[:, :, None], 3, axis=2)


def _are_of_unit_range(samples: np.ndarray) -> bool:
    """Whether floats are taken for [0, 1] and not for [0, 255]: no finite one is above 1."""
    return bool(samples.max(initial=0.0, where=np.isfinite(samples)) <= 1.0)


def _to_8_bits(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.uint8:
        return samples
    as_float = samples.astype(np.float64)
    if not np.issubdtype(samples.dtype, np.floating):
        as_float /= 257.0  # 65535 becomes 255
    elif _are_of_unit_range(as_float):
        as_float *= 255.0
    return np.clip(np.rint(np.nan_to_num(as_float)), 0, 255).astype(np.uint8)
