"""The checked pictures of a folder in a database on the disk, so that memory does not grow with their number.

The rules are those of `data.sources`: which pictures are held out, and in which order all are.
"""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pyimagesearch.data.pairs import least_scored_side
from pyimagesearch.data.sources.base import Entry, count_test, rank

TABLES = """
CREATE TABLE pictures (
    name BLOB PRIMARY KEY, rank REAL, height INTEGER, width INTEGER, content TEXT, decoded INTEGER,
    picture BLOB, picture_rank REAL, lr_picture BLOB, shrink INTEGER, test INTEGER DEFAULT 0
) WITHOUT ROWID;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
"""


@dataclass(frozen=True, kw_only=True)
class Listed(Entry):
    """An entry with what it is made of: a picture's path in the folder, its LR picture's, how many times smaller."""

    picture: str
    lr_picture: str | None
    shrink: int


class Catalog:
    """Pictures by their names. Names are stored as bytes, in the order of Python's strings, also where no UTF-8."""

    def __init__(self, path: str):
        self._database = sqlite3.connect(path, isolation_level=None)
        self._database.executescript(TABLES)

    def add(self, found: Iterable[Listed]) -> None:
        """Add checked pictures, of no split as yet."""
        rows = (
            (
                _bytes(one.name), rank(one.name), one.height, one.width, one.content, one.decoded, _bytes(one.picture),
                rank(one.picture), _bytes(one.lr_picture), one.shrink,
            )
            for one in found
        )  # fmt: skip
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO pictures VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", rows)
        self._database.execute("COMMIT")

    def __len__(self) -> int:
        return self._number("SELECT COUNT(*) FROM pictures")

    def usable(self) -> int:
        """How many pictures of the folder can be used, at one size or several."""
        return self._number("SELECT COUNT(DISTINCT picture) FROM pictures")

    def choose_test(self, folder: str, validation: float, scale: int) -> list[str]:
        """Choose the test split as `sources.base.choose_test` does, each picture at all sizes in one split.

        Returns the names of those of its pictures that are too small to be scored; they are removed.
        """
        least = least_scored_side(scale)
        self._database.execute(
            "CREATE TEMP TABLE candidates AS SELECT picture, picture_rank FROM pictures GROUP BY picture "
            "HAVING MAX(MIN(height, width)) >= ?",
            (least,),
        )
        count = count_test(
            folder,
            self.usable(),
            candidates=self._number("SELECT COUNT(*) FROM candidates"),
            below=self._number("SELECT COUNT(*) FROM candidates WHERE picture_rank < ?", validation),
            scale=scale,
        )
        self._database.execute(
            "UPDATE pictures SET test = 1 WHERE picture IN "
            "(SELECT picture FROM candidates ORDER BY picture_rank, picture LIMIT ?)",
            (count,),
        )
        small = [
            _text(name)
            for (name,) in self._rows("SELECT name FROM pictures WHERE test AND MIN(height, width) < ?", least)
        ]
        self._database.execute("DELETE FROM pictures WHERE test AND MIN(height, width) < ?", (least,))
        return small

    def counts(self) -> dict[str, int]:
        """Pictures in each split."""
        test = self._number("SELECT COUNT(*) FROM pictures WHERE test")
        return {"train": len(self) - test, "test": test}

    def listing(self) -> Iterator[tuple[str, str, int, int, str]]:
        """Split, name, height, width and hash of all pictures, sorted."""
        for split in ("test", "train"):
            rows = self._rows(
                "SELECT name, height, width, content FROM pictures WHERE test = ? ORDER BY name", split == "test"
            )
            for name, *facts in rows:
                yield (split, _text(name), *facts)

    def entries(self, split: str) -> Iterator[Listed]:
        """The pictures of a split, in the order in which they are written."""
        rows = self._rows(
            "SELECT name, height, width, content, decoded, picture, lr_picture, shrink FROM pictures WHERE test = ? "
            "ORDER BY rank, name",
            split == "test",
        )
        for name, height, width, content, decoded, picture, lr_picture, shrink in rows:
            yield Listed(
                _text(name), split, height, width, content, decoded, picture=_text(picture),
                lr_picture=None if lr_picture is None else _text(lr_picture), shrink=shrink,
            )  # fmt: skip

    def _rows(self, query: str, *values: Any) -> Iterator[tuple]:
        return self._database.execute(query, values)

    def _number(self, query: str, *values: Any) -> int:
        return self._database.execute(query, values).fetchone()[0]

    def close(self) -> None:
        self._database.close()


@contextmanager
def temporary_catalog() -> Iterator[Catalog]:
    """An empty catalog in the folder for temporary files, until the end."""
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.closing(Catalog(os.path.join(folder, "catalog"))) as catalog,
    ):
        yield catalog


def _bytes(name: str | None) -> bytes | None:
    return None if name is None else name.encode(errors="surrogatepass")


def _text(name: bytes) -> str:
    return name.decode(errors="surrogatepass")
