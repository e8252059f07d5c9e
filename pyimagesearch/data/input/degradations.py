"""Damage that photographs have before they are made larger: blur, resizing, noise, JPEG, ringing.

Wang et al., "Real-ESRGAN: Training Real-World Blind Super-Resolution with Pure Synthetic Data" (arXiv 2107.10833),
section 3. What is applied, how probably and how strongly is in degradation_presets.py.
"""

from collections.abc import Callable

import numpy as np

from pyimagesearch.data.input import blur_kernels
from pyimagesearch.data.input.degradation_presets import DegradationPreset, Step
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.images.resize import downscale
from pyimagesearch.system.registry import Registry

LEAST_SIDE = 4  # pixels, below which the step "resize" makes no picture

Range = tuple[float, float]
# f(picture, rng, size, **options) -> picture: float32 RGB (h, w, 3), about in [0, 1]. size: height and width of the LR
# picture that is being made. options: what a Step of a preset gives.
DEGRADATIONS: Registry[Callable[..., np.ndarray]] = Registry("degradation")


def degrade(hr: np.ndarray, scale: int, preset: DegradationPreset, rng: np.random.Generator) -> np.ndarray:
    """The LR picture, uint8 (H/scale, W/scale, 3), that a degraded photograph of `hr` would be.

    hr: uint8 RGB (H, W, 3), whose sides divide by `scale`. The same generator state gives the same picture.
    """
    if rng.random() < preset.clean:
        return downscale(hr, scale)
    size = (hr.shape[0] // scale, hr.shape[1] // scale)
    picture = hr.astype(np.float32) / 255
    for stage in preset.stages:
        step = _choose(stage, rng)
        if step is not None:
            picture = DEGRADATIONS[step.name](picture, rng, size, **step.options)
    return _to_uint8(picture)


def _choose(stage: tuple[Step, ...], rng: np.random.Generator) -> Step | None:
    """One of the alternatives of a stage, or none, by their probabilities."""
    draw = rng.random()
    for step in stage:
        draw -= step.probability
        if draw < 0:
            return step
    return None


@DEGRADATIONS.register("blur")
def blur(
    picture: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, int],
    *,
    shape: str,
    anisotropic: bool,
    sigma: Range,
    side: tuple[int, int] = (7, 21),
) -> np.ndarray:
    """Blur by a Gaussian ("gaussian"), a "generalised" one or a "plateau", round or of any direction.

    sigma: pixels of the picture. side: of the kernel.
    """
    del size
    across = rng.uniform(*sigma)
    along, angle = (rng.uniform(*sigma), rng.uniform(-np.pi, np.pi)) if anisotropic else (across, 0.0)
    kernel_side = _odd(rng, side)
    if shape == "gaussian":
        kernel = blur_kernels.gaussian(kernel_side, along, across, angle)
    elif shape == "generalised":
        kernel = blur_kernels.generalised(kernel_side, along, across, angle, _beta(rng, (0.5, 4.0)))
    else:
        kernel = blur_kernels.plateau(kernel_side, along, across, angle, _beta(rng, (1.0, 2.0)))
    return _filter(picture, kernel)


@DEGRADATIONS.register("sinc")
def sinc(
    picture: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, int],
    *,
    cutoff: Range | None = None,
    side: tuple[int, int] = (7, 21),
) -> np.ndarray:
    """Ringing: a low-pass filter with a sharp edge.

    cutoff: radians a pixel; by default up to pi, from pi/3 for kernels below 13 pixels and from pi/5 for larger ones.
    """
    del size
    kernel_side = _odd(rng, side)
    low, high = cutoff or (np.pi / 3 if kernel_side < 13 else np.pi / 5, np.pi)
    return _filter(picture, blur_kernels.sinc(kernel_side, rng.uniform(low, high)))


@DEGRADATIONS.register("resize")
def resize(
    picture: np.ndarray, rng: np.random.Generator, size: tuple[int, int], *, factor: Range, of_lr: bool = False
) -> np.ndarray:
    """Another size, by area, bilinear or bicubic interpolation. factor: of the picture, or of the LR picture."""
    height, width = size if of_lr else picture.shape[:2]
    by = rng.uniform(*factor)
    return _resized(picture, rng, (max(LEAST_SIDE, round(height * by)), max(LEAST_SIDE, round(width * by))))


@DEGRADATIONS.register("gaussian_noise")
def gaussian_noise(
    picture: np.ndarray, rng: np.random.Generator, size: tuple[int, int], *, sigma: Range, grey: float
) -> np.ndarray:
    """Noise of the same strength everywhere. sigma: in levels of 255. grey: how probably all channels share it."""
    del size
    strength = np.float32(rng.uniform(*sigma) / 255)
    channels = 1 if rng.random() < grey else 3
    return picture + strength * rng.standard_normal((*picture.shape[:2], channels), np.float32)


@DEGRADATIONS.register("poisson_noise")
def poisson_noise(
    picture: np.ndarray, rng: np.random.Generator, size: tuple[int, int], *, strength: Range, grey: float
) -> np.ndarray:
    """Noise of photons, 255 of them for white. strength: factor of the noise. grey: how probably channels share it."""
    del size
    factor = np.float32(rng.uniform(*strength))
    light = np.clip(picture, 0, 1)
    if rng.random() < grey:
        light = light.mean(axis=2, keepdims=True)
    photons = rng.poisson(light * 255).astype(np.float32) / 255
    return picture + factor * (photons - light)


@DEGRADATIONS.register("jpeg")
def jpeg(
    picture: np.ndarray, rng: np.random.Generator, size: tuple[int, int], *, quality: tuple[int, int]
) -> np.ndarray:
    """Written and read as JPEG, whose colours have half the resolution (4:2:0)."""
    del size
    cv2 = load_opencv()
    flags = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(quality[0], quality[1] + 1))]
    _, file = cv2.imencode(".jpg", _to_uint8(picture)[:, :, ::-1], flags)
    return cv2.imdecode(file, cv2.IMREAD_COLOR)[:, :, ::-1].astype(np.float32) / 255


@DEGRADATIONS.register("finish")
def finish(
    picture: np.ndarray,
    rng: np.random.Generator,
    size: tuple[int, int],
    *,
    ringing: float,
    compressed: float,
    quality: tuple[int, int],
) -> np.ndarray:
    """To the size of LR, with ringing of probability `ringing`; before or after it JPEG of probability `compressed`."""
    as_jpeg, jpeg_first = rng.random() < compressed, rng.random() < 0.5
    if as_jpeg and jpeg_first:
        picture = jpeg(picture, rng, size, quality=quality)
    picture = _resized(picture, rng, size)
    if rng.random() < ringing:
        picture = sinc(picture, rng, size)
    return jpeg(picture, rng, size, quality=quality) if as_jpeg and not jpeg_first else picture


def _resized(picture: np.ndarray, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    cv2 = load_opencv()
    method = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)[rng.integers(3)]
    return cv2.resize(picture, size[::-1], interpolation=method)


def _filter(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    cv2 = load_opencv()
    return cv2.filter2D(picture, -1, kernel, borderType=cv2.BORDER_REFLECT)


def _odd(rng: np.random.Generator, side: tuple[int, int]) -> int:
    return 2 * int(rng.integers(side[0] // 2, side[1] // 2 + 1)) + 1


def _beta(rng: np.random.Generator, bounds: Range) -> float:
    """An exponent up to 1 in one half of the cases, and from 1 on in the other."""
    low, high = bounds
    return rng.uniform(low, 1) if rng.random() < 0.5 else rng.uniform(1, high)


def _to_uint8(picture: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
