"""The settings of a style transfer, each with its unit and its default. Standard library only, for --help."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pyimagesearch.errors import InputError

CONTENT_LAYERS = ("block5_conv2",)
STYLE_LAYERS = tuple(f"block{number}_conv1" for number in range(1, 6))
BLOCKS = {1: 2, 2: 2, 3: 4, 4: 4, 5: 4}  # convolutions in each block of VGG19
LAYERS = tuple(f"block{block}_conv{number + 1}" for block, count in BLOCKS.items() for number in range(count))
OPTIMIZERS = ("adam", "lbfgs")
KEEPS = ("no", "luminance", "match")
SIDES = (32, 16384)  # of `size` and `coarsest`, pixels
TILES = (128, 4096)  # pixels a side, multiples of 16


@dataclass(frozen=True)
class StyleSettings:
    """How a picture is stylised. The defaults are those of Gatys' algorithm as TensorFlow's users know it."""

    content_layers: tuple[str, ...] = CONTENT_LAYERS
    style_layers: tuple[str, ...] = STYLE_LAYERS
    weights: str = "imagenet"  # Keras' download; "random" (no download; for trials), or the path of a notop .h5 file
    content_weight: float = 1e4  # of the features' mean squared error
    style_weight: float = 1e-2  # of the Gram matrices' mean squared error
    smoothness: float = 0.0  # weight of the total variation for each pixel
    optimizer: str = "adam"
    tile: int = 512  # pixels a side that go through VGG19 at once, beside the context; a multiple of 16
    epochs: int = 10
    steps_per_epoch: int = 100
    size: int | None = 512  # pixels of the result's longest side; None: the content's own
    coarsest: int = 512  # pixels of the longest side with which a larger result begins, at most
    strength: float = 1.0  # 0: the content's own Gram matrices; 1: the styles'
    mix: tuple[float, ...] | None = None  # one part for each style; None: equal parts
    keep_colours: str = "no"

    def __post_init__(self) -> None:
        for kind in ("content_layers", "style_layers"):
            _check_layers(kind, getattr(self, kind))
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("keep_colours", self.keep_colours, KEEPS)
        for name in ("epochs", "steps_per_epoch"):
            check_count(name, getattr(self, name))
        for name in ("content_weight", "style_weight", "smoothness"):
            check_number(name, getattr(self, name), 0.0, math.inf)
        check_number("strength", self.strength, 0.0, 2.0)
        for name, side in (("size", self.size), ("coarsest", self.coarsest)):
            if side is not None and not SIDES[0] <= side <= SIDES[1]:
                raise InputError(f"`{name}` must be {SIDES[0]} to {SIDES[1]} pixels, received {side}")
        if not TILES[0] <= self.tile <= TILES[1] or self.tile % 16:
            raise InputError(f"`tile` must be a multiple of 16 from {TILES[0]} to {TILES[1]}, received {self.tile}")

    @property
    def keeps_colours(self) -> bool:
        """Whether the colours are the content's, so that grey stays grey."""
        return self.keep_colours != "no"

    def parts(self, styles: int) -> tuple[float, ...]:
        """The share of each of so many styles; they add up to 1."""
        return parts_of(self.mix, styles)


def check_count(name: str, value: int) -> None:
    """Raise InputError unless a number is at least 1."""
    if value < 1:
        raise InputError(f"`{name}` must be at least 1, received {value}")


def parts_of(mix: Sequence[float] | None, styles: int) -> tuple[float, ...]:
    """The share of each of so many styles, from the numbers of `mix`. Raises InputError where these do not fit."""
    if mix is None:
        return (1.0 / styles,) * styles
    if len(mix) != styles:
        raise InputError(f"`mix` must have a number for each style, {styles}, received {len(mix)}")
    if not all(0 <= part < math.inf for part in mix) or not sum(mix) > 0:
        raise InputError(f"`mix` must be numbers from 0, not all 0, received {', '.join(f'{part:g}' for part in mix)}")
    return tuple(part / sum(mix) for part in mix)


def _check_layers(kind: str, names: Sequence[str]) -> None:
    for name in names:
        check_choice(kind, name, LAYERS)
    if not names or len(set(names)) < len(names):
        raise InputError(f"`{kind}` must be one or more layers, each once, received {', '.join(names) or 'none'}")


def check_number(name: str, value: float, least: float, most: float) -> None:
    """Raise InputError unless a number is from `least` to `most`, and finite."""
    if not least <= value <= most or math.isinf(value):
        span = f"from {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}"
        raise InputError(f"`{name}` must be {span}, received {value:g}")


def check_choice(name: str, value: object, valid: Sequence[str]) -> None:
    """Raise InputError, which lists the valid names, unless the value is one of them."""
    if value not in valid:
        raise InputError(f"`{name}` has no {value}; valid: {', '.join(valid)}")
