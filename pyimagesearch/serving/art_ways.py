"""Three ways to make art of pictures: dreams, styles by optimisation, styles at once."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from pyimagesearch.art import fast_style
from pyimagesearch.art.deep_dream import TILE, DeepDreamer
from pyimagesearch.art.float_pictures import fitted_sides
from pyimagesearch.art.painting import Painter
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.art.style_transfer import StyleTransferrer
from pyimagesearch.art.transfer import Transfer
from pyimagesearch.inference.sizes import resized
from pyimagesearch.serving.art_options import WantedDream, WantedStyle
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.formats import Kind
from pyimagesearch.serving.task import OnPixels
from pyimagesearch.system import memory

STEPS = 30
# In L-BFGS' few steps these keep shapes whole and grain away (docs/art.md), and most steps are cheap ones.
OPTIMISATION: dict[str, Any] = {
    "optimizer": "lbfgs", "content_weight": 1e3, "smoothness": 3e6, "coarsest": 256, "epochs": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Work:
    """What a way makes, and what that takes.

    kind: of the result. pixels: that `make` tells of in all. piece: those that it tells of at once, at most. seen:
    those that networks see, around tiles too, which decide how long it takes.
    """

    kind: Kind
    pixels: int
    piece: int
    seen: int


class Way(Protocol):
    """A way to make a picture of one or several, whose samples are as those of images.Picture.

    pictures: that it takes at least. has_fixed_cost: whether a part of the work is the same for all sizes. `wanted` is
    a WantedDream or a WantedStyle.
    """

    pictures: int
    has_fixed_cost: bool

    def plan(self, wanted: Any, samples: Sequence[np.ndarray]) -> Work:
        """What `make` will do. Raises InputError or ServiceError where it cannot be done."""
        ...

    def make(self, wanted: Any, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """The result. on_pixels: called after each piece of the work with the number of its pixels."""
        ...

    def least(self, size: int) -> Any:
        """The least work at this size (pixels), for a measurement."""
        ...


class Dreams:
    """DeepDream on VGG19."""

    pictures = 1
    has_fixed_cost = False

    def __init__(self, weights: str):
        self._dreamer = DeepDreamer(octave_powers=[0], backbone="vgg19", weights=weights)

    def plan(self, wanted: WantedDream, samples: Sequence[np.ndarray]) -> Work:
        """See Way."""
        dreamer, (height, width) = self._in_octaves(wanted), _sides(samples[0], wanted.size)
        dreamer.check(height, width, "ask for fewer octaves or a larger size, or send a larger picture")
        return Work(
            Kind((height, width, *samples[0].shape[2:]), samples[0].dtype.str),
            dreamer.count_pixels(height, width, wanted.steps),
            min(height * width, TILE**2),
            dreamer.seen_pixels(height, width, wanted.steps),
        )

    def make(self, wanted: WantedDream, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """See Way."""
        picture = resized(samples[0], *_sides(samples[0], wanted.size))
        return self._in_octaves(wanted).dream(picture, wanted.steps, wanted.step_size, on_pixels=on_pixels)

    def least(self, size: int) -> WantedDream:
        """See Way."""
        return WantedDream(size=size, steps=1, octaves=1)

    def _in_octaves(self, wanted: WantedDream) -> DeepDreamer:
        return self._dreamer.in_octaves(range(1 - wanted.octaves, 1))


class Optimised:
    """Styles by optimisation on VGG19."""

    pictures = 2
    has_fixed_cost = False

    def __init__(self, weights: str):
        self._transferrer = StyleTransferrer(weights=weights, **OPTIMISATION)

    def plan(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> Work:
        """See Way."""
        transfer = self._transfer(wanted, samples)
        height, width = transfer.levels[-1]
        kind = Kind((height, width, *transfer.sample.shape[2:]), transfer.sample.dtype.str)
        return Work(kind, transfer.pixels, height * width, transfer.seen_pixels)

    def make(self, wanted: WantedStyle, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """See Way."""
        transfer = self._transfer(wanted, samples)
        (last,) = deque(transfer.steps(on_pixels=on_pixels), maxlen=1)
        return transfer.picture(last)

    def least(self, size: int) -> WantedStyle:
        """See Way."""
        return WantedStyle(size=size, steps=3, fast=False)

    def _transfer(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> Transfer:
        content, *styles = samples
        transfer = self._transferrer.plan(
            styles, content, steps_per_epoch=wanted.steps or STEPS, size=wanted.size, strength=wanted.strength,
            keep_colours=wanted.keep_colours,
        )  # fmt: skip
        memory.require(transfer.bytes_needed, "this size needs")
        return transfer


class PaintedAtOnce:
    """Styles by one pass of networks that were trained for it."""

    pictures = 2
    has_fixed_cost = True  # that of the style's numbers

    def __init__(self, painter: Painter):
        self._painter = painter

    def plan(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> Work:
        """See Way."""
        content, *styles = samples
        if not self._painter.mixes and (len(styles) > 1 or wanted.strength != 1):
            reason = (
                "what is painted at once is painted in one style, at full strength, by this server; send one style and "
                "leave strength out, or ask for fast=false"
            )
            raise ServiceError(422, "bad_parameter", reason)
        (height, width), sample = fast_style.plan(self._painter, content, len(styles), _settings(wanted))
        pixels = height * width
        return Work(Kind((height, width, *sample.shape[2:]), sample.dtype.str), pixels, pixels, pixels)

    def make(self, wanted: WantedStyle, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """See Way."""
        content, *styles = samples
        painted = fast_style.paint(self._painter, styles, content, _settings(wanted))
        on_pixels(painted.shape[0] * painted.shape[1])
        return painted

    def least(self, size: int) -> WantedStyle:
        """See Way."""
        return WantedStyle(size=size, fast=True)


def _settings(wanted: WantedStyle) -> StyleSettings:
    return StyleSettings(size=wanted.size, strength=wanted.strength, keep_colours=wanted.keep_colours)


def _sides(samples: np.ndarray, most: int) -> tuple[int, int]:
    """Height and width of a picture whose longest side is at most `most` pixels."""
    height, width = samples.shape[:2]
    return fitted_sides(height, width, min(most, max(height, width)))
