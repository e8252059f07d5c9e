"""The pipeline that does tasks. Only this module is of Beam's classes, so that the others load without it."""

import pickle
from collections.abc import Iterable

import apache_beam

from pyimagesearch.data.beam.tasks import Work, do_task


def build_pipeline(folder: str, count: int, work: bytes, pipeline: apache_beam.Pipeline) -> None:
    """Do the `count` tasks in `folder`: one element a task; the runner spreads them over its workers.

    work: pickled. It stays so until a worker does it, since its libraries take seconds to load.
    """
    _ = (
        pipeline
        | apache_beam.Create([count])
        | "numbers" >> apache_beam.FlatMap(_numbers)
        | apache_beam.Reshuffle()
        | "work" >> apache_beam.ParDo(_Doing(folder, work))
    )


def _numbers(count: int) -> Iterable[int]:
    return range(count)


class _Doing(apache_beam.DoFn):
    def __init__(self, folder: str, work: bytes):
        self._folder, self._pickled = folder, work

    def setup(self) -> None:
        self._work: Work = pickle.loads(self._pickled)

    def process(self, number: int) -> None:  # type: ignore[override]
        do_task(self._folder, number, self._work)
