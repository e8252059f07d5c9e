"""The loaded models: samples in, larger ones out."""

import threading
import time
from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from pyimagesearch.inference import files, tiles
from pyimagesearch.inference.mixture import AnyModels
from pyimagesearch.inference.upscaler import OUT_OF_MEMORY, AnyUpscaler
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.picture_workers import NO_MEMORY


class Stopped(Exception):
    """The client has gone, or its time is over."""


class Engine:
    """Used by one thread at a time."""

    def __init__(self, models: AnyModels, most_seen: int = Limits().seen_pixels):
        """most_seen: the most pixels that a network may see for one picture, which decide how long it takes."""
        self._most_seen = most_seen
        self.models = [PurePath(name).stem for name in models.names]
        self.scale = models.scale
        self.sliders = models.sliders
        self._models = models

    def warm_up(self) -> None:
        """Load every model and make their program, so that the first picture takes no longer than the others.

        Raises InputError where models cannot be loaded or mixed.
        """
        self(np.zeros((64, 64, 3), np.uint8), dict.fromkeys(self.sliders, 0.5), threading.Event())

    def check(self, amounts: Mapping[str, float]) -> None:
        """Raise ServiceError 422 where a slider is named that these models do not have."""
        for name in amounts:
            if name not in self.sliders:
                reason = f"{name} mixes models, and the models of this server have no such mix; leave {name} out"
                raise ServiceError(422, "no_mix", reason)

    def __call__(
        self, samples: np.ndarray, amounts: Mapping[str, float], stop: threading.Event
    ) -> tuple[np.ndarray, float]:
        """The larger samples, and the seconds that they took; `amounts` is where the sliders stand.

        Raises ServiceError where memory is short, and Stopped where `stop` is set.
        """
        upscaler = self._models.at(**amounts)
        began = time.perf_counter()

        def check_stop(_: int) -> None:
            if stop.is_set():
                raise Stopped

        try:
            check_stop(0)
            self._check_seen(upscaler, *samples.shape[:2])
            files.fit(upscaler, samples, None)
            return upscaler(samples, on_tile=check_stop), time.perf_counter() - began
        except (files.NoMemory, *OUT_OF_MEMORY):
            raise ServiceError(503, "out_of_memory", NO_MEMORY, {"Retry-After": "10"}) from None

    def _check_seen(self, upscaler: AnyUpscaler, height: int, width: int) -> None:
        """Raise ServiceError 413 for a picture that is so narrow that it takes as long as one of too many pixels."""
        seen = upscaler.seen_pixels(height, width, tiles.LARGEST_TILE)
        if seen > self._most_seen:
            reason = (
                f"a picture of {width}x{height} is so narrow that the network has to see {seen:,} pixels for it, and "
                f"at most {self._most_seen:,} are allowed; send it in shorter parts"
            )
            raise ServiceError(413, "too_many_pixels", reason)
