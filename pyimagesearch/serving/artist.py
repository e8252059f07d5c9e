"""The networks that dream and paint (`srgan serve --art`), and how long they take here."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pyimagesearch.art.painters import load_painter
from pyimagesearch.errors import InputError
from pyimagesearch.serving.art_options import WantedDream, WantedStyle
from pyimagesearch.serving.art_ways import Dreams, Optimised, PaintedAtOnce, Way
from pyimagesearch.serving.engine import answering_for_memory
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.forecast import Rate
from pyimagesearch.serving.formats import PNG
from pyimagesearch.serving.options import mimes_of
from pyimagesearch.serving.task import OnPixels, Plan, Task

PROBE = 256  # pixels a side of the picture that is measured


@dataclass(frozen=True)
class ArtModels:
    """weights: of VGG19: imagenet, random or a path. fast_models: a folder for `load_painter`, or None."""

    weights: str = "imagenet"
    fast_models: str | None = None


class Artist:
    """Its tasks are planned by any thread; one thread at a time works on them."""

    def __init__(self, models: ArtModels, most_seconds: float):
        """Load the networks, make their programs, and measure them. most_seconds: of work on one picture.

        Raises InputError where they cannot be had, or are others.
        """
        self._most_seconds = most_seconds
        self._ways: dict[str, Way] = {}
        if models.fast_models is not None:
            self._ways["fast"] = PaintedAtOnce(load_painter(models.fast_models))
        self._ways |= {"style": Optimised(models.weights), "dream": Dreams(models.weights)}
        self._rates = {name: Rate(_seconds_per_pixel(way)) for name, way in self._ways.items()}

    @property
    def offers(self) -> list[str]:
        """What can be asked for: "style", "dream" and, where its networks are there, "fast"."""
        return [*self._ways]

    def dream(self, wanted: WantedDream) -> Task:
        """To let the network draw into a picture what it sees. Raises ServiceError 422."""
        return self._task("dream", "dream", wanted)

    def style(self, wanted: WantedStyle) -> Task:
        """To paint a picture in the style of those that follow it. Raises ServiceError 422."""
        fast = "fast" in self._ways if wanted.fast is None else wanted.fast
        if fast and "fast" not in self._ways:
            reason = "fast: this server has no networks for it; its operator can add some (srgan serve --fast-models)"
            raise ServiceError(422, "bad_parameter", reason)
        if fast and wanted.steps is not None:
            raise ServiceError(422, "bad_parameter", "steps: belongs to fast=false, which optimises; leave steps out")
        return self._task("fast" if fast else "style", "style", wanted)

    def _task(self, name: str, label: str, wanted: WantedDream | WantedStyle) -> Task:
        mimes = mimes_of(wanted.format, wanted.quality, PNG)
        return Task(partial(self._plan, name, wanted), label, mimes, wanted.quality)

    def _plan(self, name: str, wanted: Any, samples: Sequence[np.ndarray]) -> Plan:
        way, rate = self._ways[name], self._rates[name]
        with answering():
            kind, pixels = way.plan(wanted, samples)
        seconds = rate(pixels)
        if seconds > self._most_seconds:
            fewer = "" if name == "fast" else ", or fewer steps"
            reason = (
                f"this takes about {seconds:.0f} s here, and at most {self._most_seconds:g} s are taken; ask for a "
                f"smaller size{fewer}"
            )
            raise ServiceError(413, "too_much_work", reason)
        return Plan(kind, pixels, seconds, partial(_work, way, wanted), partial(rate.add, pixels))


def _seconds_per_pixel(way: Way) -> float:
    """That a way takes, measured on a small picture after its programs are made on a smaller one."""
    for side in (PROBE // 4, PROBE):
        samples = [np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)] * way.pictures
        began = time.perf_counter()
        way.make(way.least(side), samples, lambda _: None)
        seconds = time.perf_counter() - began
    return seconds / way.plan(way.least(side), samples)[1]


def _work(way: Way, wanted: Any, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
    with answering():
        return way.make(wanted, samples, on_pixels)


@contextmanager
def answering() -> Iterator[None]:
    """Turn the errors of `art` into those of the service."""
    try:
        with answering_for_memory():
            yield
    except InputError as error:
        raise ServiceError(422, "bad_parameter", str(error).replace("`", "")) from None
