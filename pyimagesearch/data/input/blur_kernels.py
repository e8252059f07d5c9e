"""The blur kernels of Wang et al., "Real-ESRGAN" (arXiv 2107.10833), section 3.1 and 3.3.

Every kernel is (side, side) float32 with an odd side, and sums to 1.
"""

import numpy as np
from scipy import special


def gaussian(side: int, sigma_x: float, sigma_y: float, angle: float) -> np.ndarray:
    """A Gaussian with standard deviations in pixels along two axes, turned by `angle` (radians)."""
    return _normalised(np.exp(-0.5 * _squared_distances(side, sigma_x, sigma_y, angle)))


def generalised(side: int, sigma_x: float, sigma_y: float, angle: float, beta: float) -> np.ndarray:
    """A Gaussian whose exponent is raised to `beta`: pointed below 1, flat-topped above (Liu et al., 2020)."""
    return _normalised(np.exp(-0.5 * _squared_distances(side, sigma_x, sigma_y, angle) ** beta))


def plateau(side: int, sigma_x: float, sigma_y: float, angle: float, beta: float) -> np.ndarray:
    """A flat middle that falls off as 1/r**(2*beta)."""
    return _normalised(1 / (1 + _squared_distances(side, sigma_x, sigma_y, angle) ** beta))


def sinc(side: int, cutoff: float) -> np.ndarray:
    """The circular low-pass filter that keeps frequencies below `cutoff` (radians a pixel, up to pi).

    It makes the ringing and overshoot that sharpening and strong compression leave.
    """
    x, y = _grid(side)
    radius = np.hypot(x, y)
    with np.errstate(invalid="ignore", divide="ignore"):
        kernel = cutoff * special.j1(cutoff * radius) / (2 * np.pi * radius)
    kernel[side // 2, side // 2] = cutoff**2 / (4 * np.pi)
    return _normalised(kernel)


def _grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    positions = np.arange(side) - side // 2
    return np.meshgrid(positions, positions)


def _squared_distances(side: int, sigma_x: float, sigma_y: float, angle: float) -> np.ndarray:
    """Of each place from the middle, in standard deviations."""
    x, y = _grid(side)
    along = np.cos(angle) * x + np.sin(angle) * y
    across = np.cos(angle) * y - np.sin(angle) * x
    return (along / sigma_x) ** 2 + (across / sigma_y) ** 2


def _normalised(kernel: np.ndarray) -> np.ndarray:
    return (kernel / kernel.sum()).astype(np.float32)
