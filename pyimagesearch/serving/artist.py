"""The networks that dream and paint (`srgan serve --art`), and how long they take here."""

import math
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
from pyimagesearch.system import memory
from pyimagesearch.system.console import size

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
        self.mixes = True  # whether `fast`, where it is offered, takes several styles and strengths
        if models.fast_models is not None:
            painter = load_painter(models.fast_models)
            self._ways["fast"], self.mixes = PaintedAtOnce(painter), painter.mixes
        self._ways |= {"style": Optimised(models.weights), "dream": Dreams(models.weights)}
        self._rates = {name: _measured(way) for name, way in self._ways.items()}
        self._most_memory = math.inf

    def measure_memory(self) -> None:
        """Take what is free now for what is free at best: all of the server is loaded, and nothing is worked on."""
        self._most_memory = memory.available()

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
        with self._answering(samples):
            work = way.plan(wanted, samples)
        seconds = rate(work.seen)
        if seconds > self._most_seconds:
            fewer = "" if name == "fast" else ", or fewer steps"
            reason = (
                f"this takes about {seconds:.0f} s here, and at most {self._most_seconds:g} s are taken; ask for a "
                f"smaller size{fewer}"
            )
            raise ServiceError(413, "too_much_work", reason)
        make = partial(_work, way, wanted)
        return Plan(work.kind, work.pixels, work.piece, seconds, make, partial(rate.add_part, work.seen))

    @contextmanager
    def _answering(self, samples: Sequence[np.ndarray]) -> Iterator[None]:
        """Turn the errors of `art` about what is wanted of these pictures into those of the service."""
        try:
            yield
        except memory.NoMemory as error:
            needs = f"this needs {size(error.needed)} of memory"
            if error.needed + sum(each.nbytes for each in samples) > self._most_memory:
                reason = f"{needs}, which this server never has; ask for a smaller size"
                raise ServiceError(413, "too_much_work", reason) from None
            reason = f"{needs}, but {size(error.free)} are free now; ask for a smaller size, or later"
            raise ServiceError(503, "out_of_memory", reason, {"Retry-After": "10"}) from None
        except InputError as error:
            raise ServiceError(422, "bad_parameter", str(error).replace("`", "")) from None


def _measured(way: Way) -> Rate:
    """How fast a way is, measured on two small pictures after its programs are made."""
    small, large = PROBE // 4, PROBE
    _seconds_of(way, small)
    (less, soon), (more, late) = _seconds_of(way, small), _seconds_of(way, large)
    # At most half of the time is taken for fixed, so that a measurement that was disturbed makes nothing look free.
    fixed = min(max(0.0, soon - less * (late - soon) / (more - less)), late / 2) if way.has_fixed_cost else 0.0
    return Rate((late - fixed) / more, fixed)


def _seconds_of(way: Way, side: int) -> tuple[int, float]:
    """The pixels that networks see for the least work at this size, and the seconds that it takes."""
    samples = [np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)] * way.pictures
    wanted = way.least(side)
    seen = way.plan(wanted, samples).seen
    began = time.perf_counter()
    way.make(wanted, samples, lambda _: None)
    return seen, time.perf_counter() - began


def _work(way: Way, wanted: Any, samples: Sequence[np.ndarray], on_pixels: OnPixels) -> np.ndarray:
    """The result. What was wrong with the request has been said by `plan`; what fails now is for the operator's log."""
    with answering_for_memory():
        return way.make(wanted, samples, on_pixels)
