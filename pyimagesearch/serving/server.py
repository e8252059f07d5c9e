"""Binds, loads, serves, and ends when it is told to."""

import contextlib
import logging
import socket
import warnings

import uvicorn
from PIL import Image

from pyimagesearch.errors import InputError, Interrupted
from pyimagesearch.inference import blend
from pyimagesearch.serving.app import create_app
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.guard import Guard
from pyimagesearch.serving.limits import Limits

BACKLOG = 128  # connections that wait to be accepted


def run(
    *, host: str, port: int, model: str | None, gan_model: str | None, limits: Limits, access_log: bool = False
) -> None:
    """Serve until SIGINT or SIGTERM, after which open requests are finished and new ones refused."""
    _quieten()
    listener = bind(host, port)
    with listener:
        names, upscalers = blend.load_all(model, gan_model)
        engine = Engine(names, upscalers, pixels=limits.pixels)
        engine.warm_up()
        listen(listener, host)
        shown = f"[{host}]" if ":" in host else host
        models = ", ".join(engine.models)
        print(f"http://{shown}:{listener.getsockname()[1]} serves {models} (x{engine.scale})", flush=True)
        _serve(Guard(create_app(engine, limits)), listener, limits, access_log)


def _quieten() -> None:
    """What libraries say of strangers' pictures and forms is answered, and no concern of the log."""
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)


def bind(host: str, port: int) -> socket.socket:
    """A socket that has the port and does not listen yet: connections are refused until models are loaded."""
    if not 0 <= port <= 65535:  # getaddrinfo would count on from 0
        raise InputError(f"--port must be at least 0 and at most 65535, received {port}")
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
        f"--host {host} --port {port} cannot be used ({error.strerror}); name another, or --port 0 for any that is free"
    )


def _serve(app: Guard, listener: socket.socket, limits: Limits, access_log: bool) -> None:
    config = uvicorn.Config(
        app, log_level="info" if access_log else "warning", access_log=access_log, server_header=False, lifespan="off",
        http="h11", ws="none", loop="asyncio", backlog=BACKLOG,
        timeout_graceful_shutdown=int(2 * limits.seconds) + 1,  # to compute and to send
    )  # fmt: skip
    with contextlib.suppress(Interrupted, KeyboardInterrupt):  # raised once more by uvicorn when all is done
        uvicorn.Server(config).run(sockets=[listener])
