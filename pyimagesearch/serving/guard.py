"""Around the whole application: headers for browsers, bodies read to their end, faults in one line."""

import asyncio
import os
import sys
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DRAINED_BYTES = 100_000_000  # of a body that nobody wants, read so that its sender hears why
DRAINED_SECONDS = 5.0
CONTENT_POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' blob: data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": CONTENT_POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp):
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = _Exchange(scope, receive, send)
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except Exception as error:  # the client has had its answer
            if os.environ.get("SRGAN_TRACEBACK"):
                traceback.print_exc()
            text = " ".join(str(error).split())[:300]
            print(f"srgan serve: {scope['path']!r} failed, {type(error).__name__}: {text}", file=sys.stderr, flush=True)


class _Exchange:
    """One request and its answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send):
        self._receive, self._send = receive, send
        headers = Headers(scope=scope)
        self._unread = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
        # Such a client sends nothing before it is asked to, and has its answer sooner without.
        self._asks_first = headers.get("expect", "").lower() == "100-continue"

    async def receive(self) -> Message:
        message = await self._receive()
        self._asks_first = False
        self._unread = bool(message.get("more_body"))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._unread and not self._asks_first:
                await self._drain()
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def _drain(self) -> None:
        """Read what is left of the body: a connection that is closed before may lose the answer on its way."""
        read = 0
        try:
            async with asyncio.timeout(DRAINED_SECONDS):
                while self._unread and read < DRAINED_BYTES:
                    read += len((await self.receive()).get("body", b""))
        except TimeoutError:
            pass
