"""A picture that bicubic does well on, and the keys of its scores."""

import numpy as np

from pyimagesearch.evaluation import scores

SCORES = set(scores.SCORES) - {"vgg19_distance", "vgg19_frechet", "niqe"}  # those need more than the two pictures


def smooth(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A picture without overshoots or hard edges, so that bicubic does well on it."""
    y, x = np.mgrid[:height, :width]
    waves = np.stack([np.sin(y / (9 + c + seed)) * np.cos(x / (11 + 2 * c)) for c in range(3)], axis=-1)
    return np.rint(128 + 90 * waves).astype(np.uint8)
