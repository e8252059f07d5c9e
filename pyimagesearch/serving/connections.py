"""Connections: how many are open, and how long one may wait for a request's header."""

import asyncio
import logging
import resource
from collections.abc import Callable
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from pyimagesearch.serving import errors

logger = logging.getLogger(__name__)

MOST_CONNECTIONS = 256  # beyond it, the one that has been idle longest is closed
HEADER_SECONDS = 10.0  # from the connection or the last answer to the end of a request's header
LINGER_SECONDS = 60.0  # that a client has to take the end of an answer


def most_connections() -> int:
    """MOST_CONNECTIONS, or half of the files that this process may open."""
    return min(MOST_CONNECTIONS, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)


class Connection(H11Protocol):
    """uvicorn's HTTP/1.1 connection with deadlines; of too many, those without a place in the queue are closed."""

    def __init__(self, *args: Any, on_bad_request: Callable[[], object] = lambda: None, **kwargs: Any):
        """on_bad_request: called at each answer to what is no HTTP/1.1, which no application sees."""
        super().__init__(*args, **kwargs)
        self._on_bad_request = on_bad_request
        self._timer: asyncio.TimerHandle | None = None
        self.idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        if len(self.connections) >= most_connections():
            self._close_the_longest_idle()
        super().connection_made(transport)
        self._await_header()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._await_header()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        self._on_bad_request()
        answer = errors.answer(400, "bad_request", f"{msg.rstrip('.').lower()}; it is not HTTP/1.1 as RFC 9112 has it")
        headers = [*answer.raw_headers, (b"connection", b"close")]
        parts = (
            h11.Response(status_code=400, headers=headers, reason=b"Bad Request"),
            h11.Data(data=bytes(answer.body)),
            h11.EndOfMessage(),
        )
        for part in parts:
            self.transport.write(self.conn.send(part) or b"")
        self.transport.close()

    @property
    def is_in_queue(self) -> bool:
        """Whether the request has a place in the queue (line.Line)."""
        place = self.cycle and not self.cycle.response_complete and self.cycle.scope["state"].get("place")
        return bool(place and place.held)

    def _await_header(self) -> None:
        self.idle_since = self.loop.time()
        if self._timer:
            self._timer.cancel()
        seconds = LINGER_SECONDS if self.transport.is_closing() else HEADER_SECONDS
        self._timer = self.loop.call_later(seconds, self._close_idle)

    def _close_idle(self) -> None:
        if self.cycle and not self.cycle.response_complete:
            return  # busy with a request
        if self.transport.is_closing() or not self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            self.transport.close()
            self._await_header()

    def _close_the_longest_idle(self) -> None:
        others = [connection for connection in self.connections if not connection.is_in_queue]  # type: ignore[union-attr]
        if others:
            longest = min(others, key=lambda connection: connection.idle_since)  # type: ignore[union-attr]
            longest.transport.abort()
            self.connections.discard(longest)
