"""Binds, loads, serves, and ends when it is told to."""

import contextlib
import dataclasses
import functools
import os
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from pyimagesearch.errors import InputError, Interrupted
from pyimagesearch.inference.mixture import load_models
from pyimagesearch.serving import access, bodies, browser, browser_runtime, capacity, logs
from pyimagesearch.serving.app import create_app
from pyimagesearch.serving.artist import Artist, ArtModels
from pyimagesearch.serving.authentication import Authentication, add_login
from pyimagesearch.serving.browser import Browser
from pyimagesearch.serving.connections import Connection
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.guard import Guard
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.measured import Measured
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.store import Store
from pyimagesearch.serving.ticket import LANES
from pyimagesearch.serving.tokens import TokenFile
from pyimagesearch.system import console

MOST_ENDING_SECONDS = 60.0  # that the server takes to end
BACKLOG = 128  # connections that wait to be accepted


def run(
    *, host: str, port: int, model: str | None, gan_model: str | None, limits: Limits, precision: str = "auto",
    measure_pixels: bool = False, art_models: ArtModels | None = None, access_log: bool = False,
    allow_hosts: Sequence[str] = (), cors: Sequence[str] = (), token_file: str | None = None,
    runtime: str | None = None,
) -> None:  # fmt: skip
    """Serve until SIGINT or SIGTERM, after which open requests are finished and new ones refused.

    measure_pixels: whether limits.pixels is what this machine can do within limits.seconds, measured now.
    art_models: of dreams and styles; None: none are made.
    allow_hosts: further names of this server. cors: the origins of other sites whose pages may use it.
    token_file: holds the tokens of which requests need one.
    runtime: the folder of ONNX Runtime Web by which browsers may enlarge pictures themselves; "": npm fetches it once.
    """
    names, origins = list(map(access.check_host, allow_hosts)), list(map(access.check_origin, cors))
    tokens = TokenFile(Path(token_file)) if token_file is not None else None
    logs.configure(access_log=access_log)
    folder = None
    if runtime is not None:
        browser.check_libraries()
        folder = browser_runtime.find(runtime or None)
    listener = bind(host, port)
    hosts = [host, *names] if names or access.is_loopback_address(listener.getsockname()[0]) else None
    with listener, Store() as store, store.taking_temporary_files():  # uploads
        artist = Artist(art_models, limits.seconds) if art_models else None
        models = load_models(model, gan_model, precision)
        engine = Engine(models)
        engine.warm_up()
        offered = Browser(models, folder) if folder else None
        rate = capacity.seconds_per_pixel(engine)
        if measure_pixels:
            most = capacity.most_pixels(engine, rate, limits, store.most_bytes)
            limits = dataclasses.replace(limits, pixels=most)
        with PictureWorkers(limits.pixels) as workers:
            workers.wait_until_ready()
            if artist:
                artist.measure_memory()
            service = Service(engine, workers, limits, store, rate, artist)
            app = application(create_app(service, offered), service, hosts, origins, tokens)
            listen(listener, host)
            shown = f"[{host}]" if ":" in host else host
            served = f"{', '.join(engine.models)} (x{engine.scale})"
            served += f", and art: {', '.join(artist.offers)}" if artist else ""
            console.say(f"http://{shown}:{listener.getsockname()[1]} serves {served}")
            _serve(app, listener, service, access_log)


def application(
    endpoints: FastAPI, service: Service, hosts: Sequence[str] | None, origins: Sequence[str], tokens: TokenFile | None
) -> ASGIApp:
    """The endpoints and all that stands before them; what is outermost sees the answers of what is within."""
    inner: ASGIApp = endpoints
    if tokens:
        add_login(endpoints, tokens)
        inner = Authentication(endpoints, tokens)
    let_in = access.Access(_for_origins(inner, origins), hosts, origins)
    return Measured(Guard(let_in, longest_request(service.limits)), service.metrics, endpoints.routes)


def _for_origins(app: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    """The application, whose answers pages of these sites may read."""
    if not origins:
        return app
    return CORSMiddleware(
        app, allow_origins=origins, allow_methods=["GET", "POST", "DELETE"], allow_headers=["*"],
        expose_headers=["content-disposition", "location", "server-timing", "retry-after", "www-authenticate"],
    )  # fmt: skip


def longest_request(limits: Limits) -> float:
    """Seconds: to receive a body, to wait in line, to work on it, to send it; endpoints end each of them earlier."""
    return bodies.LONGEST_UPLOAD + len(LANES) * limits.line_seconds + 3 * limits.seconds + bodies.LONGEST_UPLOAD


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the port and does not listen yet: connections are refused until models are loaded."""
    if not 0 <= port <= 65535:  # getaddrinfo would count on from 0
        raise InputError(f"`port` must be at least 0 and at most 65535, received {port}")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise _cannot(host, port, error) from None
    return listener


def listen(listener: socket.socket, host: str) -> None:
    """Open the port."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise _cannot(host, listener.getsockname()[1], error) from None


def _cannot(host: str, port: int, error: OSError) -> InputError:
    return InputError(
        f"`host` {host} `port` {port} cannot be used ({error.strerror}); name another, or `port` 0 for any that is free"
    )


class _Server(uvicorn.Server):
    """uvicorn's server, which ends the service at a signal, and calls `at_last` where that takes so many seconds."""

    def __init__(self, config: uvicorn.Config, service: Service, seconds: float, at_last: Callable[[], None]):
        super().__init__(config)
        self._service = service
        self._timer = threading.Timer(seconds, at_last)
        self._timer.daemon = True

    def handle_exit(self, sig: int, frame: object) -> None:
        if not self._timer.ident:  # not started by an earlier signal
            self._timer.start()
        self._service.ending = True
        super().handle_exit(sig, frame)  # type: ignore[arg-type]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._service.end()
        await super().shutdown(sockets)


def _serve(app: ASGIApp, listener: socket.socket, service: Service, access_log: bool) -> None:
    seconds = min(service.limits.seconds, MOST_ENDING_SECONDS)
    finish = max(0.7 * seconds, seconds - 3)  # for open requests, once a signal has arrived
    config = uvicorn.Config(
        app, log_config=None, access_log=access_log, server_header=False, lifespan="off",
        http=functools.partial(Connection, on_bad_request=service.metrics.bad_request),  # type: ignore[arg-type]
        ws="none", loop="asyncio", backlog=BACKLOG,
        timeout_graceful_shutdown=finish,  # type: ignore[arg-type]
    )  # fmt: skip

    def end() -> None:
        service.close()
        os._exit(0)

    with contextlib.suppress(Interrupted, KeyboardInterrupt):  # raised once more by uvicorn when all is done
        _Server(config, service, (finish + seconds) / 2, end).run(sockets=[listener])
    service.line.close()
