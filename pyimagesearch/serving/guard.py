"""Around the whole application: headers for browsers, HEAD, deadlines, and faults in one line."""

import asyncio
import logging
import os
import traceback

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pyimagesearch.errors import one_line
from pyimagesearch.serving.answers import HEAD
from pyimagesearch.serving.errors import answer

logger = logging.getLogger(__name__)

CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with no-referrer, browsers send forms with an Origin of null
    "cross-origin-resource-policy": "same-origin",
    # A page that is isolated from others may use several threads.
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
}


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, seconds: float):
        """seconds: for a whole request, after which its connection is closed; endpoints answer earlier."""
        self._app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            started = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] == "HEAD":  # uvicorn sends no body for it
            scope = {**scope, "method": "GET", HEAD: True}
        try:
            async with asyncio.timeout(self._seconds):
                await self._app(scope, receive, with_headers)
        except (TimeoutError, asyncio.CancelledError):  # an answer that the client does not take; the server's end
            if not started:
                ending = answer(503, "ending", "the server ends; try again", {"Retry-After": "10"})
                await ending(scope, receive, with_headers)
        except Exception as error:  # the client has received its answer
            if os.environ.get("SRGAN_TRACEBACK"):
                traceback.print_exc()
            text = one_line(error)[:300]
            logger.error("srgan serve: %r failed, %s: %s", scope["path"], type(error).__name__, text)
