"""Around the whole service: counts every request and its answer, whichever part of the service gave it."""

import time
from collections.abc import Sequence

from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pyimagesearch.serving.metrics import OTHER, Metrics

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Measured:
    """An ASGI application around another."""

    def __init__(self, app: ASGIApp, metrics: Metrics, routes: Sequence[BaseRoute]):
        """routes: whose paths, such as /v1/jobs/{id}, name the endpoints."""
        self._app, self._metrics, self._routes = app, metrics, routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"] if scope["method"] in METHODS else OTHER
        endpoint = self._endpoint_of(scope)
        began, received, sent = time.monotonic(), 0, 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            return message

        async def send_counted(message: Message) -> None:
            nonlocal sent
            if message["type"] == "http.response.start":
                self._metrics.answered(method, endpoint, message["status"])
            elif method != "HEAD":  # uvicorn sends no body for it
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive_counted, send_counted)
        finally:
            self._metrics.request_ended(endpoint, time.monotonic() - began, received, sent)

    def _endpoint_of(self, scope: Scope) -> str:
        """The template of the path, also of requests that are refused before they are routed."""
        asked = {key: scope[key] for key in ("type", "method", "path", "root_path")}
        for route in self._routes:
            if route.matches(asked)[0] != Match.NONE:
                return str(route.path)  # type: ignore[attr-defined]
        return OTHER
