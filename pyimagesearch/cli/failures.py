"""What a command says at its end of pictures that failed."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pyimagesearch.errors import InputError, RunError


def report_failures(failures: Sequence[str], total: int, others: str = "the others are done") -> None:
    """Raise RunError if there are failures, after a line on stderr for each; of a single picture there is one line."""
    if not failures:
        return
    lines = [InputError(line).with_flags() for line in failures]
    if total == 1:
        raise RunError(lines[0])
    print(*lines, sep="\n", file=sys.stderr)
    rest = f"; {others}" if len(failures) < total else ""
    raise RunError(f"{len(failures)} of {total} picture(s) failed{rest}")


def report_left_out(report: Mapping[str, Any]) -> None:
    """report_failures of the pictures that a report of scores lacks."""
    failures = report.get("left_out", ())
    scored = len(next(iter(report["models"].values()))["pictures"])
    report_failures(failures, len(failures) + scored, "the others are scored, and the means are theirs")
