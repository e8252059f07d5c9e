"""What is wanted of the pictures of a job, and what that takes for each of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pyimagesearch.serving.formats import Kind

OnPixels = Callable[[int], object]


@dataclass(frozen=True)
class Plan:
    """What will be done for one picture. It holds no pictures: what waits lies on the disk.

    kind: of the result's samples. pixels: of all the work, by which progress is counted. piece: of them, those of the
    largest piece, during which no other picture is worked on. seconds: that the work will take. work: makes the result
    of the samples that came in; it calls OnPixels after each piece with the number of its pixels, and lets through what
    that raises. learn: is told which part of the work was done, 0 to 1, and the seconds that this took.
    """

    kind: Kind
    pixels: int
    piece: int
    seconds: float
    work: Callable[[Sequence[np.ndarray], OnPixels], np.ndarray]
    learn: Callable[[float, float], object]


@dataclass(frozen=True)
class Task:
    """What is wanted of a job's pictures.

    plan: of the samples that came in. Raises ServiceError where nothing can be made of them. label: at the end of the
    results' names. mimes: of the result, the first that can hold it. quality: of the result's file, or None.
    """

    plan: Callable[[Sequence[np.ndarray]], Plan]
    label: str
    mimes: Sequence[str]
    quality: int | None = None
