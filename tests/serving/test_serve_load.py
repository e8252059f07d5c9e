"""`srgan serve` under load and at its end: nothing lost, nothing mixed up, nothing begun for nobody."""

import io
import random
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from helpers import server_process
from helpers.server_process import wait_until
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Upload
from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config

SIZES = [(32, 32), (33, 47), (64, 48), (50, 90), (100, 75), (128, 128), (200, 150), (320, 240), (800, 600)]


def file_of(picture):
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="BMP")
    return file.getvalue()


@pytest.fixture(scope="module")
def slow_model(tmp_path_factory):
    """A generator that needs seconds for a tile of 320x320."""
    path = tmp_path_factory.mktemp("slow") / "slow.keras"
    build_generator(get_config("light").with_values({"network.filters": 64, "network.blocks": 32})).save(path)
    return str(path)


@pytest.mark.slow
def test_200_requests_of_16_clients_each_get_their_picture(model, tmp_path, noise):
    (tmp_path / "in").mkdir()
    for number, (width, height) in enumerate(SIZES):
        (tmp_path / f"in/{number}.bmp").write_bytes(file_of(noise(height, width, number)))
    assert main(["upscale", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--model", model]) == 0
    sent = [(tmp_path / f"in/{number}.bmp").read_bytes() for number in range(len(SIZES))]
    expected = [picture_io.read_rgb(tmp_path / f"out/{number}.bmp") for number in range(len(SIZES))]
    chance = random.Random(0)
    jobs = [chance.choice(range(len(SIZES) - 1)) for _ in range(195)] + [len(SIZES) - 1] * 5
    chance.shuffle(jobs)
    refusals = []
    with server_process.serving("--model", model, "--queue", 10) as server, server.client() as client:

        def ask(number):
            while (answer := client.post("/v1/upscale", content=sent[number])).status_code == 503:
                assert answer.json()["error"]["code"] == "busy"
                refusals.append(int(answer.headers["retry-after"]))
                time.sleep(0.2)
            assert answer.status_code == 200
            np.testing.assert_array_equal(picture_io.read(Upload(answer.content)).samples, expected[number])

        with ThreadPoolExecutor(16) as clients:
            list(clients.map(ask, jobs))
        assert refusals  # 16 clients, 10 places
        assert min(refusals) >= 1
        assert client.get("/healthz").status_code == 200
        assert server.stop() == 0
        assert server.errors == []


@pytest.mark.slow
def test_the_memory_stays_flat_over_600_requests(model, noise):
    chance = random.Random(0)
    held = []
    with server_process.serving("--model", model) as server, server.client() as client:
        for number in range(600):
            size = (chance.randrange(32, 300), chance.randrange(32, 400))
            path = ("/v1/upscale", "/generate", "/v1/upscale?scale=2")[number % 3]
            assert client.post(path, content=file_of(noise(*size, number))).status_code == 200
            held.append(server.memory())
    # Results of /generate fill their share, 256 MB, within the first 300 requests.
    assert max(held[450:]) < 1.1 * max(held[300:450]) + 20_000_000


def open_request(server, content, path="/v1/upscale"):
    """A request in a thread of its own, and the list that will hold its answer."""
    answers = []

    def ask():
        with server.client() as client:
            answers.append(client.post(path, content=content))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def test_sigterm_finishes_the_open_request_and_refuses_new_ones(slow_model, noise):
    with server_process.serving("--model", slow_model, "--queue", 1) as server, server.client() as client:
        thread, answers = open_request(server, file_of(noise(320, 320)))
        wait_until(lambda: client.post("/v1/upscale").status_code == 503)  # the request has the only place
        server.process.terminate()
        wait_until(lambda: refuses_connections(server))
        thread.join()
        assert answers[0].status_code == 200
        assert picture_io.read(Upload(answers[0].content)).samples.shape == (1280, 1280, 3)
        assert server.process.wait(20) == 0
        assert server.errors == []


def refuses_connections(server):
    try:
        socket.create_connection(("127.0.0.1", server.port)).close()
    except ConnectionRefusedError:
        return True
    return False


@pytest.mark.slow
def test_a_full_queue_is_503_and_who_leaves_it_makes_room(slow_model, noise):
    data = file_of(noise(320, 320))
    head = f"POST /v1/upscale HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    with server_process.serving("--model", slow_model, "--queue", 2) as server, server.client() as client:
        thread, answers = open_request(server, data)
        with socket.create_connection(("127.0.0.1", server.port)) as second:
            second.sendall(head + data)
            wait_until(lambda: client.post("/v1/upscale").status_code == 503)
            third = client.post("/v1/upscale", content=data)
            assert (third.status_code, third.json()["error"]["code"]) == (503, "busy")
            assert int(third.headers["retry-after"]) >= 1
            assert client.get("/healthz").status_code == 200
        wait_until(lambda: client.post("/v1/upscale", content=b"no picture").status_code == 422)  # was let in
        assert not answers  # the first is still being computed
        thread.join()
        assert answers[0].status_code == 200


@pytest.mark.slow
def test_what_takes_too_long_is_504_and_the_next_is_served(slow_model, noise):
    with server_process.serving("--model", slow_model, "--max-seconds", 1) as server, server.client() as client:
        threads = [open_request(server, file_of(noise(320, 640))) for _ in range(3)]  # two tiles each
        for thread, answers in threads:
            thread.join()
            assert answers[0].status_code == 504
            assert answers[0].json()["error"]["code"] == "too_slow"
        deadline = time.monotonic() + 30
        while client.post("/v1/upscale", content=file_of(noise(8, 8))).status_code == 504:
            assert time.monotonic() < deadline
        with socket.create_connection(("127.0.0.1", server.port), timeout=30) as stalled:
            stalled.sendall(b"POST /generate HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nhalf")
            assert stalled.recv(12) == b"HTTP/1.1 408"
        assert server.errors == []


@pytest.mark.slow
def test_an_answer_that_nobody_takes_gives_its_place_back(model, noise):
    """A result of 3 MB fills the sockets; its reader never reads."""
    data = file_of(noise(500, 600))
    head = f"POST /v1/upscale HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(data)}\r\n\r\n".encode()
    flags = ["--model", model, "--queue", 1, "--max-seconds", 3]
    with server_process.serving(*flags) as server, server.client() as client, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", server.port))
        deaf.sendall(head + data)
        wait_until(lambda: client.post("/v1/upscale").status_code == 503)
        wait_until(lambda: client.post("/v1/upscale", content=file_of(noise(8, 8))).status_code == 200)
