"""What clients are told about a job, at once and as it changes."""

import asyncio
from collections.abc import AsyncIterator

from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from pyimagesearch.serving.errors import ErrorDetail
from pyimagesearch.serving.job import Job, JobState, Picture, PictureState
from pyimagesearch.serving.service import Service

EVENT_SECONDS = 0.2  # between two events at least
CLOCK_SECONDS = 1.0  # between two events where nothing has changed but the time that is left
HEARTBEAT_SECONDS = 10.0  # between two comments, which tell that the connection lives


class PictureAnswer(BaseModel):
    """One picture of a job."""

    index: int
    name: str = Field(examples=["holiday.jpg"])
    state: PictureState
    progress: float = Field(description="0 to 1: tiles that are done, by their pixels", examples=[0.5])
    width: int | None = Field(description="of the result, in pixels; null until it is known", examples=[4000])
    height: int | None = Field(examples=[3000])
    error: ErrorDetail | None


class JobAnswer(BaseModel):
    """How far a job is."""

    id: str = Field(examples=["Zk3v5mJw0cW3xkq4d1r7bT2nY8uPaQeL"])
    state: JobState = Field(description="done, if at least one of its pictures is")
    place: int = Field(description="jobs that will be worked on before it; 0: it is next, or at work", examples=[0])
    progress: float = Field(description="0 to 1: of all its pictures, by their pixels", examples=[0.37])
    seconds_left: float | None = Field(
        description="until it ends, from the rate measured and the work in line; null when it has", examples=[12.3]
    )
    pictures: list[PictureAnswer]
    seconds_kept: float | None = Field(description="until it is forgotten; null before its end", examples=[540.0])


def told(service: Service, job: Job) -> JobAnswer:
    """How far a job is now."""
    left, kept = service.jobs.seconds_left(job), job.seconds_kept
    return JobAnswer(
        id=job.id, state=job.state, place=service.jobs.place_of(job), progress=round(job.progress, 4),
        seconds_left=None if left is None else round(left, 1), pictures=[*map(_told_picture, job.pictures)],
        seconds_kept=None if kept is None else round(kept, 1),
    )  # fmt: skip


def in_line(service: Service, job: Job) -> Response:
    """202: a new job."""
    return JSONResponse(told(service, job).model_dump(), 202, {"location": f"v1/jobs/{job.id}"})


def _told_picture(picture: Picture) -> PictureAnswer:
    error = None
    if picture.error:
        error = ErrorDetail(code=picture.error.code, message=str(picture.error))
    return PictureAnswer(
        index=picture.index, name=picture.name, state=picture.state, progress=round(picture.progress, 4),
        width=picture.width, height=picture.height, error=error,
    )  # fmt: skip


async def events(service: Service, job: Job) -> AsyncIterator[bytes]:
    """Server-sent events: how far a job is, at each change, until it or the server ends."""
    clock = asyncio.get_running_loop().time
    yield b": a job of srgan\n\n"
    before, said_at, beaten_at = None, -CLOCK_SECONDS, clock()
    while True:
        now = told(service, job)
        state = now.model_dump(exclude={"seconds_left", "seconds_kept"})
        if state != before or clock() - said_at >= CLOCK_SECONDS:
            yield f"data: {now.model_dump_json()}\n\n".encode()
            before, said_at = state, clock()
        if job.is_ended or service.ending:
            return
        if clock() - beaten_at >= HEARTBEAT_SECONDS:
            yield b":\n\n"
            beaten_at = clock()
        await asyncio.sleep(EVENT_SECONDS)
