"""Bodies of requests, received no further than they may be long, and no slower than they may be."""

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass

from fastapi import Request
from pydantic import BaseModel, Field, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.types import Message

from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.system.console import size

FORM_BYTES = 10_000  # of a form or of JSON beside the picture
DATA_URL = re.compile(r"data:[^,]{0,200};base64,")
START_SECONDS = 10.0  # for the body's first byte
BYTES_PER_SECOND = 10_000  # that a body has to bring after that, on average


@dataclass(frozen=True)
class Sent:
    """What a client sent: the bytes of a picture's file, and its name, which may be empty."""

    data: bytes
    name: str = ""


AMOUNT = Field(None, ge=0, le=1, allow_inf_nan=False, description="as the parameter of /v1/upscale")


class Base64Picture(BaseModel):
    """A picture in JSON."""

    image: str = Field(description="a data URL: data:image/png;base64,…")
    clean: float | None = AMOUNT
    crisp: float | None = AMOUNT
    blend: float | None = AMOUNT


async def read_picture(request: Request, most: int) -> Sent:
    """The picture of a multipart form, or the whole body. Raises ServiceError 408, 413 and 422.

    most: bytes of the picture.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        return Sent(await _limited(request, most, most).body())
    body = _limited(request, most + FORM_BYTES, most)
    parser = MultiPartParser(body.headers, body.stream(), max_files=1, max_fields=8, max_part_size=FORM_BYTES)
    parser.spool_max_size = most + 2 * FORM_BYTES  # in memory: temporary files could fill a disk
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise ServiceError(422, "bad_form", f"the body is no multipart form ({error.message})") from None
    try:
        image = form.get("image")
        for name in ("clean", "crisp", "blend"):
            if name in form:
                raise ServiceError(422, "bad_form", f"{name} belongs to the address: /v1/upscale?{name}=0.5")
        if not isinstance(image, UploadFile):
            raise ServiceError(422, "no_picture", "the form has no file named image; send one, or a raw body")
        if (image.size or 0) > most:
            raise too_many_bytes(most)
        return Sent(await image.read(), image.filename or "")
    finally:
        await form.close()


def amounts_of(clean: float | None, crisp: float | None, blend: float | None) -> dict[str, float]:
    """Where the sliders stand, as far as it is said. blend: the old name of crisp. Raises ServiceError 422."""
    if crisp is not None and blend is not None:
        raise ServiceError(422, "bad_parameter", "blend is the old name of crisp; leave blend out")
    named = {"clean": clean, "crisp": blend if crisp is None else crisp}
    return {name: amount for name, amount in named.items() if amount is not None}


async def read_base64(request: Request, most: int) -> tuple[Sent, dict[str, float]]:
    """The picture of a Base64Picture, and where its sliders stand. Raises ServiceError 408, 413 and 422."""
    body = await _limited(request, -(-most // 3) * 4 + FORM_BYTES, most).body()
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
    return Sent(data), amounts_of(parsed.clean, parsed.crisp, parsed.blend)


def too_many_bytes(most: int) -> ServiceError:
    """413 that names the limit of a picture's file."""
    return ServiceError(413, "too_many_bytes", f"the picture's file is too large: at most {size(most)} are allowed")


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
        try:
            async with asyncio.timeout_at(began + START_SECONDS + received / BYTES_PER_SECOND):
                message = await request.receive()
        except TimeoutError:
            reason = f"after {received:,} bytes the body arrives too slowly"
            raise ServiceError(408, "slow_body", f"{reason}; try again over a better connection") from None
        received += len(message.get("body", b""))
        if received > most_of_body:
            raise too_many_bytes(most)
        return message

    return Request(request.scope, receive)
