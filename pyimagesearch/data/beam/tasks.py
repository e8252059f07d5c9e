"""Numbered tasks in a local or gs:// folder, which the workers of a Beam runner do.

A pipeline says only how many tasks there are: what each is about, and what comes out of it, are files. The answer of a
task appears once the task is done, so that a task that is done is not done again, however often a pipeline is run.
"""

import functools
import json
import pickle
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pyimagesearch.system import beam, console, parallel
from pyimagesearch.system.files import exists, join, read_text, write_whole
from pyimagesearch.system.folders import count_files, make_folder, remove_folder

AT_ONCE = 16  # files read or written at a time: a bucket takes its time for each

Work = Callable[[Any], Any]  # both of what JSON can hold


class Tasks:
    """The tasks in `folder`; of what an earlier process left there, nothing is used."""

    def __init__(self, folder: str, tasks: Iterable[Any]):
        self.folder = folder
        remove_folder(folder)
        make_folder(join(folder, "answers"))
        written = parallel.ordered(self._write, enumerate(tasks), weight=lambda _: 1, budget=AT_ONCE, threads=AT_ONCE)
        self.count = sum(1 for _ in written)

    def _write(self, numbered: tuple[int, Any]) -> None:
        number, task = numbered
        write_whole(_task_path(self.folder, number), json.dumps(task))

    def done(self) -> int:
        """How many tasks are done."""
        return count_files(join(self.folder, "answers"), ".json")

    def run(self, runner: beam.Runner, work: Work, *, label: str, unit: str) -> dict[str, int]:
        """Do all tasks, and return the counters of Beam.

        work: makes a task's answer. It has to be picklable, and safe to do again.
        """
        if not self.count:
            return {}
        from pyimagesearch.data.beam.pipeline import build_pipeline

        build = functools.partial(build_pipeline, self.folder, self.count, pickle.dumps(work))
        with console.watched(self.done, total=self.count, label=label, unit=unit):
            return beam.run(runner, build, progress=self.done)

    def answers(self) -> Iterator[Any]:
        """The answers of all tasks, in their order."""
        return parallel.ordered(
            lambda number: json.loads(read_text(_answer_path(self.folder, number))),
            range(self.count),
            weight=lambda _: 1,
            budget=AT_ONCE,
            threads=AT_ONCE,
        )


def _task_path(folder: str, number: int) -> str:
    return join(folder, "tasks", f"{number:08d}.json")


def _answer_path(folder: str, number: int) -> str:
    return join(folder, "answers", f"{number:08d}.json")


def do_task(folder: str, number: int, work: Work) -> None:
    """Do a task, unless it is done."""
    answer = _answer_path(folder, number)
    if exists(answer):
        return
    write_whole(answer, json.dumps(work(json.loads(read_text(_task_path(folder, number))))))
