"""Keeps the records of a run with services such as MLflow, from what its folder holds, beside the training."""

import os
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from pyimagesearch.errors import Interrupted, one_line
from pyimagesearch.system.files import exists, paths_in, read_text
from pyimagesearch.training.history import parse
from pyimagesearch.training.run_folder import START_FIELDS, RunFolder, step_of
from pyimagesearch.training.trackers import TRACKERS, Outcome, Point, RunInfo, Tracker, without_passwords

PATH_FIELDS = (*START_FIELDS, "finetune.vgg_weights")  # of which a record gets the last part only
LAST_SECONDS = {"finished": 300.0, "stopped": 30.0, "failed": 30.0}  # that the end of a run waits for its services
LONGEST_REASON = 200  # characters


class Tracking:
    """The records of one run; a context, at whose end they are closed.

    They hold what a checkpoint vouches for: a run that is killed takes the later steps again, and no service lets its
    steps be replaced. What a record lacks, for example because its service did not answer, is added at the next
    checkpoint, or by the next start of the same command.
    """

    def __init__(self, names: Sequence[str], run: RunFolder, identity: Mapping[str, Any], say: Callable[[str], None]):
        """names: of TRACKERS. identity: what the run's config.json says."""
        self._followers = [_Follower(name, run, identity, say) for name in dict.fromkeys(names)]

    def update(self) -> None:
        """Have the services take what the folder holds now. Returns at once."""
        for follower in self._followers:
            follower.update()

    def __enter__(self) -> "Tracking":
        for follower in self._followers:
            follower.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        stopped = isinstance(error, Interrupted | KeyboardInterrupt)
        outcome: Outcome = "finished" if error is None else "stopped" if stopped else "failed"
        for follower in self._followers:
            follower.close(outcome)
        deadline = time.monotonic() + LAST_SECONDS[outcome]
        for follower in self._followers:
            follower.join(deadline - time.monotonic())


class _Follower:
    """One service, in a thread of its own, so that one that is slow or gone keeps no training waiting."""

    def __init__(self, name: str, run: RunFolder, identity: Mapping[str, Any], say: Callable[[str], None]):
        self._name, self._run, self._identity, self._say = name, run, identity, say
        self._tracker: Tracker | None = None
        self._due = threading.Event()
        self._outcome: Outcome | None = None  # of the run, once it has ended
        self._where, self._warned = "", False  # what was said of the record
        self._thread = threading.Thread(target=self._follow, name=f"--log {name}", daemon=True)

    def start(self) -> None:
        self.update()
        self._thread.start()

    def update(self) -> None:
        self._due.set()

    def close(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._due.set()

    def join(self, seconds: float) -> None:
        self._thread.join(max(0.0, seconds))
        if self._thread.is_alive():
            self._warn("no answer yet")

    def _follow(self) -> None:
        outcome = None
        while outcome is None:
            self._due.wait()
            self._due.clear()
            outcome = self._outcome  # before the folder is read, which then holds all
            try:
                self._take(outcome)
            except Exception as error:
                self._tracker = None  # opened anew at the next checkpoint, which finds out what the record lacks
                if outcome or not self._warned:
                    self._warn(without_passwords(one_line(error))[:LONGEST_REASON] or type(error).__name__)

    def _take(self, outcome: Outcome | None) -> None:
        if self._tracker is None:
            self._tracker = TRACKERS[self._name](_info(self._run, self._identity))
            if self._tracker.where != self._where:
                self._where = self._tracker.where
                self._say(f"--log {self._name}: {self._where}")
        self._tracker.update(points(self._run, self._identity["config"]["pretrain"]["steps"]))
        if outcome:
            self._tracker.finish(_models(self._run) if outcome == "finished" else [], outcome)
        self._warned = False

    def _warn(self, reason: str) -> None:
        then = "the same command completes it" if self._outcome else "the training goes on, and tries again"
        self._say(f"WARNING: --log {self._name}: the record cannot be written now ({reason}); {then}")
        self._warned = True


def points(run: RunFolder, pretrain_steps: int) -> list[Point]:
    """What the run has up to its last checkpoints, in order: rows of history.csv, and pictures in samples/."""
    vouched = _vouched(run)
    rows = {(row["phase"], int(row["step"])): row for row in _rows(run)}
    samples = {}
    for path in paths_in(run.file("samples"), ".png"):
        if found := re.fullmatch(r"(pretrain|finetune)_(\d+)\.png", path.rpartition("/")[2]):
            samples[found[1], int(found[2])] = path
    keys = [(phase, step) for phase, step in rows.keys() | samples.keys() if step <= vouched.get(phase, -1)]
    offsets = {"pretrain": 0, "finetune": pretrain_steps + 1}  # of phase 2's step 0, which follows phase 1's last
    found_points = [
        Point(phase, step, offsets[phase] + step, _values(rows.get((phase, step), {})), samples.get((phase, step)))
        for phase, step in keys
    ]
    return sorted(found_points, key=lambda point: point.total_step)


def _vouched(run: RunFolder) -> dict[str, float]:
    """The last step of each phase that no later start takes again. Step 0 alone is taken again."""
    last = {phase: max(map(step_of, run.checkpoints(phase)), default=0) for phase in ("pretrain", "finetune")}
    vouched: dict[str, float] = {phase: step or -1 for phase, step in last.items()}
    return vouched | ({"pretrain": float("inf")} if run.checkpoints("finetune") else {})


def _rows(run: RunFolder) -> list[dict[str, Any]]:
    path = run.file("history.csv")
    return parse(read_text(path)) if exists(path) else []


def _values(row: Mapping[str, str]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items() if name not in ("phase", "step") and value}


def _models(run: RunFolder) -> list[str]:
    return paths_in(run.file("models"), ".keras")


def _info(run: RunFolder, identity: Mapping[str, Any]) -> RunInfo:
    """What a record says of the run: no paths but their last part, since records are shared with others."""
    config = {name: dict(value) if isinstance(value, Mapping) else value for name, value in identity["config"].items()}
    for field in PATH_FIELDS:
        group, _, name = field.partition(".")
        config[group][name] = config[group][name].rstrip("/").rpartition("/")[2]
    also = {name: identity[name] for name in ("precision", "replicas", "dataset")}
    name = os.path.basename(os.path.abspath(run.path))
    return RunInfo(run.id, name, {**config, **also}, run.path)
