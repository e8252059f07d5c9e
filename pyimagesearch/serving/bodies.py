"""Bodies of requests, received no further than they may be long, and no slower than they may be.

What is received lies in temporary files once it is larger than SPOOL_BYTES.
"""

import asyncio
import base64
import binascii
import re
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import IO

from fastapi import Request
from pydantic import Field, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message

from pyimagesearch.serving import file_errors
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.options import Wanted
from pyimagesearch.system.console import size

FORM_BYTES = 10_000  # of a form or of JSON beside the pictures
PART_BYTES = 1_000  # of a form beside each further picture
SPOOL_BYTES = 1 << 20  # of a file that are kept in memory
DATA_URL = re.compile(r"data:[^,]{0,200};base64,")
START_SECONDS = 10.0  # for the body's first byte
BYTES_PER_SECOND = 10_000  # that a body has to bring after that, on average
LONGEST_UPLOAD = 600.0  # seconds


@dataclass(frozen=True)
class Sent:
    """What a client sent: a picture's or a zip file, open at its beginning, and its name, which may be empty."""

    file: IO[bytes]
    bytes: int
    name: str = ""


class Base64Picture(Wanted):
    """A picture in JSON."""

    image: str = Field(description="a data URL: data:image/png;base64,…", examples=["data:image/png;base64,iVBORw0…"])


@dataclass(frozen=True)
class Fields:
    """The files of a form: how many it has at most under each name, and the parameters that belong to the address."""

    most: Mapping[str, int]
    parameters: Collection[str]


@asynccontextmanager
async def received(request: Request, limits: Limits, *, most_files: int = 1) -> AsyncIterator[list[Sent]]:
    """The files `image` of a multipart form, at least one, or the whole body; they are closed at the end of the block.

    With most_files > 1 only the sum of their bytes is limited here. Raises ServiceError 408, 413 and 422.
    """
    most = limits.bytes if most_files == 1 else limits.job_bytes
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            count = 0
            async for part in _limited(request, most, most).stream():
                count += len(part)
                await asyncio.to_thread(file.write, part)
            file.seek(0)
            yield [Sent(file, count)]
        return
    more = "several go to v1/jobs" if most_files == 1 else "send the others in another job"
    form = await _parsed(_limited(request, most + FORM_BYTES + PART_BYTES * most_files, most), most_files, more)
    try:
        sent = _files_of(form, Fields({"image": most_files}, Wanted.model_fields))
        if most_files == 1 and sent[0].bytes > most:
            raise file_errors.about(sent[0].name, too_many_bytes(most))
        yield sent
    finally:
        await form.close()


@asynccontextmanager
async def received_fields(request: Request, limits: Limits, fields: Fields) -> AsyncIterator[list[Sent]]:
    """The files of a multipart form, in the order of the fields, at least one of each; closed at the end of the block.

    Raises ServiceError 408, 413 and 422.
    """
    names = " and ".join(fields.most)
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        raise ServiceError(422, "bad_form", f"the body is no multipart form; send one with the file(s) {names}")
    most_files = sum(fields.most.values())
    length = most_files * (limits.bytes + PART_BYTES) + FORM_BYTES
    counted = (
        f"{'one file' if most == 1 else f'at most {most} files'} named {name}" for name, most in fields.most.items()
    )
    form = await _parsed(_limited(request, length, limits.bytes), most_files, f"send {' and '.join(counted)}")
    try:
        sent = _files_of(form, fields)
        for each in sent:
            if each.bytes > limits.bytes:
                raise file_errors.about(each.name, too_many_bytes(limits.bytes))
        yield sent
    finally:
        await form.close()


async def _parsed(body: Request, most_files: int, more: str) -> FormData:
    """The form. more: what to do where it has more files."""
    parser = MultiPartParser(
        body.headers, body.stream(), max_files=most_files, max_fields=8, max_part_size=FORM_BYTES
    )  # fmt: skip
    parser.spool_max_size = SPOOL_BYTES
    try:
        return await parser.parse()
    except MultiPartException as error:
        if error.message.startswith("Too many files"):
            raise ServiceError(
                422, "bad_form", f"the form has more than {most_files} file(s), which is the most here; {more}"
            ) from None
        raise ServiceError(422, "bad_form", f"the body is no multipart form ({error.message})") from None


def _files_of(form: FormData, fields: Fields) -> list[Sent]:
    for name in fields.parameters:
        if name in form:
            raise ServiceError(422, "bad_form", f"{name} belongs to the address, as in ?{name}=…")
    for name, value in form.multi_items():
        if isinstance(value, UploadFile) and name not in fields.most:
            known = " and ".join(fields.most)
            raise ServiceError(422, "bad_form", f"the form has a file named {name[:50]!r}; pictures are named {known}")
    sent = []
    for name, most in fields.most.items():
        files = [file for file in form.getlist(name) if isinstance(file, UploadFile)]
        if not files:
            other = ", or a raw body" if name == "image" else ""
            raise ServiceError(422, "no_picture", f"the form has no file named {name}; send one{other}")
        if len(files) > most:
            raise ServiceError(422, "bad_form", f"the form has {len(files)} files named {name}; send at most {most}")
        sent += [Sent(file.file, file.size or 0, file.filename or "") for file in files]
    return sent


@asynccontextmanager
async def received_base64(request: Request, limits: Limits) -> AsyncIterator[tuple[Sent, Wanted]]:
    """The picture of a Base64Picture, and what is wanted of it. Raises ServiceError 408, 413 and 422."""
    most = limits.bytes
    body = await _limited(request, -(-most // 3) * 4 + FORM_BYTES, most).body()
    try:
        parsed = Base64Picture.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(Base64Picture.model_fields))
            raise ServiceError(
                422, "unknown_parameter", f"the JSON has no field {where[:50]!r}; it takes {known}"
            ) from None
        raise ServiceError(422, "bad_json", f"{where}: {first['msg']}") from None
    head = DATA_URL.match(parsed.image)
    if not head:
        raise ServiceError(422, "bad_data_url", "image must begin like data:image/png;base64,")
    try:
        data = base64.b64decode(parsed.image[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise ServiceError(422, "bad_base64", "what follows base64, in image is not base64") from None
    if len(data) > most:
        raise too_many_bytes(most)
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
        file.write(data)
        file.seek(0)
        yield Sent(file, len(data)), parsed


def too_many_bytes(most: int) -> ServiceError:
    """413 that names the limit of a picture's file."""
    return ServiceError(413, "too_many_bytes", f"the picture is too large a file: at most {size(most)} are taken here")


def _limited(request: Request, most_of_body: int, most: int) -> Request:
    """The same request, whose body is refused beyond `most_of_body` bytes, and where it arrives too slowly.

    A body that announces more bytes is refused unread. The message names `most`, the limit of the picture.
    """
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and (len(length) > 20 or int(length) > most_of_body):
        raise too_many_bytes(most)
    began = asyncio.get_running_loop().time()
    received = 0

    async def receive() -> Message:
        nonlocal received
        seconds = min(START_SECONDS + received / BYTES_PER_SECOND, LONGEST_UPLOAD)
        try:
            async with asyncio.timeout_at(began + seconds):
                message = await request.receive()
        except TimeoutError:
            reason = f"after {received:,} bytes the body arrives too slowly"
            raise ServiceError(408, "slow_body", f"{reason}; try again over a better connection") from None
        received += len(message.get("body", b""))
        if received > most_of_body:
            raise too_many_bytes(most)
        return message

    return Request(request.scope, receive)
