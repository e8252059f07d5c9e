"""Which range of values 8 bits stand for, of each tensor that becomes 8-bit."""

from collections import defaultdict

import numpy as np

KEPT = 0.9  # of the pictures that lie inside the range


class Ranges:
    """The ranges of tensors over pictures.

    A range reaches to what KEPT of the pictures stay below and above. The extremes of all pictures would give every
    picture the coarse steps that the hardest edge of one needs.
    """

    def __init__(self) -> None:
        self._lowest: dict[str, list[float]] = defaultdict(list)
        self._highest: dict[str, list[float]] = defaultdict(list)

    def add(self, name: str, values: np.ndarray) -> None:
        """What the tensor `name` is for one picture."""
        self._lowest[name].append(float(values.min()))
        self._highest[name].append(float(values.max()))

    def range(self, name: str) -> tuple[np.float32, np.float32]:
        """The range of a tensor; 0, with which borders are padded, is in it."""
        lowest = np.quantile(self._lowest[name], 1 - KEPT)
        highest = np.quantile(self._highest[name], KEPT)
        return np.float32(min(lowest, 0.0)), np.float32(max(highest, 0.0))

    def names(self) -> list[str]:
        """The tensors that were added."""
        return list(self._lowest)
