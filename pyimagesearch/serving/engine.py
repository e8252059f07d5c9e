"""The loaded models: samples in, larger ones out."""

import threading
import time
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from pyimagesearch.inference import files
from pyimagesearch.inference.blend import Blends
from pyimagesearch.inference.upscaler import OUT_OF_MEMORY, AnyUpscaler
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.picture_workers import NO_MEMORY


class Stopped(Exception):
    """The client has gone, or its time is over."""


class Engine:
    """Used by one thread at a time."""

    def __init__(self, models: Sequence[str], upscalers: AnyUpscaler | Blends):
        self.models = [PurePath(name).stem for name in models]
        self.scale = upscalers.scale
        self.blends = isinstance(upscalers, Blends)
        self._upscalers = upscalers

    def warm_up(self) -> None:
        """Make the programs of all models, so that the first picture takes no longer than the others."""
        for blend in (0.0, 0.5, 1.0) if self.blends else (0.0,):
            self(np.zeros((64, 64, 3), np.uint8), blend, threading.Event())

    def __call__(self, samples: np.ndarray, blend: float, stop: threading.Event) -> tuple[np.ndarray, float]:
        """The larger samples, and the seconds that they took; `blend` is the part of the GAN model.

        Raises ServiceError where memory is short, and Stopped where `stop` is set.
        """
        upscaler = self._upscalers.of(blend) if isinstance(self._upscalers, Blends) else self._upscalers
        began = time.perf_counter()

        def check_stop(_: int) -> None:
            if stop.is_set():
                raise Stopped

        try:
            check_stop(0)
            files.fit(upscaler, samples, None)
            return upscaler(samples, on_tile=check_stop), time.perf_counter() - began
        except (files.NoMemory, *OUT_OF_MEMORY):
            raise ServiceError(503, "out_of_memory", NO_MEMORY, {"Retry-After": "10"}) from None
