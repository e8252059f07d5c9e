"""The OpenAPI descriptions of bodies and answers. `docs_page` shows them to people."""

from collections.abc import Sequence
from typing import Any

from pyimagesearch.serving.bodies import Base64Picture
from pyimagesearch.serving.errors import ErrorAnswer
from pyimagesearch.serving.formats import SUFFIXES

HERE = "http://127.0.0.1:8080"  # in examples
TAGS = [
    {"name": "jobs", "description": "Pictures in line: send them, see how far they are, fetch the results."},
    {"name": "one picture", "description": "One picture in, its result out, in one request."},
    {"name": "art", "description": "Dreams and styles, where the server was started with --art: 404 otherwise."},
    {"name": "server", "description": "What the server is, and its page."},
]
BINARY = {"schema": {"type": "string", "format": "binary"}}
ERRORS = {
    403: "another site's page, or a name that is not this server's",
    404: "nothing is here",
    409: "the job is not done yet",
    406: "no format that was asked for can hold the result",
    408: "the body arrives too slowly",
    413: "too many bytes, or too many pixels",
    422: "no picture, one that is too costly to decode, or a wrong parameter",
    503: "the queue or the memory is full: try again later",
    504: "it took too long",
}
RETRY = {"Retry-After": {"description": "seconds after which to try again", "schema": {"type": "integer"}}}
FILE_HEADERS = {"Content-Disposition": {"description": "a name for the file", "schema": {"type": "string"}}}
PICTURE_HEADERS = FILE_HEADERS | {
    "Server-Timing": {"description": "model;dur=<ms> of the networks alone", "schema": {"type": "string"}},
}


def example(*commands: str) -> dict[str, Any]:
    """Commands that use an endpoint, as what openapi_extra takes; {here} in them is the server's address."""
    source = "\n".join(command.replace("{here}", HERE) for command in commands)
    return {"x-codeSamples": [{"lang": "Shell", "source": source}]}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that can answer with these."""
    responses: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorAnswer, "description": ERRORS[status]} for status in statuses
    }
    if 503 in responses:
        responses[503]["headers"] = RETRY
    return responses


def pictures(*mimes: str, headers: dict[str, Any] | None = None) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that answers with a picture."""
    answer = {"description": "the picture", "content": {mime: BINARY for mime in mimes}}
    return {200: answer | ({"headers": headers} if headers else {})}


def file(mime: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that answers with a file of the page."""
    return {200: {"description": "the file", "content": {mime: {}}}, 304: {"description": "the client has it"}}


def picture_body(**fields: dict[str, Any]) -> dict[str, Any]:
    """A picture as the file `image` of a form, beside other fields, or as the whole body."""
    properties = {"image": BINARY["schema"] | {"description": "the picture's file"}, **fields}
    form = {"schema": {"type": "object", "required": ["image"], "properties": properties}}
    raw = {mime: BINARY for mime in ("application/octet-stream", *SUFFIXES)}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form, **raw}}}


def pictures_body() -> dict[str, Any]:
    """Pictures and zips of pictures as the files `image` of a form."""
    return form_body(several=[("image", "pictures' files, and zips of them")])


def form_body(*one: tuple[str, str], several: Sequence[tuple[str, str]] = ()) -> dict[str, Any]:
    """A form of files that must be there, by name and meaning: one of each, and at least one of each of `several`."""
    fields: dict[str, Any] = {name: BINARY["schema"] | {"description": meaning} for name, meaning in one}
    for name, meaning in several:
        fields[name] = {"type": "array", "items": BINARY["schema"], "description": meaning}
    form = {"schema": {"type": "object", "required": [*fields], "properties": fields}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


def accepted() -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that puts a job in line."""
    location = {"description": "the job's address, from the server's root", "schema": {"type": "string"}}
    return {202: {"description": "the job, in line", "headers": {"Location": location}}}


def stream(what: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that answers with server-sent events."""
    data = {"type": "string", "contentMediaType": "application/json"}
    schema = {"type": "object", "required": ["data"], "properties": {"data": data}}
    return {200: {"description": what, "content": {"text/event-stream": {"schema": schema}}}}


def base64_body() -> dict[str, Any]:
    """A Base64Picture."""
    content = {"application/json": {"schema": Base64Picture.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}
