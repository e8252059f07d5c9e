"""An application served by uvicorn in a thread of this process, through the connections of `srgan serve`."""

import contextlib
import socket
import threading
import time
from functools import partial

import httpx
import uvicorn

from pyimagesearch.serving.connections import Connection


class Running:
    """Where it is."""

    def __init__(self, port):
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def client(self, **kwargs):
        return httpx.Client(base_url=self.url, timeout=30, **kwargs)

    def connect(self, sent=b""):
        """A socket that is connected to it and has sent this."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        connection.sendall(sent)
        return connection


@contextlib.contextmanager
def serving(app, on_bad_request=lambda: None):
    """A Running until the end. on_bad_request: as Connection takes it."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        config = uvicorn.Config(
            app,
            http=partial(Connection, on_bad_request=on_bad_request),
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield Running(listener.getsockname()[1])
        server.should_exit = True
        thread.join()
