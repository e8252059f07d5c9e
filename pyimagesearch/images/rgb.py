"""Pictures as 8-bit RGB, which networks train on."""

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from pyimagesearch.errors import InputError
from pyimagesearch.images.decoding import UnreadablePicture, decode_with_opencv, explained
from pyimagesearch.system.gcs import on_bucket

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".jp2")


def list_pictures(folder: str | os.PathLike[str]) -> list[Path]:
    """The pictures directly inside `folder`, by name. Raises InputError where there are none."""
    path = Path(folder)
    if on_bucket(os.fspath(folder)):
        raise InputError(f"{folder}: pictures are read from local folders; copy these to one first")
    if not path.is_dir():
        raise InputError(f"{path}: no such folder; name a folder of pictures")
    try:
        found = sorted(p for p in path.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))
    except PermissionError:
        raise InputError(f"{path}: this folder cannot be read (permission denied)") from None
    if not found:
        raise InputError(f"{path}: holds no picture ({', '.join(SUFFIXES)})")
    return found


def pixels(path: str | os.PathLike[str]) -> int:
    """How many pixels a file says it holds; 0 where only reading it can tell."""
    try:
        with Image.open(path) as opened:
            return opened.width * opened.height
    except Exception:  # whatever it is, read() says it
        return 0


def read_rgb(path: str | os.PathLike[str] | io.BytesIO) -> np.ndarray:
    """Any picture, from a file or from its bytes, as uint8 RGB (H, W, 3).

    EXIF rotation is applied; grey, palette, CMYK and 16-bit pictures are converted; transparent
    pixels are laid over white. A truncated or corrupt file raises UnreadablePicture.
    """
    try:
        with explained(path), Image.open(path) as opened:
            opened.load()
            ImageOps.exif_transpose(opened, in_place=True)  # no copy of the pixels where there is nothing to turn
            return _to_rgb(opened)
    except Image.UnidentifiedImageError:
        if isinstance(path, io.BytesIO):
            raise UnreadablePicture("not a picture that Pillow can read") from None
        return _read_with_opencv(path)


def _to_rgb(image: Image.Image) -> np.ndarray:
    if image.mode.startswith("I") or image.mode == "F":  # 16 bits a sample, or more
        grey = _to_8_bit(np.asarray(image))
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))


def are_of_unit_range(samples: np.ndarray) -> bool:
    """Whether floats are taken for [0, 1], and not for [0, 255]: where no finite one is above 1."""
    return bool(samples.max(initial=0.0, where=np.isfinite(samples)) <= 1.0)


def _to_8_bit(samples: np.ndarray) -> np.ndarray:
    if samples.dtype == np.uint8:
        return samples
    as_float = samples.astype(np.float64)
    if not np.issubdtype(samples.dtype, np.floating):
        as_float /= 257.0  # 65535 becomes 255
    elif are_of_unit_range(as_float):
        as_float *= 255.0
    return np.clip(np.rint(np.nan_to_num(as_float)), 0, 255).astype(np.uint8)


def _read_with_opencv(path: str | os.PathLike[str]) -> np.ndarray:
    samples = _to_8_bit(decode_with_opencv(path, Path(path).read_bytes()))
    if samples.ndim == 2:
        return np.repeat(samples[:, :, None], 3, axis=2)
    if samples.shape[2] == 4:
        alpha = samples[:, :, 3:].astype(np.float32) / 255.0
        samples = np.rint(samples[:, :, :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8)
    return samples
