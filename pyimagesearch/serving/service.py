"""What the endpoints share: from the body of a request to a job."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import IO, Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from pyimagesearch.serving import bodies, file_errors, unzip
from pyimagesearch.serving.artist import Artist
from pyimagesearch.serving.bodies import Fields, Sent
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.job import Job
from pyimagesearch.serving.jobs import Jobs
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.line import Line, busy
from pyimagesearch.serving.metrics import Metrics
from pyimagesearch.serving.options import Options, checked
from pyimagesearch.serving.picture_workers import Decoded, PictureWorkers
from pyimagesearch.serving.places import Places
from pyimagesearch.serving.store import Store
from pyimagesearch.serving.task import Task
from pyimagesearch.serving.upscaling import Upscaling

T = TypeVar("T")
SECONDS_PER_PIXEL = 5e-6  # of work, where nobody has measured it
HEAD_BYTES = 4  # that tell a zip file
IN_ZIP = {
    "encrypted": "is locked by a password in the zip file; unlock it, then pack it again",
    "bad_zip": "is damaged in the zip file; pack it again",
}


class Service:
    """What the endpoints share."""

    def __init__(
        self, engine: Engine, workers: PictureWorkers, limits: Limits, store: Store,
        seconds_per_pixel: float = SECONDS_PER_PIXEL, artist: Artist | None = None,
    ):  # fmt: skip
        """seconds_per_pixel: of work on a pixel that a network sees, to begin with. artist: None where none serves."""
        self.engine, self.workers, self.limits, self._store = engine, workers, limits, store
        self.upscaling, self.artist = Upscaling(engine, limits, seconds_per_pixel), artist
        self.line = Line(limits.line_seconds, limits.seconds)
        self.places = Places(limits.queue, lambda: busy(self.line.first_end()))
        self.metrics = Metrics()
        self.metrics.watch(self)
        self.jobs = Jobs(workers, store, self.line, self.places, self.metrics)
        self._several = asyncio.Lock()  # so that one request at a time holds several decoded pictures in memory
        self.ending = False  # since SIGTERM

    def end(self) -> None:
        """Stop the work that no open request waits for; nobody could fetch its result."""
        self.ending = True
        for job in self.jobs:
            if job.kept:
                self.jobs.stop(job)

    def close(self) -> None:
        """Remove what is on the disk, and end the workers, at once."""
        self.workers.__exit__()
        self._store.__exit__()

    async def open_job(self, request: Request, options: Options) -> Job:
        """A job of all pictures in the request's body, which is in line when this returns. Raises ServiceError."""
        self.line.check_room(0.0)
        async with AsyncExitStack() as body:
            async with self.places.upload(request):
                several = bodies.received(request, self.limits, most_files=self.limits.pictures)
                sent = await body.enter_async_context(several)
            return await self._open(request, sent, options, kept=True)

    async def open_art(self, request: Request, task: Task, fields: Fields) -> Job:
        """A job of one picture, made of all files in the request's form, which is in line when this returns.

        Raises ServiceError.
        """
        self.line.check_room(0.0)
        async with AsyncExitStack() as body:
            async with self.places.upload(request):
                sent = await body.enter_async_context(bodies.received_fields(request, self.limits, fields))
            job = Job(task, request.state.place, kept=True)
            try:
                async with self._several:
                    inputs = [await self._decoded_as_named(each) for each in sent]
                    with file_errors.naming(each.name for each in sent):
                        await self.jobs.add_picture(job, sent[0].name, *inputs, alone=True)
                self.jobs.begin(job)
            except BaseException:
                self.jobs.cancel(job)
                raise
        return job

    async def run(self, request: Request, options: Options, *, kept: bool = False) -> Job:
        """The job, at its end, of the one picture that the request's body holds. Raises ServiceError."""
        self.line.check_room(0.0)
        async with AsyncExitStack() as body:
            async with self.places.upload(request):
                sent = await body.enter_async_context(bodies.received(request, self.limits))
            return await self._run(request, sent, options, kept)

    async def run_base64(self, request: Request) -> Job:
        """The job, at its end, of the picture in the JSON that the request's body holds. Raises ServiceError."""
        self.line.check_room(0.0)
        async with AsyncExitStack() as body:
            async with self.places.upload(request):
                sent, wanted = await body.enter_async_context(bodies.received_base64(request, self.limits))
            return await self._run(request, [sent], checked(wanted, self.engine), kept=False)

    async def _run(self, request: Request, sent: list[Sent], options: Options, kept: bool) -> Job:
        job = await _while_connected(request, self._open(request, sent, options, kept=kept))
        try:
            await _while_connected(request, job.wait())
            if self.ending and job.cancelled:
                raise ServiceError(503, "ending", "the server ends; try again", {"Retry-After": "10"})
            if job.pictures[0].error:
                raise job.pictures[0].error
        except BaseException:
            self.jobs.cancel(job)
            raise
        return job

    async def _open(self, request: Request, sent: list[Sent], options: Options, *, kept: bool) -> Job:
        """Decode at once, beside other requests, so that a job in line has only pictures that can be worked on.

        One after the other, so that a job of many pictures leaves a decoder to others.
        """
        job = Job(self.upscaling.task(options), request.state.place, kept=kept)
        alone = len(sent) == 1
        try:
            for each in sent:
                if kept and await _is_zip(each.file):
                    await self._add_zip(job, each, alone=alone)
                else:
                    await self._add(job, each, alone=alone)
            if not job.pictures:
                raise ServiceError(422, "no_picture", "the zip file holds no pictures; pack some into it")
            self.jobs.begin(job)
        except BaseException:
            self.jobs.cancel(job)
            raise
        return job

    async def _add(self, job: Job, sent: Sent, *, alone: bool) -> None:
        """One picture more; what is wrong with it refuses the job only where it is alone."""
        if len(job.pictures) >= self.limits.pictures:
            raise ServiceError(413, "too_many_pictures", f"at most {self.limits.pictures} pictures are taken at once")
        try:
            await self.jobs.add_picture(job, sent.name, await self._decoded(sent), alone=alone)
        except ServiceError as error:
            if error.status == 503 or error.code == "too_much_work":
                raise
            told = file_errors.about(sent.name, error)
            if alone:
                raise told from None
            job.add_failed(sent.name, told)

    async def _decoded_as_named(self, sent: Sent) -> Decoded:
        """The picture in a file; the name of the file is in the errors."""
        try:
            return await self._decoded(sent)
        except ServiceError as error:
            raise file_errors.about(sent.name, error) from None

    async def _decoded(self, sent: Sent) -> Decoded:
        if not sent.bytes:
            raise ServiceError(422, "no_picture", "the body is empty; send a picture's file")
        if sent.bytes > self.limits.bytes:
            raise bodies.too_many_bytes(self.limits.bytes)
        data = await asyncio.to_thread(sent.file.read)
        if unzip.is_zip(data[:HEAD_BYTES]):
            raise ServiceError(422, "not_a_picture", "the picture is a zip file; send it to v1/jobs")
        return await self.workers.decode(data)

    async def _add_zip(self, job: Job, sent: Sent, *, alone: bool) -> None:
        """The pictures in a zip file; a zip file that is no good refuses the job only where it is alone."""
        try:
            members = await self._unpacked(job, sent)
        except ServiceError as error:
            if error.status == 503:
                raise
            told = file_errors.about(sent.name, error)
            if alone:
                raise told from None
            return job.add_failed(sent.name, told)
        try:
            for member in members:
                await self._add_member(job, member)
        finally:
            for member in members:
                Path(member["path"]).unlink(missing_ok=True) if "path" in member else None

    async def _unpacked(self, job: Job, sent: Sent) -> list[dict[str, str]]:
        """The files in a zip file, as decode_worker tells them. Raises ServiceError."""
        packed = self._store.new()
        try:
            await asyncio.to_thread(_copy, sent.file, packed)
            return await self.workers.unzip(
                packed, self._store.folder, most_files=self.limits.pictures - len(job.pictures),
                most_bytes=self.limits.bytes, most_total=self.limits.job_bytes,
            )  # fmt: skip
        finally:
            packed.unlink(missing_ok=True)

    async def _add_member(self, job: Job, member: dict[str, str]) -> None:
        if "path" in member:
            path = Path(member["path"])
            with path.open("rb") as file:
                await self._add(job, Sent(file, path.stat().st_size, member["name"]), alone=False)
            return
        code, name = member["code"], member["name"]
        if code == "too_many_bytes":
            error = bodies.too_many_bytes(self.limits.bytes)
        else:
            error = ServiceError(422, code, f"the picture {IN_ZIP[code]}")
        job.add_failed(name, file_errors.about(name, error))


async def _is_zip(file: IO[bytes]) -> bool:
    head = await asyncio.to_thread(file.read, HEAD_BYTES)
    file.seek(0)
    return unzip.is_zip(head)


def _copy(source: IO[bytes], target: Path) -> None:
    with target.open("wb") as file:
        while piece := source.read(1 << 20):
            file.write(piece)


async def _while_connected(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which is cancelled when the client has gone."""
    task, gone = asyncio.create_task(work), asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientDisconnect
        return task.result()
    finally:
        task.cancel()
        gone.cancel()


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
