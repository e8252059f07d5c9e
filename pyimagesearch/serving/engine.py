"""The loaded models: samples in, larger ones out."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath

import numpy as np

from pyimagesearch.inference import files, tiles
from pyimagesearch.inference.mixture import AnyModels
from pyimagesearch.inference.upscaler import OUT_OF_MEMORY, AnyUpscaler, Upscaler
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.picture_workers import NO_MEMORY
from pyimagesearch.system import memory


@contextmanager
def answering_for_memory() -> Iterator[None]:
    """Raise ServiceError 503 where memory is short."""
    try:
        yield
    except (memory.NoMemory, *OUT_OF_MEMORY):
        raise ServiceError(503, "out_of_memory", NO_MEMORY, {"Retry-After": "10"}) from None


class Engine:
    """Used by one thread at a time."""

    def __init__(self, models: AnyModels):
        self.models = [PurePath(name).stem for name in models.names]
        self.scale = models.scale
        self.sliders = models.sliders
        self.scales = list(range(1, models.scale + 1))
        self._models = models
        self._any = models.at()  # all mixes are of one network
        self._turn: object = None  # which call had the models last

    def warm_up(self) -> None:
        """Load every model and make their program, so that the first picture takes no longer than the others.

        Raises InputError where models cannot be loaded or mixed.
        """
        self(np.zeros((64, 64, 3), np.uint8), dict.fromkeys(self.sliders, 0.5), self.scale, lambda _: None)

    def amounts_of(self, model: str) -> dict[str, float]:
        """Where the sliders stand for one of `models` alone. Raises ServiceError 422."""
        if model not in self.models:
            raise ServiceError(422, "bad_parameter", f"model: one of {', '.join(self.models)}, received {model[:50]}")
        number = self.models.index(model)  # in rows of (faithful, crisp), from clean pictures to damaged ones
        corner = {"clean": float(number // 2), "crisp": float(number % 2)}
        return {name: corner[name] for name in self.sliders}

    def check(self, amounts: Mapping[str, float]) -> None:
        """Raise ServiceError 422 where a slider is named that these models do not have."""
        for name in amounts:
            if name not in self.sliders:
                reason = f"{name} mixes models, and the models of this server have no such mix; leave {name} out"
                raise ServiceError(422, "no_mix", reason)

    def seen_pixels(self, height: int, width: int) -> int:
        """LR pixels that a network sees for a picture of this size, which decide how long it takes."""
        return self._any.seen_pixels(height, width, tiles.LARGEST_TILE)

    def __call__(
        self, samples: np.ndarray, amounts: Mapping[str, float], scale: int, on_tile: Callable[[int], object]
    ) -> np.ndarray:
        """The samples, `scale` times larger; `amounts` is where the sliders stand.

        on_tile: called after each tile with the number of its LR pixels; may call this object for another picture.

        Raises ServiceError where memory is short, and what on_tile raises.
        """
        upscaler = self._take(amounts).at_scale(scale)
        mine = self._turn

        def tile_done(pixels: int) -> None:
            tile = upscaler.tile if isinstance(upscaler, Upscaler) else None
            on_tile(pixels)
            if self._turn is not mine:  # another picture had the network meanwhile
                self._take(amounts, mine)
                if tile and isinstance(upscaler, Upscaler):
                    upscaler.tile = tile

        with answering_for_memory():
            files.fit(upscaler, samples, None)
            return upscaler(samples, on_tile=tile_done)

    def _take(self, amounts: Mapping[str, float], turn: object = None) -> AnyUpscaler:
        """The upscaler of a mix, until the next call."""
        self._turn = turn or object()
        return self._models.at(**amounts)
