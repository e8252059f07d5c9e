"""The OpenAPI descriptions of bodies and answers, and /docs: the same as a plain page that needs no other host."""

import base64
import hashlib
import html
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from pyimagesearch.serving.bodies import Base64Picture
from pyimagesearch.serving.errors import ErrorAnswer
from pyimagesearch.serving.formats import SUFFIXES
from pyimagesearch.serving.guard import CONTENT_POLICY

TAGS = [
    {"name": "jobs", "description": "Pictures in line: send them, see how far they are, fetch the results."},
    {"name": "one picture", "description": "One picture in, its result out, in one request."},
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
    images = {"type": "array", "items": BINARY["schema"], "description": "pictures' files, and zips of them"}
    form = {"schema": {"type": "object", "required": ["image"], "properties": {"image": images}}}
    return {"requestBody": {"required": True, "content": {"multipart/form-data": form}}}


def accepted() -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that puts a job in line."""
    location = {"description": "the job's address, from the server's root", "schema": {"type": "string"}}
    return {202: {"description": "the job, in line", "headers": {"Location": location}}}


def stream(what: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of an endpoint that answers with server-sent events."""
    return {200: {"description": what, "content": {"text/event-stream": {"schema": {"type": "string"}}}}}


def base64_body() -> dict[str, Any]:
    """A Base64Picture."""
    content = {"application/json": {"schema": Base64Picture.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid #8884; padding-top: 1rem; font-size: 1.1rem; }
code { font-family: ui-monospace, monospace; }
td, th { overflow-wrap: anywhere; text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; }
:root { color-scheme: light dark; }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
DOCS_POLICY = f"{CONTENT_POLICY}; style-src 'sha256-{_HASH}'"


def page(app: FastAPI) -> str:
    """HTML of all endpoints."""
    document = app.openapi()
    title, version, description = (_text(document["info"][key]) for key in ("title", "version", "description"))
    sections = [
        _section(method, path, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
        f"<h1>{title} {version}</h1>"
        f'<p>{description} <a href="openapi.json">openapi.json</a> says the same for programs.</p>{"".join(sections)}'
    )


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    html_parts = [
        f"<h2><code>{method.upper()} {_text(path)}</code></h2><p>{_text(operation.get('description', ''))}</p>"
    ]
    rows = [(field["name"], field["in"], field.get("description", "")) for field in operation.get("parameters", [])]
    rows += [(mime, "body", _fields(body["schema"])) for mime, body in _content(operation.get("requestBody", {}))]
    if rows:
        html_parts.append(_table(("what", "where", ""), rows))
    answers = [
        (
            status,
            ", ".join(mime for mime, _ in _content(answer)),
            "; ".join([answer["description"], *answer.get("headers", {})]),
        )
        for status, answer in operation["responses"].items()
    ]
    html_parts.append(_table(("answer", "of type", ""), answers))
    return "".join(html_parts)


def _content(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(body.get("content", {}).items())


def _fields(schema: dict[str, Any]) -> str:
    fields = schema.get("properties", {})
    return (
        "; ".join(f"{name}: {field.get('description', '')}" for name, field in fields.items()) or "the picture's file"
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    first = "".join(f"<th>{_text(head)}" for head in heads)
    rest = "".join("<tr>" + "".join(f"<td>{_text(cell)}" for cell in row) for row in rows)
    return f"<table><tr>{first}{rest}</table>"


def _text(value: str) -> str:
    return html.escape(str(value))
