"""The pictures of a folder, and collages made of its training pictures."""

import functools
import hashlib
import itertools
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pyimagesearch import images
from pyimagesearch.data.dead_leaves import make_collage
from pyimagesearch.data.pairs import Pair, make_pair
from pyimagesearch.data.sources import Entry, FolderSource, rank

PHOTOGRAPHS = 6  # that one collage is made of; few, since reading them takes time
LARGEST = 2048  # pixels a side of what is kept of those that do not lie under it: memory must not grow with them


class CollageSource:
    """`folder`, and `count` collages among its training pictures, as large as these are; the same for the same folder.

    No part of a held-out picture is in a collage. `scale` is the folder's.
    """

    name = "folder"

    def __init__(self, folder: FolderSource, count: int, *, scale: int):
        self._folder, self._scale = folder, scale
        self.kernel, self.skipped = folder.kernel, folder.skipped
        self._photographs = [entry for entry in folder.entries if entry.split == "train"]
        content = hashlib.sha256("".join(entry.content for entry in self._photographs).encode()).hexdigest()
        under = itertools.islice(itertools.cycle(self._photographs), count)
        self._under = {f"collage {number:05d}": entry for number, entry in enumerate(under, 1)}
        collages = [Entry(name, "train", entry.height, entry.width, content) for name, entry in self._under.items()]
        self.entries: Sequence[Entry] = sorted([*folder.entries, *collages], key=lambda entry: rank(entry.name))

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        for entry in entries:
            if entry.name in self._under:
                yield functools.partial(self._make, entry.name)
            else:
                yield from self._folder.jobs([entry])

    def _make(self, name: str) -> Pair:
        under = self._under[name]
        seed = int(name.split()[1])
        others = np.random.default_rng(seed).choice(len(self._photographs), PHOTOGRAPHS - 1)
        photographs = [self._read(under)]
        photographs += [_middle(self._read(self._photographs[number])) for number in others]
        shrink = self._folder.shrink[under.name]
        return make_pair(name, make_collage(photographs, seed, shrink), self._scale, shrink=shrink)

    def _read(self, entry: Entry) -> np.ndarray:
        """The whole picture, before it is made smaller."""
        return images.read(self._folder.paths[entry.name])


def _middle(picture: np.ndarray) -> np.ndarray:
    top, left = (max(0, side - LARGEST) // 2 for side in picture.shape[:2])
    return picture[top : top + LARGEST, left : left + LARGEST].copy()
