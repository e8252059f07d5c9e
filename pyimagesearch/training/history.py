"""history.csv: one row per log interval, written whole (a bucket cannot append)."""

import csv
import io
import itertools
import shutil
from collections.abc import Callable
from typing import Any

from pyimagesearch.system.files import appearing, exists, local_copy, read_text
from pyimagesearch.training.run_folder import RunFolder

FIRST_COLUMNS = ("phase", "step", "seconds")


class History:
    """history.csv: one row per log interval, written whole (a bucket cannot append)."""

    def __init__(self, run: RunFolder, say: Callable[[str], None]):
        self._run = run
        self._rows: list[dict[str, Any]] = []
        self._changed = False
        path = run.file("history.csv")
        if exists(path):
            try:
                self._rows = parse(read_text(path))
            except (ValueError, KeyError, TypeError, csv.Error):
                aside = run.file("history.damaged.csv")
                with local_copy(path) as local, appearing(aside) as beside:
                    shutil.copyfile(local, beside)
                say(f"WARNING: {path} is damaged; it is kept as {aside} and a new one begins")

    def restart(self, phase: str, step: int) -> float:
        """Drop the rows of `phase` after `step`; returns the phase's training time until then, in seconds."""
        self._rows = [row for row in self._rows if row["phase"] != phase or int(row["step"]) <= step]
        return max((float(row["seconds"]) for row in self._rows if row["phase"] == phase), default=0.0)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows; values that were read are text."""
        return self._rows

    def validations(self, phase: str) -> dict[int, dict[str, float]]:
        """The scores of every validation of `phase`, by its step."""
        start = "validation_"
        found: dict[int, dict[str, float]] = {}
        for row in self._rows:
            scores = {
                name.removeprefix(start): float(row[name]) for name in row if name.startswith(start) and row[name]
            }
            if row["phase"] == phase and "psnr_y" in scores:
                found[int(row["step"])] = scores
        return found

    def add(self, **values: Any) -> None:
        self._rows.append(values)
        self._changed = True

    def write(self) -> None:
        """Write all rows, if there are new ones."""
        if not self._changed:
            return
        out = io.StringIO()
        columns = dict.fromkeys(itertools.chain(FIRST_COLUMNS, *self._rows))  # what steps measured follows
        writer = csv.DictWriter(out, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        self._run.write_text("history.csv", out.getvalue())
        self._changed = False


def parse(text: str) -> list[dict[str, Any]]:
    """The rows of a history.csv. Raises ValueError, KeyError, TypeError or csv.Error where they are none."""
    reader = csv.DictReader(io.StringIO(text), strict=True)
    rows = list(reader)
    if not set(FIRST_COLUMNS) <= set(reader.fieldnames or ()) or not text.endswith("\n"):
        raise ValueError
    for row in rows:
        int(row["step"]), float(row["seconds"]), row["phase"]
        if None in row or None in row.values():  # more or fewer cells than columns
            raise ValueError
    return rows
