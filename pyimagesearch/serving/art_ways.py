"""Three ways to make art of pictures: dreams, styles by optimisation, styles at once."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.art.fast_style import check_sides, paint
from pyimagesearch.art.float_pictures import fitted_sides, sample_of
from pyimagesearch.art.painting import Painter
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.art.style_transfer import StyleTransferrer
from pyimagesearch.art.transfer import Transfer
from pyimagesearch.inference.sizes import resized
from pyimagesearch.serving.art_options import WantedDream, WantedStyle
from pyimagesearch.serving.formats import Kind
from pyimagesearch.serving.task import OnPixels
from pyimagesearch.system import memory

STEPS = 30
# In L-BFGS' few steps these keep shapes whole and grain away (docs/art.md), and most steps are cheap ones.
OPTIMISATION: dict[str, Any] = {
    "optimizer": "lbfgs", "content_weight": 1e3, "smoothness": 3e6, "coarsest": 256, "epochs": 1,
}  # fmt: skip


class Way(Protocol):
    """A way to make a picture of one or several, whose samples are as those of images.Picture.

    pictures: that it takes at least. `wanted` is a WantedDream or a WantedStyle. Methods raise InputError.
    """

    pictures: int

    def plan(self, wanted: Any, samples: Sequence[np.ndarray]) -> tuple[Kind, int]:
        """The kind of the result, and the pixels that `make` tells of in all. Raises InputError before any work."""
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

    def __init__(self, weights: str):
        self._dreamer = DeepDreamer(octave_powers=[0], backbone="vgg19", weights=weights)

    def plan(self, wanted: WantedDream, samples: Sequence[np.ndarray]) -> tuple[Kind, int]:
        """See Way."""
        dreamer, (height, width) = self._in_octaves(wanted), _sides(samples[0], wanted.size)
        dreamer.check(height, width)
        kind = Kind((height, width, *samples[0].shape[2:]), samples[0].dtype.str)
        return kind, dreamer.count_pixels(height, width, wanted.steps)

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

    def __init__(self, weights: str):
        self._transferrer = StyleTransferrer(weights=weights, **OPTIMISATION)

    def plan(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> tuple[Kind, int]:
        """See Way."""
        transfer = self._transfer(wanted, samples)
        steps = zip(transfer.counts, transfer.levels, strict=True)
        kind = Kind((*transfer.levels[-1], *transfer.sample.shape[2:]), transfer.sample.dtype.str)
        return kind, sum(count * height * width for count, (height, width) in steps)

    def make(self, wanted: WantedStyle, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """See Way."""
        transfer = self._transfer(wanted, samples)
        for snapshot in transfer.steps():
            height, width = transfer.levels[snapshot.level]
            on_pixels(height * width)
        return transfer.picture(snapshot)

    def least(self, size: int) -> WantedStyle:
        """See Way."""
        return WantedStyle(size=size, steps=3, fast=False)

    def _transfer(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> Transfer:
        content, *styles = samples
        transfer = self._transferrer.plan(
            styles, content, steps_per_epoch=wanted.steps or STEPS, size=wanted.size, strength=wanted.strength,
            keep_colours=wanted.keep_colours,
        )  # fmt: skip
        memory.require(transfer.bytes_needed, "this size needs", "; ask for a smaller one")
        return transfer


class PaintedAtOnce:
    """Styles by one pass of networks that were trained for it."""

    pictures = 2

    def __init__(self, painter: Painter):
        self._painter = painter

    def plan(self, wanted: WantedStyle, samples: Sequence[np.ndarray]) -> tuple[Kind, int]:
        """See Way."""
        settings = _settings(wanted)
        height, width = check_sides(self._painter, samples[0], settings)
        sample = sample_of(samples[0], grey=settings.keeps_colours)
        return Kind((height, width, *sample.shape[2:]), sample.dtype.str), height * width

    def make(self, wanted: WantedStyle, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
        """See Way."""
        content, *styles = samples
        painted = paint(self._painter, styles, content, _settings(wanted))
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
