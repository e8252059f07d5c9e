"""Stylisation at once: one pass of a network for the whole picture."""

from collections.abc import Sequence

import numpy as np

from pyimagesearch.art.float_pictures import fitted_sides, floats, sample_of, samples_of
from pyimagesearch.art.painting import STYLE_SIDE, Painter, StyleMix
from pyimagesearch.art.pictures import colours_of
from pyimagesearch.art.style_colours import KEEP_COLOURS
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.art.transfer import mask_of, within
from pyimagesearch.errors import InputError
from pyimagesearch.system import memory

LEAST = 16  # pixels a side of what is painted
BYTES = 100  # of copies, for each pixel of the result


def paint(
    painter: Painter,
    styles: Sequence[np.ndarray],
    content: np.ndarray,
    settings: StyleSettings,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """The content in the style of one or several pictures, as StyleTransferrer.transfer returns it.

    Of the settings, `size`, `strength`, `mix` and `keep_colours` count. Raises InputError.
    """
    colours = colours_of(content, "content")
    (height, width), _ = plan(painter, content, len(styles), settings)
    ways = KEEP_COLOURS[settings.keep_colours]
    original = floats(colours, height, width)
    seen = ways.content(original)
    cut = [ways.style(centre(colours_of(style, f"style {number}")), original) for number, style in enumerate(styles, 1)]
    mix = StyleMix(cut, settings.parts(len(styles)), centre(colours), settings.strength)
    painted = painter(seen, mix)
    if mask is not None:
        painted = within(painted, seen, floats(mask_of(mask, content.shape[:2])[:, :, None], height, width)[:, :, 0])
    return samples_of(ways.result(painted, original), content, grey=settings.keeps_colours)


def plan(
    painter: Painter, content: np.ndarray, styles: int, settings: StyleSettings
) -> tuple[tuple[int, int], np.ndarray]:
    """Height and width of the result, and one pixel of its kind. styles: how many.

    Raises InputError where the networks cannot mix styles, or the result is too small, or too large for the memory.
    """
    if not painter.mixes and (styles > 1 or settings.strength != 1):
        raise InputError(
            "`fast_models`: a SavedModel paints one style, at full `strength`; the pair of .tflite files can mix them"
        )
    height, width = content.shape[:2]
    sides = fitted_sides(height, width, settings.size or max(height, width))
    if min(sides) < LEAST:
        raise InputError(
            f"`content` is too small: {width}x{height} pixels become {sides[1]}x{sides[0]}, of which each side must be "
            f"at least {LEAST}; give a larger `size`"
        )
    needed = painter.bytes_needed(*sides) + BYTES * sides[0] * sides[1]
    memory.require(needed, f"`content` {sides[1]}x{sides[0]} pixels need", "; give a smaller `size`")
    return sides, sample_of(content, grey=settings.keeps_colours)


def centre(colours: np.ndarray) -> np.ndarray:
    """The square in the middle of a picture (H, W, 1 or 3), as floats (256, 256, 3)."""
    height, width = colours.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return floats(colours[top : top + side, left : left + side], STYLE_SIDE, STYLE_SIDE)
