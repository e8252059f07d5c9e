"""A server of `srgan serve --art`, and jobs of its endpoints."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

from helpers.server_process import Server, png, serving, wait_until
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture, Upload

LONG = "/v1/dream?size=128&octaves=1&steps=150"


@pytest.fixture(scope="session")
def art_server(model: str, test_data: Path) -> Iterator[Server]:
    """A server of art that, when it is told to end, ends well in the middle of a dream."""
    flags = ["--art", "--weights", "random", "--fast-models", test_data / "style", "--max-seconds", 600]
    with serving("--model", model, *flags) as running:
        assert running.greeting.endswith(", and art: fast, style, dream\n")
        yield running
        with running.client() as client:
            start(client, LONG, content=png(np.zeros((128, 128, 3), np.uint8)))
        assert running.stop() == 0
        assert running.errors == []


def start(client: httpx.Client, path: str, **files: bytes | list[bytes]) -> dict:
    """The job of a 202."""
    several = [
        (name, (f"{name}.png", each))
        for name, given in files.items()
        for each in (given if isinstance(given, list) else [given])
    ]
    answer = client.post(path, files=several)
    assert answer.status_code == 202, answer.text
    assert answer.headers["location"] == f"v1/jobs/{answer.json()['id']}"
    return answer.json()


def made(client: httpx.Client, path: str, **files: bytes | list[bytes]) -> tuple[Picture, str, dict]:
    """The result's picture, the name of its file, and the job at its end."""
    job = start(client, path, **files)
    address = f"/v1/jobs/{job['id']}"
    assert job["seconds_left"] > 0
    wait_until(lambda: client.get(address).json()["state"] not in ("waiting", "working"), 300)
    result = client.get(f"{address}/result")
    assert result.status_code == 200, result.text
    return picture_io.read(Upload(result.content)), result.headers["content-disposition"], client.get(address).json()
