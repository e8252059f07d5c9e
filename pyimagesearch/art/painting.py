"""What all networks that paint at once have in common. Pictures are float32 RGB (H, W, 3) in [0, 1]."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

STYLE_SIDE = 256  # pixels a side of the pictures of which styles are predicted
MULTIPLE = 4  # the networks halve the sides twice, and double them again


@dataclass(frozen=True)
class StyleMix:
    """pictures: the styles (256, 256, 3). parts: the share of each. own: the content as a style, which counts for what
    `strength` leaves."""

    pictures: Sequence[np.ndarray]
    parts: Sequence[float]
    own: np.ndarray
    strength: float


class Painter(Protocol):
    """Paints a content (H, W, 3) in a mix of styles.

    mixes: whether it takes several styles, and another strength than 1.
    """

    mixes: bool

    def __call__(self, content: np.ndarray, style: StyleMix) -> np.ndarray:
        """The painted picture (H, W, 3). Raises InputError where the network is another than it should be."""
        ...

    def bytes_needed(self, height: int, width: int) -> int:
        """About the memory that a content of this size takes."""
        ...


def padded(content: np.ndarray) -> np.ndarray:
    """A content whose sides are mirrored out to multiples of MULTIPLE."""
    missing = [(0, -side % MULTIPLE) for side in content.shape[:2]]
    return np.pad(content, [*missing, (0, 0)], mode="symmetric")
