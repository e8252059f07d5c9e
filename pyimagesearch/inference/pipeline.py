"""Upscales pictures on Apache Beam, by its RunInference: in several processes or on several machines.

What to do lies in a hidden file in the folder of the results, a line for each picture, so that the pipeline itself
stays small. What became of all pictures comes back in another. Both are removed at the end.
"""

import contextlib
import dataclasses
import functools
import json
import logging
import os
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam
from apache_beam.ml.inference.base import ModelHandler, RunInference

from pyimagesearch.errors import InputError
from pyimagesearch.inference.batches import Report, finished_in, run_job
from pyimagesearch.inference.film.formats import Moving, is_film
from pyimagesearch.inference.finished import Finished, count_recorded
from pyimagesearch.inference.jobs import Job
from pyimagesearch.inference.mixture import Choice
from pyimagesearch.inference.sizes import Size
from pyimagesearch.inference.upscaler import AnyUpscaler
from pyimagesearch.system import beam, files, gcs
from pyimagesearch.system.paths import fetched, path_of


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that a worker has to know. run: a name for this call alone. folder: that of the results."""

    run: str
    folder: str
    model: Choice
    moving: Moving
    size: Size | None
    tile: int | None
    overwrite: bool

    @property
    def jobs_path(self) -> str:
        """Of the file with the source and the result of each picture."""
        return files.join(self.folder, f".srgan-run-{self.run}.jobs.jsonl")

    @property
    def report_path(self) -> str:
        """Of the file that says what became of all pictures."""
        return files.join(self.folder, f".srgan-run-{self.run}.report.json")


def run(
    runner: beam.Runner, jobs: Sequence[Job], model: Choice, *, size: Size | None, tile: int | None, overwrite: bool
) -> Report:
    """Upscale pictures as batches.run does, with the same results, on a runner of Beam.

    Raises InputError where the pictures, the model or their results are not in the reach of the workers.
    """
    folder = _check_jobs(runner, jobs, model)
    plan = Plan(uuid.uuid4().hex, os.fspath(folder), model, jobs[0].moving, size, tile, overwrite)
    lines = (json.dumps([os.fspath(job.source), job.target.relative_to(folder).as_posix()]) for job in jobs)
    try:
        files.write_whole(plan.jobs_path, "".join(f"{line}\n" for line in lines))
        with _without_warnings():
            beam.run(runner, functools.partial(_build, plan), progress=functools.partial(count_recorded, folder))
        report = Report(**json.loads(files.read_text(plan.report_path)))
    finally:
        for path in (plan.jobs_path, plan.report_path):
            if files.exists(path):
                files.remove(path)
    report.failures.sort()  # workers end in any order
    return report


@contextlib.contextmanager
def _without_warnings() -> Iterator[None]:
    """RunInference warns on the root logger that it would measure more with libraries that are not installed."""
    root = logging.getLogger()
    root.addFilter(_refuse)
    try:
        yield
    finally:
        root.removeFilter(_refuse)


def _refuse(_: logging.LogRecord) -> bool:
    return False


def _check_jobs(runner: beam.Runner, jobs: Sequence[Job], model: Choice) -> Path:
    """The folder of the results. Raises InputError where `runner` cannot do the jobs."""
    folder = jobs[0].folder
    if folder is None:
        raise InputError(f"{jobs[0].target}: `runner` writes results to folders; name a folder as `output`")
    if films := [job.source for job in jobs if is_film(job.source)]:
        raise InputError(f"{films[0]}: `runner` is for pictures; upscale films without it")
    beam.check_reach(runner, output=os.fspath(folder), **_own_files(model))
    local = [job.source for job in jobs if not gcs.on_bucket(os.fspath(job.source))]
    if runner.name == "dataflow" and local:
        raise InputError(f"{local[0]}: Dataflow's machines do not see this disk; name pictures on a bucket")
    return folder


def _own_files(model: Choice) -> dict[str, str]:
    """The files of a model that does not come with the package, by argument."""
    named = {"model": model.model, "gan_model": model.gan_model}
    return {argument: name for argument, name in named.items() if name and name.endswith(".keras")}


def _build(plan: Plan, pipeline: "apache_beam.Pipeline") -> None:
    _ = (
        pipeline
        | "Plan" >> apache_beam.Create([plan])
        | "Pictures" >> apache_beam.FlatMap(_planned)
        | "Share" >> apache_beam.Reshuffle()
        | "Upscale" >> RunInference(UpscalerHandler(plan))
        | "Sum" >> apache_beam.CombineGlobally(_total)
        | "Report" >> apache_beam.Map(functools.partial(_write_report, plan))
    )


def _planned(plan: Plan) -> Iterator[Job]:
    gcs.configure()
    folder = path_of(plan.folder)
    with fetched(plan.jobs_path) as local, open(local, encoding="utf-8") as lines:
        for source, result in map(json.loads, lines):
            yield Job(path_of(source), folder / result, folder, plan.moving)


def _total(reports: Iterable[Report]) -> Report:
    total = Report()
    for report in reports:
        total += report
    return total


def _write_report(plan: Plan, report: Report) -> None:
    files.write_whole(plan.report_path, json.dumps(dataclasses.asdict(report)))


@dataclasses.dataclass(frozen=True)
class Loaded:
    """What a process has once, for all its threads: one of them at a time works, with all cores."""

    upscaler: AnyUpscaler
    finished: Finished | None
    lock: threading.Lock


class UpscalerHandler(ModelHandler[Job, Report, Loaded]):
    """Our upscaler for RunInference, which loads it once a process: from a job to what became of it."""

    def __init__(self, plan: Plan):
        super().__init__(max_batch_size=1)  # pictures are of all sizes; the upscaler cuts them into tiles itself
        self._plan = plan

    def load_model(self) -> Loaded:
        """The upscaler, and what is finished in the folder of the results."""
        gcs.configure()
        upscaler, plan = self._plan.model.load(), self._plan
        return Loaded(upscaler, finished_in(path_of(plan.folder), upscaler, plan.size, run=plan.run), threading.Lock())

    def run_inference(
        self,
        batch: Sequence[Job],
        model: Loaded,
        inference_args: Mapping[str, Any] | None = None,  # noqa: ARG002  (of Beam's interface)
    ) -> list[Report]:
        """What became of each job. Raises as run_job does, which ends the pipeline."""
        return [self._run(job, model) for job in batch]

    def _run(self, job: Job, model: Loaded) -> Report:
        plan = self._plan
        with model.lock:
            report = run_job(
                job, model.upscaler, model.finished, size=plan.size, tile=plan.tile, overwrite=plan.overwrite
            )
        for name, number in (("made", report.made), ("done_before", report.done_before)):
            beam.count(f"pictures_{name}", number)
        beam.count("pictures_failed", len(report.failures))
        return report
