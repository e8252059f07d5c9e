"""Collages: pictures of what photographs show seldom, made of photographs.

A photograph, or a drawing made of it, lies under shapes, strokes and words that hide each other; some drawings have
nothing on them. The shapes' radii r are drawn from 1/r³, which makes a picture look alike at every distance, as natural
ones do: "dead leaves" (Lee, Mumford and Huang, IJCV 2001). They are filled with pieces of photographs, flat colours,
gradients, stripes and hair, so that there are hard edges at every angle, thin lines, flat areas, fur and lettering.

Lengths are given in units: pixels of the collage that become one pixel of the training picture.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from pyimagesearch.data.sources import patterns

DRAWINGS, BARE = 0.6, 0.65  # the part of collages that lie on a drawing, and of these the part that is nothing else
DENSITY = 60e-6, 1600e-6  # shapes, strokes and words per square unit: a few, or so many that nothing else is seen
RADII = 10, 130  # units, of shapes
WIDTHS, HEIGHTS = (0.7, 5), (7, 33)  # units, of strokes, of words
WORDS = [
    *("a", "and", "are", "at", "by", "for", "from", "high", "in", "is", "it", "low", "more", "of", "on", "open", "or"),
    *("pixel", "resolution", "street", "super", "the", "to", "up", "with", "you", "Hotel", "CAFE", "EXIT", "Open"),
    *("24", "7.50", "1998", "12:45", "50%", "(a)", "=", "+", "&", "#3", "No.", "x2", "A4", "km/h"),
]


def make_collage(photographs: Sequence[np.ndarray], rng: np.random.Generator, unit: int) -> np.ndarray:
    """A collage on the first of `photographs`, of its size; the same for the same photographs and state of `rng`.

    photographs: uint8 RGB (H, W, 3) of any sizes. Returns uint8 RGB.
    """
    return Collage(photographs, rng, unit).canvas


class Collage:
    def __init__(self, photographs: Sequence[np.ndarray], rng: np.random.Generator, unit: int):
        self._photographs, self._rng, self._unit = photographs, rng, unit
        first, drawn = photographs[0], self._chance(DRAWINGS)
        self.canvas = self._drawing(first) if drawn else first.copy()
        if drawn and self._chance(BARE):
            return
        density = patterns.log_uniform(self._rng, DENSITY) / unit**2
        for _ in range(max(1, round(density * first.shape[0] * first.shape[1]))):
            kind = rng.random()
            if kind < 0.84:
                self.add_shape()
            elif kind < 0.94:
                self.add_strokes()
            else:
                self.add_words()

    def _chance(self, part: float) -> bool:
        return bool(self._rng.random() < part)

    def _photograph(self) -> np.ndarray:
        return self._photographs[int(self._rng.integers(len(self._photographs)))]

    def _paste(self, mask: np.ndarray, fill: np.ndarray) -> None:
        """Lay `fill`, 0 to 255, broadcast to (h, w, 3), where `mask`, uint8 (h, w), says; anywhere, in part outside."""
        height, width = mask.shape
        top = int(self._rng.integers(-height // 2, max(self.canvas.shape[0] - height // 2, 1)))
        left = int(self._rng.integers(-width // 2, max(self.canvas.shape[1] - width // 2, 1)))
        under = self.canvas[max(top, 0) : top + height, max(left, 0) : left + width]
        seen = np.s_[max(-top, 0) : max(-top, 0) + under.shape[0], max(-left, 0) : max(-left, 0) + under.shape[1]]
        alpha = mask[seen][..., None].astype(np.float32) / 255
        over = np.broadcast_to(fill, (height, width, 3))[seen]
        under[...] = np.clip(under + alpha * (over - under.astype(np.float32)) + 0.5, 0, 255)

    def add_shape(self) -> None:
        rng, unit = self._rng, self._unit
        radius = unit / np.sqrt(rng.uniform(RADII[1] ** -2, RADII[0] ** -2))  # whose density is 1/r³
        mask = self._shape(int(2 * radius) + 8)
        if self._chance(0.15):  # out of focus
            blur = unit * rng.uniform(0.7, 3)
            around = int(3 * blur) + 1
            mask = cv2.copyMakeBorder(mask, around, around, around, around, cv2.BORDER_CONSTANT, value=0)
            mask = cv2.GaussianBlur(mask, (0, 0), blur)
        fill = self._fill(len(mask))
        if self._chance(0.2):  # with a dark outline, as drawings have
            wide = int(unit * rng.uniform(1, 4)) + 1
            inner = cv2.erode(mask, np.ones((wide, wide), np.uint8))[..., None].astype(np.float32) / 255
            fill = inner * fill + (1 - inner) * 0.3 * self._colour()
        self._paste(mask, fill)

    def add_strokes(self) -> None:
        rng = self._rng
        side = int(self._unit * rng.uniform(50, 200))
        mask = np.zeros((side, side), np.uint8)
        angle, parallel = rng.uniform(0, np.pi), self._chance(0.5)
        along = np.linspace(-1, 1, 40)[:, None]
        for _ in range(rng.integers(1, 12)):
            turned = angle + (rng.normal(0, 0.1) if parallel else rng.uniform(0, np.pi))
            forward = np.array([np.cos(turned), np.sin(turned)])
            waves = 0.05 * np.sin(along * rng.uniform(1, 8)) * forward[::-1] * (-1, 1)
            points = side * (rng.random(2) + 0.5 * along * forward + rng.normal(0, 0.2, 2) * along**2 + waves)
            width = max(1, round(self._unit * patterns.log_uniform(rng, WIDTHS)))
            cv2.polylines(mask, [patterns.eighths(points)], False, 255, width, cv2.LINE_AA, 3)
        self._paste(mask, self._texture(side) if self._chance(0.2) else self._colour())

    def add_words(self) -> None:
        rng = self._rng
        size = round(self._unit * patterns.log_uniform(rng, HEIGHTS))
        font = ImageFont.truetype(
            _fonts()[rng.integers(len(_fonts()))],
            size,
            layout_engine=ImageFont.Layout.BASIC,  # the other is not on every machine
        )
        text = "\n".join(" ".join(rng.choice(WORDS, rng.integers(1, 5))) for _ in range(rng.integers(1, 5)))
        margin = size // 4
        right, bottom = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((margin, margin), text, font)[2:]
        height, width = self.canvas.shape[:2]
        page = Image.new("L", (min(int(right) + margin, width), min(int(bottom) + margin, height)))
        ImageDraw.Draw(page).multiline_text((margin, margin), text, 255, font)
        paper = Image.new("L", page.size, 255 if self._chance(0.6) else 0)
        if self._chance(0.4):
            angle = rng.uniform(-40, 40)
            page, paper = (  # the border makes the edges of turned paper smooth
                ImageOps.expand(image, 2).rotate(angle, Image.Resampling.BICUBIC, expand=True)
                for image in (page, paper)
            )
        ink = np.asarray(page)
        part = ink[..., None].astype(np.float32) / 255
        self._paste(np.maximum(ink, np.asarray(paper)), part * self._colour() + (1 - part) * self._colour())

    def _shape(self, side: int) -> np.ndarray:
        """The mask of an ellipse, a polygon, a bar or a smooth blob: uint8 (side, side), 255 inside."""
        rng, kind = self._rng, self._rng.random()
        mask = np.zeros((side, side), np.uint8)
        centre, radius = side // 2, side // 2 - 3
        if kind < 0.25:
            axes = radius, max(2, int(radius * rng.uniform(0.2, 1)))
            cv2.ellipse(mask, (centre, centre), axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
            return mask
        if kind < 0.55:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 9)))
            radii = rng.uniform(0.4, 1, len(angles))
        elif kind < 0.75:
            half = np.arctan(rng.uniform(0.15, 1))
            angles = rng.uniform(0, np.pi) + np.array([-half, half, np.pi - half, np.pi + half])
            radii = np.ones(4)
        else:
            angles = np.linspace(0, 2 * np.pi, 100, endpoint=False)
            waves = [rng.normal(0, 0.25 / n) * np.cos(n * angles + rng.uniform(0, 7)) for n in range(1, 7)]
            radii = np.clip(0.6 + np.sum(waves, axis=0), 0.1, 1)
        corners = centre + radius * radii[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        cv2.fillPoly(mask, [patterns.eighths(corners)], 255, cv2.LINE_AA, 3)
        return mask

    def _fill(self, side: int) -> np.ndarray:
        """What a shape is filled with: float, broadcast to (side, side, 3), 0 to 255."""
        kind = self._rng.random()
        if kind < 0.4:
            return self._texture(side)
        if kind < 0.55:
            return self._gradient(side)
        if kind < 0.63:
            return self._colour()
        first = self._texture(side) if self._chance(0.5) else self._colour()
        second = self._texture(side) if self._chance(0.4) else self._colour()
        draw = patterns.stripes if self._chance(0.55) else patterns.hair
        pattern = draw(self._rng, self._unit, side)
        return (1 - pattern) * first + pattern * second

    def _colour(self) -> np.ndarray:
        """(3,) float: any colour, nearly black, nearly white, or one of a photograph."""
        rng, kind = self._rng, self._rng.random()
        if kind < 0.3:
            return rng.uniform(0, 255, 3)
        if kind < 0.5:
            return np.full(3, rng.choice([rng.uniform(0, 30), rng.uniform(225, 255)]))
        photograph = self._photograph()
        return photograph[rng.integers(photograph.shape[0]), rng.integers(photograph.shape[1])].astype(float)

    def _texture(self, side: int) -> np.ndarray:
        """A piece of a photograph in another contrast and brightness: float32 (side, side, 3), 0 to 255."""
        rng, photograph = self._rng, self._photograph()
        top, left = (rng.integers(max(1, length - side + 1)) for length in photograph.shape[:2])
        cut = photograph[top : top + side, left : left + side].astype(np.float32)
        below, beside = side - cut.shape[0], side - cut.shape[1]
        piece = cv2.copyMakeBorder(cut, 0, below, 0, beside, cv2.BORDER_REFLECT)  # of a photograph too small for it
        mean = piece.mean((0, 1))
        return np.clip((piece - mean) * rng.uniform(0.7, 1.8) + mean * rng.uniform(0.7, 1.2), 0, 255)

    def _gradient(self, side: int) -> np.ndarray:
        """From one colour to one like it: float (side, side, 3), 0 to 255."""
        along, _ = patterns.turned(self._rng, side)
        first = self._colour()
        second = np.clip(first + self._rng.normal(0, 50, 3), 0, 255)
        return np.clip(first + (second - first) * (along[..., None] / (1.5 * side) + 0.5), 0, 255)

    def _drawing(self, photograph: np.ndarray) -> np.ndarray:
        """The photograph in few colours, not its own, and maybe with lines along its edges: uint8 of its shape."""
        rng, unit = self._rng, self._unit
        smooth = cv2.medianBlur(photograph, min(2 * round(unit * rng.uniform(0.8, 1.6)) + 1, 15))
        levels = int(rng.integers(2, 7))
        palette = np.sort(rng.uniform(0, 255, (levels, 3)), axis=0)
        palette[0], palette[-1] = 0.3 * palette[0], 255 - 0.3 * (255 - palette[-1])
        low, high = np.percentile(photograph[::4, ::4], (5, 95), axis=(0, 1))
        level = (np.arange(256)[:, None] - low) / (high - low + 1) * levels  # (256, 3)
        table = np.take_along_axis(palette, np.clip(level, 0, levels - 1).astype(int), axis=0)
        drawing = cv2.LUT(smooth, table.round().astype(np.uint8)[None])
        if self._chance(0.5):
            return drawing
        around = 2 * round(unit * rng.uniform(2, 3.5)) + 1
        grey = cv2.cvtColor(smooth, cv2.COLOR_RGB2GRAY)
        darker = rng.uniform(3, 8)
        drawing[cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, around, darker) == 0] = 0
        return drawing


@cache
def _fonts() -> list[str]:
    """The DejaVu fonts that Matplotlib carries."""
    import matplotlib

    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    return sorted(str(path) for path in folder.glob("DejaVu*.ttf") if "Display" not in path.name)
