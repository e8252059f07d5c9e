"""Figures of pictures: the grid of a report, and zooms. Drawn by matplotlib's Agg canvas, which needs no display."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pyimagesearch.evaluation.captions import fitted
from pyimagesearch.images import color
from pyimagesearch.system.files import appearing

# Inches.
COLUMN = 2.6
TALLEST = 3.2  # of a picture in a grid: a taller one is drawn narrower
ZOOM_COLUMN = 4.5
GAP = 0.06
CAPTION = 0.24
TITLE = 0.3
NOTE = 0.18  # below a title

TITLE_SIZE, CAPTION_SIZE = 12, 9  # points
MARK = "#ffd400"


@dataclass(frozen=True)
class Panel:
    """A picture of a row: uint8 RGB at HR size (for LR: enlarged without interpolation).

    note: a line below the title, such as how long a model was trained.
    """

    title: str
    picture: np.ndarray
    caption: str
    note: str = ""


@dataclass(frozen=True)
class Region:
    """The rectangle of a picture that is shown enlarged, in HR pixels."""

    top: int
    left: int
    height: int
    width: int

    def of(self, picture: np.ndarray) -> np.ndarray:
        """This rectangle of a picture (H, W, ...), as a view."""
        return picture[self.top : self.top + self.height, self.left : self.left + self.width]


GridRow = tuple[list[Panel], Region]  # one picture: a panel for each column, and the region to enlarge


def nearest(lr: np.ndarray, scale: int) -> np.ndarray:
    """(H, W, 3) to (scale*H, scale*W, 3) by repeating pixels: shows LR at the size of HR without interpolation."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def region_of_largest_error(hr: np.ndarray, sr: np.ndarray, size: int | None = None) -> Region:
    """The region in which the squared error of `sr` on Y is largest; both are RGB (H, W, 3).

    It is `size` pixels high and 1.5 times as wide. Without a size it is about a quarter of the shorter side high.
    """
    height, width = hr.shape[:2]
    side = min(height, width)
    size = size or max(1, side // 4, min(side // 3, 24))
    wide = min(width, size * 3 // 2)
    error = np.square(color.luma(hr.astype(np.float64)) - color.luma(sr.astype(np.float64)))
    sums = np.pad(error.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    window = sums[size:, wide:] - sums[:-size, wide:] - sums[size:, :-wide] + sums[:-size, :-wide]
    top, left = np.unravel_index(int(window.argmax()), window.shape)
    return Region(int(top), int(left), size, wide)


def grid(rows: Sequence[GridRow]) -> Figure:
    """The report's figure: a row per picture, a column per model; below each picture its region, enlarged."""
    titles = rows[0][0]
    top = TITLE + NOTE * any(panel.note for panel in titles)
    whole = [_size(panels[0].picture) for panels, _ in rows]
    zoomed = [COLUMN * region.height / region.width for _, region in rows]
    page = _Page(
        len(titles) * (COLUMN + GAP) + GAP,
        top + sum(tall for _, tall in whole) + sum(zoomed) + len(rows) * (2 * GAP + CAPTION),
    )
    lefts = [GAP + column * (COLUMN + GAP) for column in range(len(titles))]
    for left, panel in zip(lefts, titles, strict=True):
        page.text(panel.title, left, TITLE * 0.72, COLUMN, TITLE_SIZE, bold=True)
        page.text(panel.note, left, TITLE + NOTE * 0.4, COLUMN, CAPTION_SIZE)
    for (panels, region), (wide, tall), zoom_tall in zip(rows, whole, zoomed, strict=True):
        for left, panel in zip(lefts, panels, strict=True):
            page.marked(panel.picture, region, left + (COLUMN - wide) / 2, top, wide, tall)
            page.enlarged(panel.picture, region, left, top + tall + GAP, COLUMN, zoom_tall)
            page.text(panel.caption, left, top + tall + zoom_tall + GAP + CAPTION * 0.75, COLUMN, CAPTION_SIZE)
        top += tall + zoom_tall + 2 * GAP + CAPTION
    return page.figure


def zoom(title: str, rows: Sequence[tuple[Panel, Region]]) -> Figure:
    """Pictures of one model below each other, with their regions marked, and enlarged beside them."""
    sizes = [_size(panel.picture, ZOOM_COLUMN, ZOOM_COLUMN) for panel, _ in rows]
    zoomed = [ZOOM_COLUMN * region.height / region.width for _, region in rows]
    heights = [max(tall, zoom_tall) for (_, tall), zoom_tall in zip(sizes, zoomed, strict=True)]
    width = 2 * ZOOM_COLUMN + 3 * GAP
    page = _Page(width, TITLE + sum(heights) + len(rows) * (GAP + CAPTION))
    page.text(title, GAP, TITLE * 0.72, width - 2 * GAP, TITLE_SIZE, bold=True)
    top = TITLE
    for (panel, region), (wide, tall), zoom_tall, height in zip(rows, sizes, zoomed, heights, strict=True):
        middle = top + height / 2
        page.marked(panel.picture, region, GAP + (ZOOM_COLUMN - wide) / 2, middle - tall / 2, wide, tall)
        page.enlarged(
            panel.picture, region, 2 * GAP + ZOOM_COLUMN, middle - zoom_tall / 2, ZOOM_COLUMN, zoom_tall
        )  # fmt: skip
        page.text(panel.caption, GAP, top + height + CAPTION * 0.75, width - 2 * GAP, CAPTION_SIZE)
        top += height + GAP + CAPTION
    return page.figure


def _size(picture: np.ndarray, widest: float = COLUMN, tallest: float = TALLEST) -> tuple[float, float]:
    """Width and height in inches, in the picture's shape and within both bounds."""
    height, width = picture.shape[:2]
    wide = min(widest, tallest * width / height)
    return wide, wide * height / width


class _Page:
    """A figure whose parts are placed in inches from its left and its top."""

    def __init__(self, width: float, height: float):
        self.figure = Figure(figsize=(width, height), dpi=150, facecolor="white")
        self._width, self._height = width, height

    def text(self, text: str, left: float, baseline: float, room: float, size: float, *, bold: bool = False) -> None:
        """A line in the middle of `room`, into which it is shortened."""
        if text:
            shown = fitted(text, room - GAP, size, bold=bold)
            place = ((left + room / 2) / self._width, 1 - baseline / self._height)
            self.figure.text(*place, shown, ha="center", fontsize=size, weight="bold" if bold else "normal")

    def marked(
        self, picture: np.ndarray, region: Region, left: float, top: float, wide: float, tall: float
    ) -> None:  # fmt: skip
        """A whole picture, with a frame around its region."""
        axes = self._axes(left, top, wide, tall)
        axes.imshow(picture, interpolation="antialiased", aspect="auto")
        axes.axis("off")
        corner = (region.left - 0.5, region.top - 0.5)
        axes.add_patch(Rectangle(corner, region.width, region.height, fill=False, edgecolor=MARK, linewidth=1.2))

    def enlarged(
        self, picture: np.ndarray, region: Region, left: float, top: float, wide: float, tall: float
    ) -> None:  # fmt: skip
        """The region of a picture, whose pixels are seen."""
        axes = self._axes(left, top, wide, tall)
        axes.imshow(region.of(picture), interpolation="nearest", aspect="auto")
        axes.spines[:].set(color=MARK, linewidth=1.2)

    def _axes(self, left: float, top: float, wide: float, tall: float) -> Axes:
        place = (left / self._width, 1 - (top + tall) / self._height, wide / self._width, tall / self._height)
        axes = self.figure.add_axes(place)
        axes.set_xticks([])
        axes.set_yticks([])
        return axes


def save(figure: Figure, path: str | os.PathLike[str]) -> None:
    """Write PNG, PDF or SVG, by the suffix, to a local or gs:// path; the file appears only when it is whole."""
    with appearing(path) as unfinished:
        figure.savefig(unfinished, format=os.path.splitext(path)[1][1:])


def to_array(figure: Figure) -> np.ndarray:
    """The figure as uint8 RGB (H, W, 3)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
