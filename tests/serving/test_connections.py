"""Connections that send too little, too slowly, too much or no HTTP at all."""

import errno
import http.client
import json
import logging
import time

import pytest
from helpers import server_thread
from helpers.server_process import code, png, wait_until

from pyimagesearch.serving import bodies, connections
from pyimagesearch.serving.access import Access
from pyimagesearch.serving.guard import Guard
from pyimagesearch.serving.logs import OncePerSecond

HEAD = b"POST /v1/upscale HTTP/1.1\r\nHost: localhost\r\n"


def read_all(connection):
    """What comes until the other side closes."""
    data = b""
    try:
        while received := connection.recv(1 << 16):
            data += received
    except ConnectionResetError:
        pass
    return data


@pytest.fixture
def short_deadlines(monkeypatch):
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(bodies, "START_SECONDS", 0.3)


@pytest.mark.usefixtures("short_deadlines")
@pytest.mark.parametrize("sent", [b"", b"GET / HT", HEAD, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea"])
def test_a_header_that_is_not_finished_in_time_ends_the_connection(bicubic_server, sent):
    began = time.monotonic()
    with bicubic_server.connect(sent) as connection:
        answer = read_all(connection)
    assert time.monotonic() - began < 5
    assert answer.startswith(b"HTTP/1.1 200") == sent.endswith(b"/hea")


def drip(connection, data):
    for byte in data:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


@pytest.mark.usefixtures("short_deadlines")
def test_a_header_that_comes_byte_by_byte_ends_too(bicubic_server):
    with bicubic_server.connect() as connection, pytest.raises((ConnectionResetError, BrokenPipeError)):
        drip(connection, HEAD * 1000)


@pytest.mark.usefixtures("short_deadlines")
@pytest.mark.parametrize("begun", [b"", b"a"])
def test_a_body_that_stops_is_408(bicubic_server, begun):
    with bicubic_server.connect(HEAD + b"Content-Length: 100000\r\n\r\n" + begun) as connection:
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 408")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["code"] == "slow_body"


def test_more_connections_than_are_allowed_lock_nobody_out(bicubic_server, monkeypatch, noise):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 20)
    idle = [bicubic_server.connect(b"" if number % 2 else b"GET / H") for number in range(60)]
    with bicubic_server.client() as client:
        assert client.get("/healthz").status_code == 200
        assert client.post("/v1/upscale", content=png(noise(8, 8))).status_code == 200
    assert read_all(idle[0]) == b""  # the first was closed
    for connection in idle:
        connection.close()


def test_a_request_in_the_queue_keeps_its_connection(bicubic_server, monkeypatch, noise):
    monkeypatch.setattr(connections, "MOST_CONNECTIONS", 5)
    data = png(noise(8, 8))
    head = HEAD + f"Content-Length: {len(data)}\r\nExpect: 100-continue\r\n\r\n".encode()
    with bicubic_server.connect(head) as upload:
        assert upload.recv(100).startswith(b"HTTP/1.1 100")  # the request has its place
        upload.sendall(data[:-1])
        idle = [bicubic_server.connect() for _ in range(20)]
        wait_until(lambda: read_all(idle[0]) == b"")
        upload.sendall(data[-1:])
        assert upload.recv(15) == b"HTTP/1.1 200 OK"
    for connection in idle:
        connection.close()


def test_what_is_no_http_is_400_in_the_one_shape(bicubic_server):
    for sent in (b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"):
        with bicubic_server.connect(sent) as connection:
            head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert b"content-type: application/json" in head
        assert json.loads(body)["error"]["code"] == "bad_request"


@pytest.mark.parametrize("path", ["/", "/healthz", "/docs", "/openapi.json", "/page/app.js"])
def test_head_is_get_without_a_body(bicubic_server, path):
    with bicubic_server.client() as client:
        whole, head = client.get(path), client.head(path)
    assert head.status_code == whole.status_code == 200
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.content == b""


def test_head_of_what_is_posted_is_405(bicubic_server):
    with bicubic_server.client() as client:
        assert client.head("/v1/upscale").status_code == 405


@pytest.mark.parametrize("body", [{"files": {"image": bytes(3_000_000)}}, {"content": bytes(3_000_000)}])
def test_where_a_large_body_finds_no_room_on_the_disk_it_is_503(bicubic_server, monkeypatch, body):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with bicubic_server.client() as client:
        answer = client.post("/v1/upscale", **body)
        assert (answer.status_code, code(answer)) == (503, "no_disk")
        assert int(answer.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200


def test_the_limit_of_base64_is_that_of_the_picture(bicubic_server):
    connection = http.client.HTTPConnection("127.0.0.1", bicubic_server.port, timeout=30)
    connection.putrequest("POST", "/v1/upscale/base64")
    connection.putheader("content-length", "999999999")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    message = json.loads(answer.read())["error"]["message"]
    assert "at most 20.0 MB are taken" in message
    connection.close()


def test_the_log_has_one_line_a_second():
    now, lines = [100.0], []
    handler = logging.Handler()
    handler.addFilter(OncePerSecond(clock=lambda: now[0]))
    handler.emit = lambda record: lines.append(record.getMessage())
    logger = logging.getLogger("test")
    logger.addHandler(handler)
    for number in range(100):
        logger.error("line %d\nof two", number)
    assert lines == ["line 0 of two"]
    now[0] += 0.99
    logger.error("too early")
    now[0] += 0.01
    logger.error("later")
    assert lines[1:] == ["later (and 100 lines more before)"]
    logger.removeHandler(handler)


def test_an_answer_that_takes_for_ever_is_ended():
    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": bytes(1 << 16), "more_body": True})

    with server_thread.serving(Guard(Access(app, None), 0.5)) as running, running.connect() as deaf:
        deaf.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert deaf.recv(15) == b"HTTP/1.1 200 OK"
        time.sleep(0.6)
        assert len(read_all(deaf)) < 50_000_000
