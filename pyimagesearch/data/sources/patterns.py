"""Patterns of two colours for collages: stripes and hair.

Both are float (side, side, 1), 0 where the first colour is and 1 where the second. Lengths are given in units, as in
dead_leaves.py, which shares the helpers below them; `rng` is drawn from.
"""

import cv2
import numpy as np

PERIODS, STRANDS = (2.3, 20), (0.35, 1.2)  # units: of a stripe with its gap; the blur that makes hairs wide
DIRECTIONS, SWINGS = 8, (0.1, 1.2)  # of hair: over half a turn; the field's standard deviation, in radians


def stripes(rng: np.random.Generator, unit: int, side: int) -> np.ndarray:
    """Straight or bent stripes, or a chequered pattern, with hard or soft edges."""
    along, across = turned(rng, side)
    if rng.random() < 0.5:
        along = along + unit * rng.uniform(0, 7) * np.sin(across / (unit * rng.uniform(10, 50)))
    if rng.random() < 0.3:  # as seen from aside
        along = along * (1 + across / (2 * side) * rng.uniform(0, 1.5))
    period, part, hard = unit * log_uniform(rng, PERIODS), rng.uniform(0.25, 0.75), rng.random() < 0.7

    def wave(position: np.ndarray, length: float) -> np.ndarray:
        soft = 0.5 + 0.5 * np.sin(2 * np.pi * position / length)
        return np.clip((soft - part) * length / unit + 0.5, 0, 1) if hard else soft

    pattern = wave(along, period)
    if rng.random() < 0.5:  # what LR shows of a fine fabric is also what it shows of fine stripes
        pattern = np.abs(pattern - wave(across, period * rng.choice([0.6, 1, 2])))
    return pattern[..., None]


def hair(rng: np.random.Generator, unit: int, side: int) -> np.ndarray:
    """Fur, grain or hatching: fine lines whose direction changes slowly.

    Noise smeared along the directions of a field, as in line integral convolution (Cabral and Leedom, SIGGRAPH 1993):
    here in DIRECTIONS straight ones, of which each pixel mixes the two next to its own.
    """
    noise = cv2.GaussianBlur(rng.random((side, side), np.float32), (0, 0), unit * log_uniform(rng, STRANDS))
    coarse = rng.normal(0, log_uniform(rng, SWINGS), (4, 4)) + rng.uniform(0, np.pi)
    field = cv2.resize(coarse.astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC) * (DIRECTIONS / np.pi)
    half, smeared = max(1, round(unit * rng.uniform(2, 12))), np.zeros_like(noise)
    for number in range(DIRECTIONS):
        from_own = np.abs((field - number + DIRECTIONS / 2) % DIRECTIONS - DIRECTIONS / 2)
        smeared += np.clip(1 - from_own, 0, 1) * cv2.filter2D(noise, -1, _line(number * np.pi / DIRECTIONS, half))
    contrast = rng.uniform(0.12, 0.6) / (smeared.std() + 1e-6)
    return np.clip(0.5 + contrast * (smeared - smeared.mean()), 0, 1)[..., None]


def turned(rng: np.random.Generator, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The coordinates of a square's pixels from its centre, turned by any angle: two of float (side, side)."""
    y, x = np.mgrid[:side, :side] - side / 2
    angle = rng.uniform(0, 2 * np.pi)
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def log_uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    return float(np.exp(rng.uniform(*np.log(bounds))))


def eighths(points: np.ndarray) -> np.ndarray:
    """Points (n, 2) as OpenCV takes them with a shift of 3: int32, in eighths of a pixel."""
    return np.round(points * 8).astype(np.int32)


def _line(angle: float, half: int) -> np.ndarray:
    """The kernel of a mean along a line through the middle: float32 (2*half + 1, 2*half + 1), of sum 1."""
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.uint8)
    ends = half + half * np.outer([-1, 1], [np.cos(angle), np.sin(angle)])
    cv2.polylines(kernel, [eighths(ends)], False, 255, 1, cv2.LINE_AA, 3)
    return kernel / np.float32(kernel.sum())
