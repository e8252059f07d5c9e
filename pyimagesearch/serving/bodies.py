"""Bodies of requests, read no further than they may be long."""

import base64
import binascii
import re
from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.types import Message

from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.system.console import size

FORM_BYTES = 10_000  # of a form beside its picture
DATA_URL = re.compile(r"data:[^,]{0,200};base64,")


@dataclass(frozen=True)
class Sent:
    """What a client sent: the bytes of a picture's file, and its name, which may be empty."""

    data: bytes
    name: str = ""


class Base64Picture(BaseModel):
    """A picture in JSON."""

    image: str = Field(description="a data URL: data:image/png;base64,…")
    blend: float | None = Field(None, ge=0, le=1, allow_inf_nan=False, description="as the parameter of /v1/upscale")


async def read_picture(request: Request, most: int) -> Sent:
    """The picture of a multipart form, or the whole body. Raises ServiceError 413 and 422."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return Sent(await _checked(request, most).body())
    try:
        async with _checked(request, most + FORM_BYTES).form(
            max_files=1, max_fields=8, max_part_size=FORM_BYTES
        ) as form:
            image = form.get("image")
            if "blend" in form:
                raise ServiceError(422, "bad_form", "blend belongs to the address: /v1/upscale?blend=0.5")
            if not isinstance(image, UploadFile):
                raise ServiceError(422, "no_picture", "the form has no file named image; send one, or a raw body")
            if (image.size or 0) > most:
                raise too_many_bytes(most)
            return Sent(await image.read(), image.filename or "")
    except HTTPException as error:  # what the parser says of a broken form
        raise ServiceError(422, "bad_form", f"the body is no multipart form ({error.detail})") from None


async def read_base64(request: Request, most: int) -> tuple[Sent, float | None]:
    """The picture and the blend of a Base64Picture. Raises ServiceError 413 and 422."""
    body = await _checked(request, most * 4 // 3 + FORM_BYTES).body()
    try:
        parsed = Base64Picture.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the body"
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
    return Sent(data), parsed.blend


def too_many_bytes(most: int) -> ServiceError:
    return ServiceError(413, "too_many_bytes", f"the picture's file is too large: at most {size(most)} are allowed")


def _checked(request: Request, most: int) -> Request:
    """The same request, which refuses to be read beyond `most` bytes, or at all where it says so many."""
    length = request.headers.get("content-length", "0")
    if length.isdecimal() and int(length) > most:
        raise too_many_bytes(most)
    read = 0

    async def receive() -> Message:
        nonlocal read
        message = await request.receive()
        read += len(message.get("body", b""))
        if read > most:
            raise too_many_bytes(most)
        return message

    return Request(request.scope, receive)
