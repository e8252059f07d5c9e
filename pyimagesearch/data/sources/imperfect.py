"""Training pictures with what cameras and files leave in pictures: softness, and the marks of JPEG.

A photograph that was made much smaller is sharper and cleaner than those that people have. A network that has seen
nothing else takes every trace of compression for detail, and draws edges that the picture does not have.
"""

import functools
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from PIL import Image

from pyimagesearch.data.pairs import Pair
from pyimagesearch.data.sources.base import Entry, Source, rank
from pyimagesearch.images import resize

MADE = 1  # goes up whenever the same pictures become other ones, so that records never mix both
BLUR = 0.3, 0.8  # HR pixels: standard deviation of the Gaussian
QUALITY = 50, 95  # of the JPEG, whose colours have half the resolution (4:2:0)
LARGEST = 65_500  # pixels a side that JPEG can hold


class ImperfectSource:
    """`source`, of whose training pictures `part` are imperfect; the same ones in the same way for the same names.

    The LR side is made of the imperfect picture, by MATLAB-equivalent bicubic. The test split stays as it is.
    """

    def __init__(self, source: Source, part: float):
        self._source = source
        self.name, self.kernel, self.skipped = source.name, source.kernel, source.skipped
        self.scale, self.crop = source.scale, source.crop
        self._chosen = {e.name for e in source.entries if e.split == "train" and rank(f"imperfect {e.name}") < part}
        self.entries: Sequence[Entry] = [
            self._chosen_entry(entry) if entry.name in self._chosen else entry for entry in source.entries
        ]

    @staticmethod
    def _chosen_entry(entry: Entry) -> Entry:
        at_once = 3 * entry.height * entry.width  # the picture, and what Pillow and OpenCV hold beside it
        return replace(entry, content=f"imperfect {MADE} {entry.content}", decoded=max(entry.decoded, at_once))

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        for entry, job in zip(entries, self._source.jobs(entries), strict=True):
            yield functools.partial(self._make, job) if entry.name in self._chosen else job

    def _make(self, job: Callable[[], Pair]) -> Pair:
        pair = job()
        rng = np.random.default_rng(int(rank(pair.name) * 2**53))
        hr = make_imperfect(pair.hr, rng)
        return Pair(pair.name, resize.downscale(hr, self.scale), hr)


def make_imperfect(hr: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A third of pictures softened, a third compressed, a third both: uint8 RGB (H, W, 3) to the same.

    What JPEG cannot hold is softened alone.
    """
    kind = rng.integers(3) if max(hr.shape) <= LARGEST else 1
    if kind != 0:
        hr = cv2.GaussianBlur(hr, (0, 0), rng.uniform(*BLUR))
    if kind != 1:
        file = io.BytesIO()
        Image.fromarray(hr).save(file, "JPEG", quality=int(rng.integers(QUALITY[0], QUALITY[1] + 1)))
        hr = np.asarray(Image.open(file))
    return hr
