"""Figures of pictures: the grid of a report, and zooms. Drawn by matplotlib's Agg canvas, which needs no display."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from pyimagesearch.images import color
from pyimagesearch.system.files import appearing

COLUMN = 2.6  # inches
GAP = 0.06
CAPTION = 0.24
TITLE = 0.3
MARK = "#ffd400"


@dataclass(frozen=True)
class Panel:
    """A picture of a row: uint8 RGB at HR size (for LR: enlarged without interpolation)."""

    title: str
    picture: np.ndarray
    caption: str


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


def plain(text: str) -> str:
    """A text that matplotlib draws as it is, for titles and labels that hold names of files.

    matplotlib would draw $...$ as a formula and leave out labels that begin with _. No font has bytes that are not
    text.
    """
    drawable = text.encode("utf-8", "replace").decode().replace("$", r"\$")
    return f" {drawable}" if drawable.startswith("_") else drawable


def nearest(lr: np.ndarray, scale: int) -> np.ndarray:
    """(H, W, 3) to (scale*H, scale*W, 3) by repeating pixels: shows LR at the size of HR without interpolation."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def region_of_largest_error(hr: np.ndarray, sr: np.ndarray, size: int | None = None) -> Region:
    """The region in which the squared error of `sr` on Y is largest; both are RGB (H, W, 3).

    It is `size` pixels high and 1.5 times as wide. Without a size it is about a quarter of the shorter side high, so
    that it can be shown twice as large inside the picture.
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
    columns = len(rows[0][0])
    whole = [COLUMN * panels[0].picture.shape[0] / panels[0].picture.shape[1] for panels, _ in rows]
    zoomed = [COLUMN * region.height / region.width for _, region in rows]
    width = columns * (COLUMN + GAP) + GAP
    height = TITLE + sum(whole) + sum(zoomed) + len(rows) * (2 * GAP + CAPTION)
    figure = Figure(figsize=(width, height), dpi=150, facecolor="white")

    def axes(left: float, top: float, tall: float):
        area = figure.add_axes((left / width, 1 - (top + tall) / height, COLUMN / width, tall / height))
        area.set_xticks([])
        area.set_yticks([])
        return area

    top = TITLE
    for (panels, region), tall, zoom_tall in zip(rows, whole, zoomed, strict=True):
        for column, panel in enumerate(panels):
            left = GAP + column * (COLUMN + GAP)
            picture = axes(left, top, tall)
            picture.imshow(panel.picture, interpolation="antialiased", aspect="auto")
            picture.axis("off")
            picture.add_patch(_mark(region))
            inset = axes(left, top + tall + GAP, zoom_tall)
            inset.imshow(region.of(panel.picture), interpolation="nearest", aspect="auto")
            inset.spines[:].set(color=MARK, linewidth=1.2)
            middle = (left + COLUMN / 2) / width
            caption_y = 1 - (top + tall + zoom_tall + GAP + CAPTION * 0.75) / height
            figure.text(middle, caption_y, plain(panel.caption), ha="center", fontsize=9)
            if top == TITLE:
                figure.text(
                    middle, 1 - TITLE * 0.72 / height, plain(panel.title), ha="center", fontsize=12, weight="bold"
                )
        top += tall + zoom_tall + 2 * GAP + CAPTION
    return figure


def zoom(panel: Panel, region: Region) -> Figure:
    """One picture with its region marked and shown twice as large in the corner that is farthest from it."""
    height, width = panel.picture.shape[:2]
    figure = Figure(figsize=(8, 8 * height / width + 0.4), dpi=150, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1 - 0.4 / figure.get_figheight()))
    axes.imshow(panel.picture, interpolation="antialiased")
    axes.axis("off")
    left = 0.0 if region.left + region.width / 2 > width / 2 else 1 - 2 * region.width / width
    bottom = 0.0 if region.top + region.height / 2 < height / 2 else 1 - 2 * region.height / height
    inset = axes.inset_axes((left, bottom, 2 * region.width / width, 2 * region.height / height))
    inset.imshow(panel.picture, interpolation="nearest")
    inset.set_xlim(region.left - 0.5, region.left + region.width - 0.5)
    inset.set_ylim(region.top + region.height - 0.5, region.top - 0.5)
    inset.set_xticks([])
    inset.set_yticks([])
    inset.spines[:].set(color=MARK, linewidth=1.5)
    axes.indicate_inset_zoom(inset, edgecolor=MARK, alpha=1, linewidth=1.5)
    title = plain(f"{panel.title}   {panel.caption}")
    figure.suptitle(title, y=1 - 0.1 / figure.get_figheight(), va="top", fontsize=12)
    return figure


def _mark(region: Region) -> Rectangle:
    corner = (region.left - 0.5, region.top - 0.5)
    return Rectangle(corner, region.width, region.height, fill=False, edgecolor=MARK, linewidth=1.2)


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
