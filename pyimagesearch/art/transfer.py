"""One style transfer, step by step: its levels, what each is to come close to, and the picture at any step."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pyimagesearch.art import descent, style_colours
from pyimagesearch.art.float_pictures import fitted_sides, floats, resized_floats, sample_of, samples_of
from pyimagesearch.art.pictures import colours_of
from pyimagesearch.art.style_loss import PERIOD, Description, StyleLoss, stride, total_variation
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.errors import InputError

BYTES_OF_TILE = 3000  # of VGG19 and its gradients, for each pixel that goes through it at once
STEP_COST = 3  # of a step, in descriptions of the same picture: it goes forward and back
BYTES_OF_PICTURE = {"adam": 200, "lbfgs": 480}  # of copies and of what the method keeps, for each pixel of the result


@dataclass(frozen=True)
class Snapshot:
    """How far a transfer has come: `done` of all steps, the level that they have reached, and the state there.

    loss: at the picture before its last step.
    """

    done: int
    level: int
    state: descent.State
    loss: float


class Transfer:
    """One transfer: its levels, its steps, and the picture at any of them."""

    def __init__(
        self,
        loss: StyleLoss,
        styles: Sequence[np.ndarray],
        content: np.ndarray,
        mask: np.ndarray | None,
        settings: StyleSettings,
    ):
        """The arguments of StyleTransferrer.transfer. Raises InputError where they do not fit each other."""
        self.settings, self._loss, self._samples = settings, loss, content
        self._content = colours_of(content, "content")
        self._styles = [colours_of(style, f"style {number}") for number, style in enumerate(styles, 1)]
        self._parts = settings.parts(len(styles))
        self._mask = None if mask is None else mask_of(mask, content.shape[:2])
        self._colours = style_colours.KEEP_COLOURS[settings.keep_colours]
        self.levels = _levels(content.shape[0], content.shape[1], settings)
        self._check_sides()
        self.counts = [
            math.ceil(settings.epochs * settings.steps_per_epoch / 4**level) for level in range(len(self.levels))
        ]

    @property
    def bytes_needed(self) -> int:
        """About the memory that the steps at full size take."""
        height, width = self.levels[-1]
        side = self.settings.tile + 2 * self._loss.context
        tile = min(height, side) * min(width, side)
        return height * width * BYTES_OF_PICTURE[self.settings.optimizer] + tile * BYTES_OF_TILE

    @property
    def sample(self) -> np.ndarray:
        """One pixel of the kind that the result has."""
        return sample_of(self._samples, grey=self.settings.keeps_colours)

    @property
    def total(self) -> int:
        """All steps."""
        return sum(self.counts)

    @property
    def pixels(self) -> int:
        """That `steps` tells `on_pixels` of in all."""
        return self._sum_over_work(lambda height, width: height * width)

    @property
    def seen_pixels(self) -> int:
        """The same, with what the network sees around tiles."""
        return self._sum_over_work(self._loss.seen_pixels)

    def steps(
        self, start: Snapshot | None = None, on_pixels: Callable[[int], object] = lambda _: None
    ) -> Iterator[Snapshot]:
        """Take all steps that follow `start`, and yield after each.

        on_pixels: called after each description of a picture and after each step, with the number of its pixels; those
        of a description are divided by what a step costs more.
        """
        state, done = (start.state, start.done) if start else (None, 0)
        for level in range(start.level if start else 0, len(self.levels)):
            content, mask = self._content_at(level), self._mask_at(level)
            if state is None:
                state = descent.State(content)
            elif state.picture.shape != content.shape:
                height, width = self.levels[level - 1]
                enlarged = resized_floats(descent.lowest(state)[:height, :width], *self.levels[level])
                state = descent.State(mirrored(enlarged))
            if state.step == self.counts[level]:
                continue
            target = self._target(level, content, mask, on_pixels)
            while state.step < self.counts[level]:
                loss, gradient = self._loss_at(within(state.picture, content, mask), target, mask)
                state = descent.METHODS[self.settings.optimizer](state, loss, gradient)
                done += 1
                on_pixels(math.prod(self.levels[level]))
                yield Snapshot(done, level, state, loss)

    def picture(self, snapshot: Snapshot) -> np.ndarray:
        """The picture so far, in its final size, as `transfer` returns it."""
        level = snapshot.level
        shown = within(descent.lowest(snapshot.state), self._content_at(level), self._mask_at(level))
        shown = shown[: self.levels[level][0], : self.levels[level][1]]
        height, width = self.levels[-1]
        if level < len(self.levels) - 1:
            shown = resized_floats(shown, height, width)
        result = self._colours.result(shown, floats(self._content, height, width))
        return samples_of(result, self._samples, grey=self.settings.keeps_colours)

    def _loss_at(self, shown: np.ndarray, target: Description, mask: np.ndarray | None) -> tuple[float, np.ndarray]:
        """The loss, and its gradient by what is changed: less of that where the mask hides it."""
        masks = [] if mask is None else [mask]
        loss, gradient = self._loss(shown, target, *masks)
        if self.settings.smoothness:
            roughness, slope = total_variation(shown)
            loss += self.settings.smoothness * roughness
            gradient = gradient + np.float32(self.settings.smoothness) * slope
        return loss, gradient if mask is None else gradient * mask[:, :, None]

    def _content_at(self, level: int) -> np.ndarray:
        """What is stylised, in the size of a level, mirrored out for the network."""
        return mirrored(self._colours.content(floats(self._content, *self.levels[level])))

    def _mask_at(self, level: int) -> np.ndarray | None:
        if self._mask is None:
            return None
        return mirrored(resized_floats(self._mask[:, :, None], *self.levels[level]))[:, :, 0]

    def _target(
        self,
        level: int,
        content: np.ndarray,
        mask: np.ndarray | None,
        on_pixels: Callable[[int], object] = lambda _: None,
    ) -> Description:
        """The content's features and the Gram matrices of the styles, mixed with the content's own for `strength`."""
        masks = [] if mask is None else [mask]
        own = self._loss.describe(content, *masks)
        on_pixels(math.prod(self.levels[level]) // STEP_COST)
        colours = floats(self._content, *self.levels[level])
        grams = {name: (1 - self.settings.strength) * gram for name, gram in own.grams.items()}
        for style, part in zip(self._styles, self._parts, strict=True):
            sides = self._style_sides(style, level)
            picture = self._colours.style(floats(style, *sides), colours)
            all_of_it = [np.ones(picture.shape[:2], np.float32) for _ in masks]
            for name, gram in self._loss.describe(picture, *all_of_it).grams.items():
                grams[name] = grams[name] + self.settings.strength * part * gram
            on_pixels(math.prod(sides) // STEP_COST)
        return Description(own.content, {name: gram.astype(np.float32) for name, gram in grams.items()})

    def _sum_over_work(self, pixels: Callable[[int, int], int]) -> int:
        """The pixels of all steps and of all descriptions."""
        total = 0
        for level, (count, sides) in enumerate(zip(self.counts, self.levels, strict=True)):
            described = [sides, *(self._style_sides(style, level) for style in self._styles)]
            total += count * pixels(*sides) + sum(pixels(*each) // STEP_COST for each in described)
        return total

    def _style_sides(self, style: np.ndarray, level: int) -> tuple[int, int]:
        """Height and width of a style: as long as the level's picture, but not enlarged beyond the first level's."""
        longest = min(max(self.levels[level]), max(*style.shape[:2], max(self.levels[0])))
        return fitted_sides(style.shape[0], style.shape[1], longest)

    def _check_sides(self) -> None:
        """Raise InputError where VGG19's deepest layer would see nothing of a picture."""
        least = max(map(stride, self._loss.layers))
        pictures = [("content", self._samples.shape, self.levels[0])]
        pictures += [
            (f"style {number}", style.shape, self._style_sides(style, 0))
            for number, style in enumerate(self._styles, 1)
        ]
        for name, (height, width, *_), sides in pictures:
            if min(sides) < least:
                raise InputError(
                    f"`{name}` is too small: {width}x{height} pixels are seen as {sides[1]}x{sides[0]}, of which each "
                    f"side must be at least {least}; give a picture that is less narrow, or a larger `size`"
                )


def mirrored(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, channels) mirrored out to multiples of PERIOD: VGG19's deeper layers leave out what is beyond
    the last one, where noise would grow along the right and the lower border."""
    missing = [(0, -side % PERIOD) for side in picture.shape[:2]]
    return np.pad(picture, [*missing, (0, 0)], mode="symmetric")


def mask_of(mask: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
    """float32 (H, W) in [0, 1] of a mask picture, which must have the content's height and width."""
    colours = colours_of(mask, "mask")
    if colours.shape[:2] != sides:
        height, width = colours.shape[:2]
        raise InputError(f"`mask` must have the content's size, {sides[1]}x{sides[0]}, received {width}x{height}")
    if not colours.any():
        raise InputError("`mask` is black everywhere, so that nothing would be stylised; white is stylised")
    return floats(colours, *sides).mean(axis=2)


def within(picture: np.ndarray, content: np.ndarray, mask: np.ndarray | None) -> np.ndarray:
    """The picture (H, W, 3) where the mask is white, the content where it is black."""
    return picture if mask is None else content + mask[:, :, None] * (picture - content)


def _levels(height: int, width: int, settings: StyleSettings) -> list[tuple[int, int]]:
    """Heights and widths from the coarsest level to the result, each twice as long as the one before."""
    longest = settings.size or max(height, width)
    sides = [longest]
    while sides[0] > settings.coarsest:
        sides.insert(0, -(-longest // 2 ** len(sides)))
    return [fitted_sides(height, width, side) for side in sides]
