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

PHOTOGRAPHS = 6  # that one collage is made of; few, since reading them takes as long as drawing


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
        names = [under.name, *(self._photographs[number].name for number in others)]
        shrink = self._folder.shrink[under.name]
        collage = make_collage([images.read(self._folder.paths[name]) for name in names], seed, shrink)
        return make_pair(name, collage, self._scale, shrink=shrink)
