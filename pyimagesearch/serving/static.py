"""The files of the page: a fixed set, read once."""

import hashlib
import mimetypes
from pathlib import Path

from fastapi import Request
from fastapi.responses import Response

from pyimagesearch.serving.errors import ServiceError

FOLDER = Path(__file__).parent / "page"
TAG_DIGITS = 32  # hexadecimal digits of a hash that tell one content from another
# For what runs WebAssembly alone; the page itself keeps to the policy of guard.py.
WASM_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; base-uri 'none'"
POLICIES = {"local-worker.js": {"content-security-policy": WASM_POLICY}}
TYPES = {".webmanifest": "application/manifest+json", ".js": "text/javascript", ".svg": "image/svg+xml"}


def tag_of(data: bytes) -> str:
    """The ETag of a content."""
    return f'"{hashlib.sha256(data).hexdigest()[:TAG_DIGITS]}"'


def sent_once(request: Request, data: bytes, tag: str, mime: str, **headers: str) -> Response:
    """Data that a client keeps and asks for at every visit: sent again only where it has changed, otherwise 304."""
    headers |= {"cache-control": "no-cache", "etag": tag}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=mime, headers=headers)


class Page:
    """Answers with one of the files that the folder held at the start."""

    def __init__(self, folder: Path = FOLDER):
        files = {path.name: path.read_bytes() for path in folder.glob("*") if path.is_file()}
        self._files = {name: (data, tag_of(data)) for name, data in files.items()}

    def __call__(self, name: str, request: Request) -> Response:
        """The file `name`, or 304 where the client has it. Raises ServiceError 404."""
        if name not in self._files:
            raise ServiceError(404, "not_found", f"the page has no file {name[:100]}")
        data, tag = self._files[name]
        mime = TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        # The service worker serves all of /.
        return sent_once(request, data, tag, mime, **{"service-worker-allowed": "/"}, **POLICIES.get(name, {}))
