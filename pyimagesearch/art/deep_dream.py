"""DeepDream: pictures in which a network finds more of what it looks for.

The algorithm is that of Mordvintsev, Olah and Tyka, "Inceptionism: Going Deeper into Neural Networks" (2015): gradient
ascent on the activations of some layers, in several sizes of the picture one after the other.
"""

import copy
import functools
from collections.abc import Sequence

import numpy as np

from pyimagesearch.art import backbones, octaves
from pyimagesearch.art.ascent import Ascent, OnPixels
from pyimagesearch.art.objectives import Objective, guide_sides, guided_by, mean_activation
from pyimagesearch.art.pictures import colours_of, with_colours
from pyimagesearch.art.tiling import TILES, seen_pixels
from pyimagesearch.errors import InputError
from pyimagesearch.system import memory

OCTAVE_SCALES = (1.01, 4.0)  # at least and at most
OCTAVE_POWERS = (-20.0, 20.0)
STEP_SIZES = (0.001, 1.0)  # a smaller one would drown in the rounding to 16 bits
TILE = 512


class DeepDreamer:
    """Dreams of pictures of any size, always the same of the same picture.

    Args:
        octave_scale: how much larger the next octave is, 1.01 to 4.
        octave_powers: the octaves, one after the other: the picture's size times `octave_scale` to this power.
        layers: names of layers whose activations are amplified. None: mixed3 and mixed5 of InceptionV3, block4_conv3
            and block5_conv2 of VGG19. Deeper ones dream of larger and more object-like things.
        backbone: "inception_v3" or "vgg19".
        weights: "imagenet" (Keras downloads them), "random", or the path of an .h5 file without the top.
        tile: pixels a side that the network sees at once, 256 to 4096. Larger pictures are cut, at each step elsewhere.
        seed: of these places.

    Raises:
        InputError: an argument is wrong, or the weights cannot be loaded.

    Example:
        dreamer = DeepDreamer(layers=["mixed2", "mixed5", "mixed7"])
        dream = dreamer.dream(picture)  # (480, 640, 3) uint8 to the same
    """

    def __init__(
        self,
        octave_scale: float = 1.3,
        octave_powers: Sequence[float] = (-2, -1, 0, 1, 2),
        layers: Sequence[str] | None = None,
        *,
        backbone: str = "inception_v3",
        weights: str = "imagenet",
        tile: int = TILE,
        seed: int = 42,
    ):
        _check_within("octave_scale", octave_scale, OCTAVE_SCALES)
        _check_powers(octave_powers)
        _check_within("tile", tile, TILES)
        if seed < 0:
            raise InputError(f"`seed` must be at least 0, received {seed}")
        self.layers = backbones.chosen_layers(backbone, layers)
        self._scale, self._powers, self._tile, self._seed = octave_scale, tuple(octave_powers), tile, seed
        self._guided: tuple[np.ndarray, Ascent] | None = None  # compiled for the last guide
        self._least = {name: backbones.find_backbone(backbone).layers[name] for name in self.layers}
        self._extractor = backbones.find_backbone(backbone).build(self.layers, weights, argument="`weights`")

    def dream(
        self,
        picture: np.ndarray,
        steps: int = 100,
        step_size: float = 0.01,
        *,
        guide: np.ndarray | None = None,
        frame: int = 0,
        on_pixels: OnPixels = lambda _: None,
    ) -> np.ndarray:
        """The dream of a picture: an array of the same type and shape.

        Args:
            picture: uint8 or uint16: grey (H, W), with alpha (H, W, 2), RGB (H, W, 3) or RGBA (H, W, 4).
            steps: of gradient ascent in each octave, from 1 on.
            step_size: how far a step goes, 0.001 to 1: so many times the gradient, in standard deviations of it, where
                black is -1 and white is 1.
            guide: another picture; what the layers find in it is what is dreamt of.
            frame: of a dive; each has tiles in places of its own.
            on_pixels: called after each tile with the number of its pixels; `count_pixels` tells how many come.

        Raises:
            InputError: an argument is wrong, or a picture is too small for the layers.
            RunError: the gradient is not finite.
        """
        check_steps(steps, step_size)
        colours = colours_of(picture)
        self.check(*colours.shape[:2])
        ascent = self._ascent(guide)
        rng = np.random.default_rng([self._seed, frame])
        rgb: np.ndarray | None = None
        for sides in self._octaves(*colours.shape[:2]):
            rgb = octaves.fitted(colours, sides) if rgb is None else octaves.carried(rgb, colours, sides)
            for _ in range(steps):
                ascent.step(rgb, step_size, rng, on_pixels)
        assert rgb is not None
        return with_colours(picture, octaves.carried(rgb, colours, colours.shape[:2]))

    def in_octaves(self, octave_powers: Sequence[float]) -> "DeepDreamer":
        """A dreamer of the same network, compiled once for both, in other octaves."""
        _check_powers(octave_powers)
        _ = self._unguided
        other = copy.copy(self)
        other._powers = tuple(octave_powers)
        return other

    def check(self, height: int, width: int, remedy: str = "take larger octaves, or earlier layers") -> None:
        """Raise InputError where a picture of this size is too small for a layer, or its dream too large for memory.

        remedy: what to do about the former.
        """
        smallest = min(self._octaves(height, width))
        self._check_least(f"{width}x{height} pixels", smallest, remedy)
        memory.require(
            self._needed_memory(height, width),
            f"a dream of {width}x{height} pixels in these octaves needs",
            "; leave out large octaves, or take a smaller `tile`",
        )

    def check_guide(self, height: int, width: int) -> None:
        """Raise InputError where a guide of this size is too small for a layer."""
        sides = guide_sides(height, width)
        self._check_least(f"`guide` of {width}x{height} pixels", sides, "take another guide, or earlier layers")

    def _check_least(self, what: str, sides: octaves.Sides, remedy: str) -> None:
        layer, least = max(self._least.items(), key=lambda item: item[1])
        if min(sides) < least:
            raise InputError(
                f"{what}: the network would see {sides[1]}x{sides[0]}, but {layer} needs {least} a side; {remedy}"
            )

    def count_pixels(self, height: int, width: int, steps: int) -> int:
        """How many pixels `dream` tells `on_pixels` of in all."""
        return steps * sum(h * w for h, w in self._octaves(height, width))

    def seen_pixels(self, height: int, width: int, steps: int) -> int:
        """How many pixels the network sees in all, those of the margins of tiles included."""
        return steps * sum(seen_pixels(h, w, self._tile) for h, w in self._octaves(height, width))

    def _needed_memory(self, height: int, width: int) -> int:
        """About the bytes that a dream of a picture of this size takes, in 16-bit RGB and in the network.

        An octave has its colours and the gradient; on the way to the next one, the colours of both are there.
        """
        areas = [h * w for h, w in (*self._octaves(height, width), (height, width))]
        most = 2 * max(areas)
        tile = min(self._tile**2, max(areas)) * backbones.gradient_bytes(self._extractor)
        return int(6 * (most + height * width) + tile)

    def _octaves(self, height: int, width: int) -> list[octaves.Sides]:
        return octaves.octave_sides(height, width, self._scale, self._powers)

    def _ascent(self, guide: np.ndarray | None) -> Ascent:
        if guide is None:
            return self._unguided
        self.check_guide(*colours_of(guide, "guide").shape[:2])
        if self._guided is None or not np.array_equal(self._guided[0], guide):
            self._guided = (guide.copy(), self._with(guided_by(guide, self._extractor, self._tile)))
        return self._guided[1]

    @functools.cached_property
    def _unguided(self) -> Ascent:
        return self._with(mean_activation)

    def _with(self, objective: Objective) -> Ascent:
        return Ascent(self._extractor, objective, self._tile)


def check_steps(steps: int, step_size: float) -> None:
    """Raise InputError unless `steps` and `step_size` are those that `dream` takes."""
    if steps < 1:
        raise InputError(f"`steps` must be at least 1, received {steps}")
    _check_within("step_size", step_size, STEP_SIZES)


def _check_powers(powers: Sequence[float]) -> None:
    if not powers or not all(OCTAVE_POWERS[0] <= power <= OCTAVE_POWERS[1] for power in powers):
        raise InputError(
            f"octaves are one or more powers of {OCTAVE_POWERS[0]:g} to {OCTAVE_POWERS[1]:g}, received "
            f"{','.join(f'{power:g}' for power in powers) or 'none'}"
        )


def _check_within(argument: str, value: float, bounds: tuple[float, float]) -> None:
    if not bounds[0] <= value <= bounds[1]:  # so that NaN is refused
        raise InputError(f"`{argument}` must be {bounds[0]:g} to {bounds[1]:g}, received {value:g}")
