"""The loaded models, and a picture's file in, a larger one's out."""

import dataclasses
import threading
import time
from collections.abc import Sequence
from pathlib import PurePath

import numpy as np

from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import TooManyPixels, Upload
from pyimagesearch.inference import files
from pyimagesearch.inference.blend import Blends
from pyimagesearch.inference.upscaler import OUT_OF_MEMORY, AnyUpscaler
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.formats import SUFFIXES


@dataclasses.dataclass(frozen=True)
class Result:
    """A picture's file."""

    data: bytes
    mime: str
    model_seconds: float  # of them for the upscaler alone


class Stopped(Exception):
    """Nobody waits for this picture any more."""


class Engine:
    """Used by one thread at a time."""

    def __init__(self, models: Sequence[str], upscalers: AnyUpscaler | Blends, *, pixels: int):
        self.models = [PurePath(name).stem for name in models]
        self.scale = upscalers.scale
        self.blends = isinstance(upscalers, Blends)
        self._upscalers = upscalers
        self._pixels = pixels

    def warm_up(self) -> None:
        """Make the programs of all models, so that the first picture takes no longer than the others."""
        for part in (0.0, 0.5, 1.0) if self.blends else (0.0,):
            sr = self._upscale(np.zeros((64, 64, 3), np.uint8), part, threading.Event())
        picture_io.encode(".png", picture_io.Picture(sr))  # says at once where OpenCV is missing

    def __call__(self, data: bytes, part: float, mimes: Sequence[str], stop: threading.Event) -> Result:
        """The picture in the file `data`, larger, in the first of `mimes` that can hold it; `part` of the GAN model.

        Raises ServiceError; Stopped where `stop` is set.
        """
        try:
            lr = picture_io.read(Upload(data), self._pixels)
            mime = self._holding(lr, mimes)
            began = time.perf_counter()
            sr = self._upscale(lr.samples, part, stop)
            seconds = time.perf_counter() - began
            return Result(picture_io.encode(SUFFIXES[mime], dataclasses.replace(lr, samples=sr)), mime, seconds)
        except TooManyPixels as error:
            raise ServiceError(413, "too_many_pixels", str(error)) from None
        except (files.NoMemory, *OUT_OF_MEMORY):
            message = "the server has too little memory for this picture now; try a smaller one, or later"
            raise ServiceError(503, "out_of_memory", message, {"Retry-After": "10"}) from None
        except MissingLibraryError:
            raise
        except InputError as error:
            raise ServiceError(422, "not_a_picture", str(error)) from None

    def _holding(self, lr: picture_io.Picture, mimes: Sequence[str]) -> str:
        """The first MIME type whose format can hold the result."""
        height, width = (side * self.scale for side in lr.samples.shape[:2])
        for mime in mimes:
            try:
                picture_io.check_format(f"picture{SUFFIXES[mime]}", lr, height, width)
                return mime
            except InputError:
                continue
        reason = "no format that Accept names can hold the result's transparency, 16 bits or size"
        raise ServiceError(406, "not_acceptable", f"{reason}; let it name image/png")

    def _upscale(self, samples: np.ndarray, part: float, stop: threading.Event) -> np.ndarray:
        upscaler = self._upscalers.of(part) if isinstance(self._upscalers, Blends) else self._upscalers

        def stop_when_asked(_: int) -> None:
            if stop.is_set():
                raise Stopped

        stop_when_asked(0)
        files.fit(upscaler, samples, None)
        return upscaler(samples, on_tile=stop_when_asked)
