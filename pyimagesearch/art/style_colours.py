"""How a stylised picture comes by its colours: from the style, or from the content (Gatys et al., arXiv 1606.05897).

All pictures are float32 RGB (H, W, 3) in [0, 1].
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of RGB (BT.601)
LEAST_VARIANCE = 1e-5  # of a style's colours: one that has none has no spread to scale


class Colours(NamedTuple):
    """content: what is stylised of it. style: what is learnt from (style, content). result: of (stylised, content)."""

    content: Callable[[np.ndarray], np.ndarray]
    style: Callable[[np.ndarray, np.ndarray], np.ndarray]
    result: Callable[[np.ndarray, np.ndarray], np.ndarray]


def grey(picture: np.ndarray) -> np.ndarray:
    """The luminance of a picture, in all three channels."""
    return np.repeat((picture @ LUMA)[:, :, None], 3, axis=2)


def with_luminance(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """A style in grey, with the mean and the standard deviation of the content's luminance before it is clipped."""
    target, luma = content @ LUMA, grey(style)
    factor = target.std() / np.sqrt(max(float(luma.var()), LEAST_VARIANCE))
    return np.clip((luma - luma.mean()) * factor + target.mean(), 0.0, 1.0)


def with_content_colours(stylised: np.ndarray, content: np.ndarray) -> np.ndarray:
    """The content with the luminance of the stylised picture."""
    return np.clip(content + grey(stylised - content), 0.0, 1.0)


def matched(style: np.ndarray, content: np.ndarray) -> np.ndarray:
    """A style whose colours have the mean and the covariance of the content's before they are clipped."""
    colours, target = (picture.reshape(-1, 3).astype(np.float64) for picture in (style, content))
    spread = np.cov(colours, rowvar=False) + LEAST_VARIANCE * np.eye(3)
    change = _root(np.cov(target, rowvar=False)) @ np.linalg.inv(_root(spread))
    result = (colours - colours.mean(axis=0)) @ change.T + target.mean(axis=0)
    return np.clip(result, 0.0, 1.0).astype(np.float32).reshape(style.shape)


def _root(matrix: np.ndarray) -> np.ndarray:
    """The square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def _first(picture: np.ndarray, _: np.ndarray | None = None) -> np.ndarray:
    return picture


KEEP_COLOURS = {
    "no": Colours(_first, _first, _first),
    "luminance": Colours(grey, with_luminance, with_content_colours),
    "match": Colours(_first, matched, _first),
}
