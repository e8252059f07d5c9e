"""The endpoints of /v1/jobs."""

from collections.abc import AsyncIterator, Sequence
from enum import Enum
from typing import Annotated, BinaryIO

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from pyimagesearch.serving import answers, describe, formats
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.job import Job, Picture, Version
from pyimagesearch.serving.job_answers import JobAnswer, events, in_line, told
from pyimagesearch.serving.options import FORMAT, QUALITY, Format, WantedQuery, checked, mimes_of
from pyimagesearch.serving.service import Service

EXAMPLE = (
    "curl -F image=@one.jpg -F image=@album.zip '{here}/v1/jobs?scale=2'",
    "curl -N {here}/v1/jobs/ID/events",
    "curl '{here}/v1/jobs/ID/result?format=jpeg&quality=90' -o larger.zip",
)
TAGS: list[str | Enum] = ["jobs"]
ZIP_NAME = "pictures_{label}.zip"


class Encoding(BaseModel):
    """The format and the size of a result's file."""

    model_config = ConfigDict(extra="forbid")

    format: Format | None = Field(default=None, description=f"{FORMAT} (default: that of the job)", examples=["jpeg"])
    quality: int | None = Field(default=None, ge=1, le=100, description=QUALITY, examples=[90])
    width: int | None = Field(
        default=None, ge=1, examples=[1920],
        description="pixels to which the result is made smaller, at most its own; the height follows",
    )  # fmt: skip


JobId = Annotated[str, Path(description="of the job", examples=["Zk3v5mJw0cW3xkq4d1r7bT2nY8uPaQeL"])]
EncodingQuery = Annotated[Encoding, Query()]


def add_jobs(app: FastAPI, service: Service) -> None:
    """Add them to an application."""
    _add_work(app, service)
    _add_results(app, service)


def _add_work(app: FastAPI, service: Service) -> None:
    jobs = service.jobs

    @app.post(
        "/v1/jobs", status_code=202, response_model=JobAnswer, tags=TAGS, dependencies=[Depends(service.places.place)],
        openapi_extra=describe.pictures_body() | describe.example(*EXAMPLE),
        responses=describe.accepted() | describe.errors(403, 406, 408, 413, 422, 503),
    )  # fmt: skip
    async def open_job(request: Request, wanted: WantedQuery) -> Response:
        """Put pictures in line: the files named `image` of a form, of which a zip of pictures may be one.

        One bad picture among several does not refuse the others. Short jobs come first, and none waits for ever.
        """
        job = await service.open_job(request, checked(wanted, service.engine))
        return in_line(service, job)

    @app.get(
        "/v1/jobs/{id}", response_model=JobAnswer, tags=TAGS, response_description="the job",
        responses=describe.errors(404, 422),
    )  # fmt: skip
    async def job_state(id: JobId) -> JobAnswer:
        """How far a job is."""
        return told(service, jobs.get(id))

    @app.get(
        "/v1/jobs/{id}/events", response_class=Response, tags=TAGS,
        responses=describe.stream("the job, whenever it has changed") | describe.errors(404, 422),
    )  # fmt: skip
    async def job_events(id: JobId) -> Response:
        """How far a job is, as server-sent events, until it has ended. Each `data` is as GET /v1/jobs/{id} has it."""
        said = events(service, jobs.get(id))
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return answers.Delivery(said, answers.NO_LIMIT, media_type="text/event-stream", headers=headers)

    @app.delete(
        "/v1/jobs/{id}", status_code=204, response_class=Response, tags=TAGS, responses=describe.errors(403, 404, 422)
    )
    async def cancel_job(id: JobId) -> Response:
        """Stop the work on a job, and forget its results."""
        jobs.cancel(jobs.get(id))
        return Response(status_code=204)


def _add_results(app: FastAPI, service: Service) -> None:
    found = describe.pictures(*formats.SUFFIXES, "application/zip", headers=describe.FILE_HEADERS)
    responses = found | describe.errors(404, 406, 409, 422, 503)

    @app.get("/v1/jobs/{id}/result", response_class=Response, tags=TAGS, responses=responses)
    async def job_result(request: Request, id: JobId, encoding: EncodingQuery) -> Response:
        """The result of a job: the file of its picture, or a zip of those of its pictures that are done.

        Another format or width is made from the result that there is, without new work of the models.
        """
        job = service.jobs.get(id)
        mimes = _mimes(job, encoding)
        if not job.is_ended:
            raise ServiceError(409, "not_done", "the job is not done yet; GET its address to see how far it is")
        if len(job.pictures) == 1:
            return await _file(service, job, job.pictures[0], mimes, encoding)
        done = job.done_pictures()
        if not done:
            raise job.pictures[0].error or ServiceError(409, "not_done", "none of its pictures is done")
        name = ZIP_NAME.format(label=job.task.label)
        pieces = answers.nothing() if request.scope.get(answers.HEAD) else answers.zipped(
            _files(service, job, done, mimes, encoding), lambda: _took(*done)
        )  # fmt: skip
        headers = {"content-disposition": formats.disposition(name, "attachment")}
        return answers.Delivery(pieces, service.limits.seconds, media_type="application/zip", headers=headers)

    @app.get("/v1/jobs/{id}/pictures/{index}/result", response_class=Response, tags=TAGS, responses=responses)
    async def picture_result(
        id: JobId, index: Annotated[int, Path(description="of the picture, from 0")], encoding: EncodingQuery
    ) -> Response:
        """The result of one of a job's pictures."""
        job = service.jobs.get(id)
        if not 0 <= index < len(job.pictures):
            raise ServiceError(404, "no_such_picture", f"this job has pictures 0 to {len(job.pictures) - 1}")
        return await _file(service, job, job.pictures[index], _mimes(job, encoding), encoding)


def _mimes(job: Job, encoding: Encoding) -> Sequence[str]:
    if encoding.format is None and encoding.quality is None:
        return job.task.mimes
    if encoding.format is None and list(job.task.mimes) != formats.PNG:
        return job.task.mimes  # the quality of the job's own format
    return mimes_of(encoding.format or "auto", encoding.quality, formats.PNG)


def _version(job: Job, picture: Picture, mimes: Sequence[str], encoding: Encoding) -> Version:
    """The file in which a result is sent. Raises ServiceError 406."""
    assert picture.kind
    assert picture.height
    assert picture.width
    mime = formats.first_that_holds(picture.kind, picture.height, picture.width, mimes)
    asked = encoding.format is not None or encoding.quality is not None
    width = encoding.width if encoding.width and encoding.width < picture.width else None
    return Version.of(mime, encoding.quality if asked else job.task.quality, width)


async def _file(
    service: Service, job: Job, picture: Picture, mimes: Sequence[str], encoding: Encoding
) -> answers.Delivery:
    """The file of one result. Raises ServiceError where there is none."""
    if picture.error:
        raise picture.error
    if picture.state != "done":
        raise ServiceError(409, "not_done", "the picture is not done yet; GET the job's address to see how far it is")
    version = _version(job, picture, mimes, encoding)
    file = await service.jobs.result(job, picture, version)
    name = formats.result_name(picture.name, job.task.label, version.mime, version.width)
    return answers.Delivery(
        answers.of_file(file, lambda: _took(picture)), service.limits.seconds, length=answers.size_of(file),
        media_type=version.mime, headers={"content-disposition": formats.disposition(name)},
    )  # fmt: skip


async def _files(
    service: Service, job: Job, pictures: Sequence[Picture], mimes: Sequence[str], encoding: Encoding
) -> AsyncIterator[tuple[str, BinaryIO]]:
    """The results with distinct names. One that the format cannot hold is a PNG."""
    versions = [_version(job, picture, formats.or_png(mimes), encoding) for picture in pictures]
    names = [
        formats.result_name(picture.name, job.task.label, version.mime, version.width)
        for picture, version in zip(pictures, versions, strict=True)
    ]
    for name, picture, version in zip(formats.distinct(names), pictures, versions, strict=True):
        yield name, await service.jobs.result(job, picture, version)


def _took(*pictures: Picture) -> None:
    for picture in pictures:
        picture.downloaded = True
