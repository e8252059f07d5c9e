"""A dive into a dream: each frame is a little closer to the middle of the one before, and dreamt further."""

from collections.abc import Iterator

import numpy as np

from pyimagesearch.art.ascent import OnPixels
from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.images.resize import resize_in_bands

CLOSER = 0.03  # of a side that each frame leaves behind
LATER_STEPS = 0.1  # of the first frame's steps: the frame before is a dream already


def dive(
    dreamer: DeepDreamer,
    picture: np.ndarray,
    frames: int,
    *,
    steps: int = 100,
    step_size: float = 0.01,
    guide: np.ndarray | None = None,
    on_pixels: OnPixels = lambda _: None,
) -> Iterator[np.ndarray]:
    """Yield `frames` arrays of the type and shape of `picture`, of which the first is its dream.

    The other arguments are those of `DeepDreamer.dream`; frames after the first take a tenth of its steps.
    """
    frame = picture
    for number in range(frames):
        frame = dreamer.dream(
            frame if number == 0 else closer(frame),
            frame_steps(steps, number),
            step_size,
            guide=guide,
            frame=number,
            on_pixels=on_pixels,
        )
        yield frame


def frame_steps(steps: int, number: int) -> int:
    """The steps in each octave of the frame of this number, which counts from 0."""
    return steps if number == 0 else max(1, round(LATER_STEPS * steps))


def closer(samples: np.ndarray) -> np.ndarray:
    """The middle of a picture in the size of the whole. As many pixels are left out on opposite sides."""
    picture = samples if samples.ndim == 3 else samples[:, :, None]
    height, width, _ = picture.shape
    down, across = (max(1, round(side * CLOSER / 2)) for side in (height, width))
    larger = resize_in_bands(picture, height + 2 * down, width + 2 * across)
    middle = larger[down : down + height, across : across + width]
    return middle if samples.ndim == 3 else middle[:, :, 0]
