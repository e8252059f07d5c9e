"""/docs: the OpenAPI document as a plain page, for screens of every width, that needs no other host."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from pyimagesearch.serving.guard import CONTENT_POLICY

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 3rem; }
h3 { margin-top: 2rem; border-top: 1px solid #8884; padding-top: 1rem; font-size: 1.1rem; overflow-wrap: anywhere; }
code { font-family: ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #8882; padding: .5rem .75rem; border-radius: .25rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
td, th { overflow-wrap: anywhere; text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; }
td:first-child, th:first-child { width: 7rem; }
@media (max-width: 40rem) {
  h1 { font-size: 1.6rem; }
  td, th { padding-right: .5rem; font-size: .9rem; }
  td:first-child, th:first-child { width: 6rem; }
}
:root { color-scheme: light dark; background: #fff; color: #111; }
a { color: #0645ad; }
@media (prefers-color-scheme: dark) {
  :root { background: #121212; color: #eee; }
  a { color: #9ecbff; }
}
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"{CONTENT_POLICY}; style-src 'sha256-{_HASH}'"
Operation = tuple[str, str, dict[str, Any]]  # method, path, what OpenAPI says of it


def page(app: FastAPI) -> str:
    """HTML of all endpoints."""
    document = app.openapi()
    title, version, description = (_text(document["info"][key]) for key in ("title", "version", "description"))
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    groups = "".join(_group(tag, operations) for tag in document["tags"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style>'
        f"<main><h1>{title} {version}</h1>"
        f'<p>{description} <a href="openapi.json">openapi.json</a> says the same for programs; '
        f'<a href="./">the page</a> is for people.</p>{groups}</main>'
    )


def _group(tag: dict[str, str], operations: Sequence[Operation]) -> str:
    name = tag["name"]
    sections = [_section(*each) for each in operations if name in each[2].get("tags", [])]
    return f"<h2>{_text(name.capitalize())}</h2><p>{_text(tag['description'])}</p>{''.join(sections)}"


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    parts = [f"<h3><code>{method.upper()} {_text(path)}</code></h3><p>{_prose(operation.get('description', ''))}</p>"]
    parts += [f"<pre><code>{_text(sample['source'])}</code></pre>" for sample in operation.get("x-codeSamples", [])]
    rows = [(field["name"], f"{field['in']}: {_meaning(field)}") for field in operation.get("parameters", [])]
    rows += [(mime, f"body: {_fields(body['schema'])}") for mime, body in _content(operation.get("requestBody", {}))]
    if rows:
        parts.append(_table(("name", "meaning"), rows))
    answers = [
        (
            status,
            "; ".join([answer["description"], *answer.get("headers", {}), *(mime for mime, _ in _content(answer))]),
        )
        for status, answer in operation["responses"].items()
    ]
    parts.append(_table(("status", "meaning"), answers))
    return "".join(parts)


def _meaning(field: dict[str, Any]) -> str:
    examples = field["schema"].get("examples", [])
    return field.get("description", "") + (f" (such as {examples[0]})" if examples else "")


def _content(body: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(body.get("content", {}).items())


def _fields(schema: dict[str, Any]) -> str:
    fields = schema.get("properties", {})
    return (
        "; ".join(f"{name}: {field.get('description', '')}" for name, field in fields.items()) or "the picture's file"
    )


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    first = "".join(f'<th scope="col">{_text(head)}</th>' for head in heads)
    rest = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{rest}</table>"


def _prose(text: str) -> str:
    """Text in which `code` may stand."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(value: str) -> str:
    return html.escape(str(value))
