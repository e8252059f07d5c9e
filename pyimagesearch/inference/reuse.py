"""Upscales pictures that follow one another: what did not change since the last one is not computed again.

A region whose LR pixels, with the context that the network sees around them, are those of the picture before has the
same SR pixels. So nothing flickers where nothing changes, and a still film costs little.
"""

import numpy as np

from pyimagesearch.inference.samples import fill_hidden_colours
from pyimagesearch.inference.upscaler import AnyUpscaler, Area, Upscaler

BLOCK = 32  # LR pixels a side of what is compared and computed at once
WHOLE = 0.6  # of the picture's pixels, with contexts: from here on the whole picture is faster


class ReusingUpscaler:
    """An upscaler for pictures in a row, called as the upscaler that it is made of.

    Its results are those of that upscaler to one level. They depend on the pictures since `restart` alone.
    """

    def __init__(self, upscaler: AnyUpscaler):
        self._upscaler = upscaler
        self.scale = upscaler.scale
        self.computed = 0  # LR pixels since the start, without contexts
        self.seen = 0  # LR pixels of all pictures since the start
        self.restart()

    def restart(self) -> None:
        """Forget the last picture."""
        self._before: tuple[np.ndarray, np.ndarray] | None = None

    def __call__(self, lr: np.ndarray) -> np.ndarray:
        """The picture `lr`, larger: uint8 or uint16 (H, W, channels). The result belongs to the caller."""
        self.seen += lr.shape[0] * lr.shape[1]
        samples = fill_hidden_colours(lr)
        areas = self._changed(samples)
        if areas is None:
            self.computed += lr.shape[0] * lr.shape[1]
            sr = self._upscaler(samples)
        else:
            assert self._before
            assert isinstance(self._upscaler, Upscaler)
            sr = self._before[1].copy()
            for area in areas:
                self.computed += _pixels(area)
                self._upscaler.fill_area(samples, sr, area)
        self._before = (samples, sr)
        return sr.copy()

    def _changed(self, samples: np.ndarray) -> list[Area] | None:
        """The areas to compute, which may be none; None for the whole picture."""
        if self._before is None or not isinstance(self._upscaler, Upscaler):
            return None
        before = self._before[0]
        if before.shape != samples.shape or before.dtype != samples.dtype:
            return None
        differs = np.any(before != samples, axis=2)
        areas = changed_areas(differs, self._upscaler.context)
        seen = sum(_pixels(_grown(area, self._upscaler.context)) for area in areas)
        return None if seen > WHOLE * differs.size else areas


def changed_areas(differs: np.ndarray, context: int) -> list[Area]:
    """Rectangles of whole blocks that hold every pixel within `context` of one that differs.

    differs: bool (H, W). Blocks beside each other in a row are one rectangle, and so are equal rows of blocks.
    """
    height, width = differs.shape
    rows, columns = -(-height // BLOCK), -(-width // BLOCK)
    near = np.zeros((rows, columns), bool)
    ys, xs = np.nonzero(differs)
    # Not once for each pixel: once for each block that differs, with the pixels that it has.
    for block in np.unique(ys // BLOCK * columns + xs // BLOCK):
        top, left = block // columns * BLOCK, block % columns * BLOCK
        inside = differs[top : top + BLOCK, left : left + BLOCK]
        y, x = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        first_row, last_row = max(0, top + y[0] - context), min(height - 1, top + y[-1] + context)
        first_column, last_column = max(0, left + x[0] - context), min(width - 1, left + x[-1] + context)
        near[first_row // BLOCK : last_row // BLOCK + 1, first_column // BLOCK : last_column // BLOCK + 1] = True
    return _rectangles(near, height, width)


def _rectangles(near: np.ndarray, height: int, width: int) -> list[Area]:
    open_runs: dict[tuple[int, int], int] = {}  # columns of blocks: the row of blocks in which they begin
    areas = []
    for row in range(len(near) + 1):
        runs = set(_runs(near[row])) if row < len(near) else set()
        for run in [run for run in open_runs if run not in runs]:
            top, (left, right) = open_runs.pop(run), run
            areas.append((top * BLOCK, left * BLOCK, min(height, row * BLOCK), min(width, right * BLOCK)))
        for run in runs:
            open_runs.setdefault(run, row)
    return sorted(areas)


def _runs(marked: np.ndarray) -> list[tuple[int, int]]:
    """Where runs of True begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _grown(area: Area, by: int) -> Area:
    return area[0] - by, area[1] - by, area[2] + by, area[3] + by


def _pixels(area: Area) -> int:
    return (area[2] - area[0]) * (area[3] - area[1])
