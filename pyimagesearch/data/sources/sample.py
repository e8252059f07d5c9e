"""The photographs that scikit-image carries."""

import functools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.base import KERNEL, Entry
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize


class SampleSource:
    """The colour photographs that scikit-image carries; astronaut and chelsea are the test split."""

    name = "sample"
    kernel = KERNEL
    _TEST = ("astronaut", "chelsea")
    _TRAIN = ("coffee", "hubble_deep_field", "immunohistochemistry", "motorcycle", "retina", "rocket")

    def __init__(self, *, scale: int, crop: int):
        self.scale, self.crop = scale, crop
        self._pictures = {name: resize.crop_to_multiple(_sample(name), scale) for name in (*self._TRAIN, *self._TEST)}
        self.skipped: list[str] = []
        for name, hr in self._pictures.items():
            if min(hr.shape[:2]) < crop:
                raise InputError(
                    f"`crop` {crop}: larger than the sample's picture {name} ({hr.shape[1]}x{hr.shape[0]})"
                )
        self.entries: Sequence[Entry] = [
            Entry(name, "test" if name in self._TEST else "train", hr.shape[0], hr.shape[1])
            for name, hr in self._pictures.items()
        ]

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        return (functools.partial(self._read, entry.name) for entry in entries)

    def _read(self, name: str) -> Pair:
        hr = self._pictures[name]
        return Pair(name, resize.downscale(hr, self.scale), hr)


def _sample(name: str) -> np.ndarray:
    from skimage import data

    if name == "motorcycle":
        return data.stereo_motorcycle()[0]
    return getattr(data, name)()
