"""The pictures of a folder, and collages made of its training pictures."""

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from pyimagesearch.data.pairs import Pair, make_pair
from pyimagesearch.data.sources.base import Entry, rank
from pyimagesearch.data.sources.dead_leaves import make_collage
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.images import picture_io

PHOTOGRAPHS = 6  # that a collage is made of, at most; few, since reading them takes time
DRAWN = 1  # goes up whenever the same photographs make other collages, so that records never mix both
LARGEST = 2048  # pixels a side; of larger ones that fill shapes only the middle is kept in memory


class CollageSource:
    """`folder`, and `count` collages among its training pictures, as large as these are; the same for the same folder.

    No part of a held-out picture is in a collage. `folder` has no LR pictures of its own and no `resize`.
    """

    name = "folder"

    def __init__(self, folder: FolderSource, count: int):
        self._folder = folder
        self.kernel, self.skipped = folder.kernel, folder.skipped
        self.scale, self.crop = folder.scale, folder.crop
        training = [entry for entry in folder.entries if entry.split == "train"]
        name_of = {folder.paths[entry.name]: entry.name for entry in training}
        self._others = [name_of[path] for path in sorted(name_of)]
        content = hashlib.sha256("".join([f"{DRAWN} ", *(entry.content for entry in training)]).encode()).hexdigest()
        bases = itertools.islice(itertools.cycle(training), count)
        self._base = {f"collage {number:05d}": entry for number, entry in enumerate(bases, 1)}
        others = (PHOTOGRAPHS - 1) * min(LARGEST**2, max(entry.decoded for entry in training))
        collages = [
            replace(base, name=name, content=content, decoded=base.decoded + others)
            for name, base in self._base.items()
        ]
        self.entries: Sequence[Entry] = sorted([*folder.entries, *collages], key=lambda entry: rank(entry.name))

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        for entry in entries:
            if entry.name in self._base:
                yield functools.partial(self._make, entry.name)
            else:
                yield from self._folder.jobs([entry])

    def _make(self, name: str) -> Pair:
        base = self._base[name].name
        rng = np.random.default_rng(int(name.split()[1]))
        photographs = [self._photograph(base)]
        for number in rng.integers(len(self._others), size=PHOTOGRAPHS - 1):
            photographs.append(_middle(self._photograph(self._others[number])))
        shrink = self._folder.shrink[base]
        return make_pair(name, make_collage(photographs, rng, shrink), self.scale, shrink=shrink)

    def _photograph(self, name: str) -> np.ndarray:
        photograph = picture_io.read_rgb(self._folder.paths[name])
        self._folder.check_unchanged(name)
        return photograph


def _middle(picture: np.ndarray) -> np.ndarray:
    """At most LARGEST pixels a side of (H, W, 3)."""
    top, left = (max(0, side - LARGEST) // 2 for side in picture.shape[:2])
    return picture[top : top + LARGEST, left : left + LARGEST].copy()
