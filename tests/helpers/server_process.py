"""`srgan serve` as a process of its own, for tests, and what is said to it and by it."""

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
from PIL import Image

from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Upload

ROOT = Path(__file__).parents[2]
MOST_BYTES, MOST_PIXELS = 300_000, 500_000  # what the `server` of conftest takes


class Server:
    """A server process, its address and what it has said on stderr."""

    def __init__(self, *flags, cwd=ROOT, host="127.0.0.1"):
        command = [sys.executable, "-m", "pyimagesearch", "serve", "--host", host, "--port", "0", *map(str, flags)]
        environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd, env=environment
        )
        self.errors = []
        threading.Thread(target=lambda: self.errors.extend(self.process.stderr), daemon=True).start()
        self.greeting = self.process.stdout.readline()
        address = re.search(r"http://\S+", self.greeting)
        assert address, f"{self.greeting} {self.errors}"
        self.url = address[0]
        self.port = int(self.url.rsplit(":", 1)[1])

    def memory(self):
        """Bytes that it holds. Not getrusage, in which a child begins with the peak of its parent."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024

    def memory_of_all(self):
        """Bytes that it and its workers hold; pages that several of them share count once."""
        pids = [self.process.pid, *self.workers()]
        held = 0
        for pid in pids:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a worker that has just ended
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                held += int(re.search(r"Pss:\s+(\d+)", rollup)[1]) * 1024
        return held

    def workers(self):
        """The process numbers of the workers that decode and encode."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(pid) for path in children for pid in path.read_text().split()]

    def client(self, **kwargs):
        return httpx.Client(base_url=self.url, timeout=120, **kwargs)

    def stop(self):
        """SIGTERM; returns the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@contextlib.contextmanager
def serving(*flags, **kwargs):
    """A Server until the end."""
    server = Server(*flags, **kwargs)
    try:
        yield server
    finally:
        server.process.kill()
        server.process.wait()
        server.process.stdout.close()


def wait_until(condition, seconds=60):
    """Return when condition() is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def png(picture, **settings):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG", **settings)
    return file.getvalue()


def pixels(data):
    return picture_io.read(Upload(data)).samples


def code(answer):
    """The code of an error, whose body has to have the one shape."""
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert set(answer.json()) == {"error"}
    assert set(error) == {"code", "message"}
    assert len(error["message"]) > 10
    assert "\n" not in error["message"]
    return error["code"]
