"""What every source of pictures has in common."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pyimagesearch.data.pairs import Pair

KERNEL = "bicubic"  # MATLAB's imresize
LEAST_TEST, LEAST_TEST_OF = 3, 10  # test pictures at least, where there are so many: one alone decides by chance
GIVEN = "given"  # in its place where LR pictures come from files


@dataclass(frozen=True)
class Entry:
    """A picture that a source can read; `height` and `width` are those of its HR side, in pixels.

    `entries` lists pictures in an order that mixes them: neighbours become neighbours in a shard.
    """

    name: str
    split: str  # "train" or "test"
    height: int
    width: int
    content: str = ""  # hash of its files, where they are at hand: tells an edited picture from the old one
    decoded: int = 0  # pixels that are in memory while it is made, where they are more than its own


class Source(Protocol):
    """LR/HR pairs for a dataset folder. The writer of the folder takes scale and crop from here."""

    name: str
    kernel: str  # what made the LR pictures
    scale: int  # HR size over LR size of every pair
    crop: int  # side of the HR training crops that every training picture can give, in pixels
    entries: Sequence[Entry]
    skipped: list[str]  # why pictures were left out, a line each

    def jobs(self, entries: Sequence[Entry]) -> Iterator[Callable[[], Pair]]:
        """One thread-safe call per entry that makes its pair. `entries` is a run of self.entries in one split."""
        ...


def rank(name: str) -> float:
    """A number in [0, 1) that follows from a name alone. It orders pictures and chooses the test split."""
    return int.from_bytes(hashlib.sha256(name.encode(errors="surrogateescape")).digest()[:8], "big") / 2**64


def held_out(names: Collection[str], fraction: float) -> set[str]:
    """The names of the test split: those whose rank is below `fraction`.

    At least one, at least LEAST_TEST of LEAST_TEST_OF names or more, and never all.
    """
    count = sum(rank(name) < fraction for name in names)
    least = LEAST_TEST if len(names) >= LEAST_TEST_OF else 1
    return set(sorted(names, key=rank)[: min(max(count, least), len(names) - 1)])
