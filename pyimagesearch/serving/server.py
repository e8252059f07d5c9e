"""Binds, loads, serves, and ends when it is told to."""

import contextlib
import os
import socket

import uvicorn

from pyimagesearch import decoding, upscale
from pyimagesearch.errors import Interrupted, UserError
from pyimagesearch.serving.app import create_app
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.guard import Guard
from pyimagesearch.serving.limits import Limits

BACKLOG = 128  # connections that wait to be accepted


def run(
    *, host: str, port: int, model: str | None, gan_model: str | None, limits: Limits, access_log: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, after which open requests are finished and new ones refused."""
    decoding.limit_opencv(limits.pixels)
    listener = bind(host, port)
    with listener:
        names, upscalers = upscale.load_all(model, gan_model)
        engine = Engine(names, upscalers, pixels=limits.pixels)
        engine.warm_up()
        listen(listener, host)
        shown = f"[{host}]" if ":" in host else host
        models = ", ".join(engine.models)
        print(f"http://{shown}:{listener.getsockname()[1]} serves {models} (x{engine.scale})", flush=True)
        _serve(Guard(create_app(engine, limits)), listener, limits, access_log)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the port and does not listen yet: connections are refused until models are loaded."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, OverflowError) as error:
        raise _cannot(host, port, error) from None
    return listener


def listen(listener: socket.socket, host: str) -> None:
    """Open the port."""
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        raise _cannot(host, listener.getsockname()[1], error) from None


def _cannot(host: str, port: int, error: Exception) -> UserError:
    reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno and error.errno > 0 else str(error)
    return UserError(
        f"--host {host} --port {port} cannot be used ({reason}); name another, or --port 0 for any free one"
    )


def _serve(app: Guard, listener: socket.socket, limits: Limits, access_log: bool) -> None:
    config = uvicorn.Config(
        app, log_level="info" if access_log else "warning", access_log=access_log, server_header=False, lifespan="off",
        http="h11", ws="none", loop="asyncio", backlog=BACKLOG,
        timeout_graceful_shutdown=int(2 * limits.seconds) + 1,  # to compute and to send
    )  # fmt: skip
    with contextlib.suppress(Interrupted, KeyboardInterrupt):  # raised once more by uvicorn when all is done
        uvicorn.Server(config).run(sockets=[listener])
