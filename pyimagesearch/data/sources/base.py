"""What every source of pictures has in common."""

import hashlib
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pyimagesearch.data.pairs import Pair, least_scored_side
from pyimagesearch.errors import InputError

logger = logging.getLogger(__name__)

KERNEL = "bicubic"  # MATLAB's imresize
LEAST_TEST, LEAST_TEST_OF = 3, 10  # test pictures at least, where there are so many: one alone decides by chance
FEW_TEST = 10  # test pictures below which a score rests on few
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


class PairMaker(Protocol):
    """Makes the pairs of a source, in this process or, where it can be pickled, in others."""

    @property
    def scale(self) -> int:
        """HR size over LR size of every pair."""
        ...

    def jobs(self, entries: Sequence[Any]) -> Iterator[Callable[[], Pair]]:
        """One thread-safe call per entry that makes its pair. `entries` is a run of its entries in one split."""
        ...


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


def choose_test(folder: str, sides: Mapping[str, int], validation: float, scale: int) -> set[str]:
    """Which of the pictures in `folder` are held out, of those that are large enough to be scored.

    sides: the shortest HR side of each. Logs and raises as `count_test` does.
    """
    least = least_scored_side(scale)
    candidates = {name for name, side in sides.items() if side >= least}
    below = sum(rank(name) < validation for name in candidates)
    count = count_test(folder, len(sides), candidates=len(candidates), below=below, scale=scale)
    return set(sorted(candidates, key=rank)[:count])


def count_test(folder: str, pictures: int, *, candidates: int, below: int, scale: int) -> int:
    """How many of the pictures in `folder` are held out: those with the lowest ranks.

    candidates: how many are large enough to be scored. below: of these, those whose rank is below the part to hold out.
    Logs how many are held out where they are few. Raises InputError where no picture is large enough.
    """
    if not candidates:
        least = least_scored_side(scale)
        raise InputError(
            f"{folder}: no picture is large enough for the test split, whose scores need {least} pixels a side at "
            f"scale {scale}; give larger pictures, or a lower `scale`"
        )
    count = _held_out_count(candidates, below) if candidates > 1 else 1
    if count < FEW_TEST:
        remedy = "srgan tfrecords --validation PART holds out more"
        logger.info(f"Test split: {count} of {pictures} pictures; {remedy}")
    return count


def held_out(names: Collection[str], fraction: float) -> set[str]:
    """The names of the test split: those whose rank is below `fraction`.

    At least one, at least LEAST_TEST of LEAST_TEST_OF names or more, and never all.
    """
    count = _held_out_count(len(names), sum(rank(name) < fraction for name in names))
    return set(sorted(names, key=rank)[:count])


def _held_out_count(names: int, below: int) -> int:
    least = LEAST_TEST if names >= LEAST_TEST_OF else 1
    return min(max(below, least), names - 1)
