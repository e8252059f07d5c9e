"""The jobs of a server: taken in, worked on, kept for a while, forgotten."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np

from pyimagesearch.serving import formats
from pyimagesearch.serving.errors import ServiceError, no_disk
from pyimagesearch.serving.job import SECONDS_KEPT, Job, Picture, Stored, Version
from pyimagesearch.serving.line import Line, busy
from pyimagesearch.serving.metrics import Metrics
from pyimagesearch.serving.picture_workers import Decoded, PictureWorkers
from pyimagesearch.serving.places import Places
from pyimagesearch.serving.results import Results
from pyimagesearch.serving.store import Store
from pyimagesearch.serving.task import Plan
from pyimagesearch.serving.ticket import Ticket

logger = logging.getLogger(__name__)

FAULT = "the server failed at this picture; its operator finds the reason in its log"
LEAST_KEPT = 60.0  # seconds that a result that nobody has fetched is kept, however many others need the room


class Jobs:
    """All jobs that are known."""

    def __init__(self, workers: PictureWorkers, store: Store, line: Line, places: Places, metrics: Metrics):
        """metrics: count what has ended."""
        self._store, self._line, self._places = store, line, places
        self._jobs: dict[str, Job] = {}  # the oldest first
        self._results = Results(workers, store)
        self._metrics = metrics

    def get(self, job_id: str) -> Job:
        """A job. Raises ServiceError 404."""
        job = self.find(job_id)
        if job is None:
            raise ServiceError(
                404, "no_such_job", "no job has this id, or it has been forgotten; send the pictures again"
            )
        return job

    def find(self, job_id: str) -> Job | None:
        """A job, or None."""
        return self._jobs.get(job_id)

    def take(self, job: Job) -> tuple[BinaryIO, str]:
        """The open file and the MIME type of the one result of a job, which is forgotten."""
        (version, path) = next(iter(job.pictures[0].files.items()))
        file = path.open("rb")
        self.cancel(job)
        return file, version.mime

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    async def add_picture(self, job: Job, name: str, *inputs: Decoded, alone: bool) -> None:
        """Take a decoded picture into a job that has not begun. Raises ServiceError where that is not possible now.

        inputs: the picture, and others that the job's task takes with it. alone: in its job. One whose result the
        format cannot hold is refused then; among others it becomes a PNG.
        """
        samples = [each.samples for each in inputs]
        plan = await asyncio.to_thread(job.task.plan, samples)
        height, width = plan.kind.shape[:2]
        picture = Picture(len(job.pictures), name, height=height, width=width)
        picture.kind, picture.metadata = plan.kind, inputs[0].metadata
        if alone:
            formats.first_that_holds(plan.kind, height, width, job.task.mimes)
        before = sum(other.ticket.seconds for other in job.pictures if other.ticket)
        picture.bytes = sum(each.nbytes for each in samples) + plan.kind.bytes
        self._line.check_room(before + plan.seconds)
        self._make_room(job.bytes + picture.bytes)
        job.pictures.append(picture)
        for each in samples:
            stored = Stored(self._store.new(), formats.Kind(each.shape, each.dtype.str))
            picture.inputs.append(stored)
            await asyncio.to_thread(_write, stored.path, each)
        work = self._work_of(picture.inputs, plan)
        picture.ticket = Ticket(
            job.id, work, seconds=plan.seconds, pixels=plan.pixels, piece=plan.piece, before=before
        )  # fmt: skip

    def begin(self, job: Job) -> None:
        """Put a job's pictures in line. Raises ServiceError where others have filled it meanwhile."""
        tickets = [picture.ticket for picture in job.pictures if picture.ticket]
        self._line.check_room(sum(ticket.seconds for ticket in tickets))
        self._make_room(job.bytes)
        self._jobs[job.id] = job
        for picture in job.pictures:
            if not picture.ticket:  # it could not be decoded
                self._metrics.picture_ended(picture)
        self._line.add(tickets)
        job.place.handed_over = True
        job.finishing = asyncio.create_task(self._finish(job))

    def stop(self, job: Job) -> None:
        """Stop the work on a job, if there still is some."""
        if job.is_ended:
            return
        job.cancelled = True
        for picture in job.pictures:
            if picture.ticket:
                self._line.leave(picture.ticket)

    def cancel(self, job: Job) -> None:
        """Stop the work on a job, and forget it."""
        self.stop(job)
        self._places.leave(job.place)
        self._jobs.pop(job.id, None)
        if job.forgetting:
            job.forgetting.cancel()  # it holds the job in memory
        if job.finishing is None:
            self._remove_files(job)

    def place_of(self, job: Job) -> int:
        """How many other jobs in line will be worked on before this one."""
        tickets = [p.ticket for p in job.pictures if p.ticket and not p.ended.is_set()]
        if not tickets or any(ticket.begun for ticket in tickets):
            return 0
        return len({other.owner for other in self._line.ahead_of(tickets[0])} - {job.id})

    def seconds_left(self, job: Job) -> float | None:
        """Until the job ends, as far as that can be foreseen; None when it has."""
        if job.is_ended:
            return None
        left = [0.0]
        for picture in job.pictures:
            if picture.ticket and not picture.ended.is_set():
                work = 0.0 if picture.ticket.future.done() else self._line.seconds_until_done(picture.ticket)
                left.append(work + self._results.seconds((picture.height or 1) * (picture.width or 1)))
        return max(left)

    async def result(self, job: Job, picture: Picture, version: Version) -> BinaryIO:
        """The file of a version of a result, open; made from the result that there is. Raises ServiceError 404, 406."""
        return await self._results.open(picture, version, check=lambda: self.get(job.id))

    def _work_of(self, inputs: Sequence[Stored], plan: Plan) -> Callable[[Ticket], tuple[Path, formats.Kind]]:
        """What the line's thread does for a picture: samples from the disk to those of the result on the disk."""

        def work(ticket: Ticket) -> tuple[Path, formats.Kind]:
            samples = [np.fromfile(path, kind.dtype).reshape(kind.shape) for path, kind in inputs]
            try:
                made = plan.work(samples, lambda pixels: self._line.tile_done(ticket, pixels))
                return self._kept(made), formats.Kind(made.shape, made.dtype.str)
            finally:  # work that was stopped, or took too long, tells as much about the rate as any other
                ticket.pause()
                if ticket.done_pixels:
                    plan.learn(ticket.done_pixels / ticket.pixels, ticket.worked)

        return work

    def _kept(self, samples: np.ndarray) -> Path:
        """The file on the disk with these samples."""
        path = self._store.new()
        try:
            _write(path, samples)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path

    async def _finish(self, job: Job) -> None:
        """Wait for the pictures of a job, and end it."""
        await asyncio.gather(*(self._finish_picture(job, picture) for picture in job.pictures if picture.ticket))
        job.finishing, job.ended_at = None, time.monotonic()
        self._places.leave(job.place)
        if job.cancelled:
            self._remove_files(job)
        elif job.kept:
            job.forgetting = asyncio.get_running_loop().call_later(SECONDS_KEPT, self.cancel, job)

    async def _finish_picture(self, job: Job, picture: Picture) -> None:
        assert picture.ticket
        try:
            raw, kind = await picture.ticket.future
            try:
                await self._results.make(picture, raw, kind, job.task, several=job.kept)
            finally:
                raw.unlink(missing_ok=True)
        except asyncio.CancelledError:  # the job's end
            picture.error = ServiceError(410, "cancelled", "the work on this picture was stopped")
        except ServiceError as error:
            picture.error = error
        except Exception as error:
            logger.error("srgan serve: the work on a picture failed, %s: %s", type(error).__name__, error)
            picture.error = no_disk(error) or ServiceError(500, "fault", FAULT)
        finally:
            self._metrics.picture_ended(picture)
            picture.remove_inputs()
            picture.count_bytes()
            picture.ended.set()

    def _make_room(self, needed: int) -> None:
        """Forget results that were fetched, and then old ones, until so many bytes fit. Raises ServiceError."""
        if needed > self._store.most_bytes:
            reason = "the results together need more room than the server keeps; send fewer pictures at a time"
            raise ServiceError(413, "too_much_work", reason)
        while sum(job.bytes for job in self) + needed > self._store.most_bytes:
            oldest = min(self._removable(), key=_eviction_order, default=None)
            if oldest is None:
                raise busy(LEAST_KEPT)
            self.cancel(oldest)

    def _removable(self) -> Sequence[Job]:
        now = time.monotonic()
        return [
            job for job in self
            if job.ended_at is not None and (_is_downloaded(job) or now - job.ended_at > LEAST_KEPT)
        ]  # fmt: skip

    def _remove_files(self, job: Job) -> None:
        for picture in job.pictures:
            picture.remove_files()


def _is_downloaded(job: Job) -> bool:
    return all(picture.downloaded for picture in job.done_pictures())


def _eviction_order(job: Job) -> tuple[bool, float]:
    return not _is_downloaded(job), job.ended_at or 0.0


def _write(path: Path, samples: np.ndarray) -> None:
    with path.open("wb") as file:
        file.write(np.ascontiguousarray(samples).data)
