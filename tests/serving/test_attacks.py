"""A server of default limits under attack: hostile pictures harm nobody else, and pages of other sites get nothing."""

import contextlib
import http.server
import threading
import time

import httpx
import numpy as np
import pytest
from helpers import browser, server_process
from helpers.hostile_pictures import HOSTILE
from helpers.server_process import code, png

from pyimagesearch.serving.line import Line

MORE_SECONDS = 2.0  # that others may wait because of a hostile picture
MORE_MEMORY = 700_000_000  # bytes that a hostile picture may make the server and its workers take, for a while


class Others:
    """Another client that has a small picture enlarged, again and again, and how long the slowest answer took."""

    def __init__(self, server, data):
        self.slowest, self.statuses, self.peak = 0.0, set(), 0
        self._server, self._data = server, data
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def _ask(self):
        with self._server.client() as client:
            while not self._ended.is_set():
                began = time.monotonic()
                self.statuses.add(client.post("/v1/upscale", content=self._data).status_code)
                self.slowest = max(self.slowest, time.monotonic() - began)
                self.peak = max(self.peak, self._server.memory_of_all())


@pytest.mark.slow
def test_hostile_pictures_are_refused_while_others_are_served(model, noise):
    small = png(noise(32, 32))
    with server_process.serving("--model", model) as server, server.client() as client:
        with Others(server, small) as alone:
            time.sleep(2)
        with Others(server, small) as others:
            for make in HOSTILE.values():
                answer = client.post("/v1/upscale", content=make())
                assert answer.status_code in (413, 422)
                assert code(answer) in ("not_a_picture", "too_many_bytes")
        assert others.statuses == {200}
        assert others.slowest < alone.slowest + MORE_SECONDS
        assert others.peak < alone.peak + MORE_MEMORY
        print(f"others: {alone.slowest:.2f} s alone, {others.slowest:.2f} s beside hostile pictures; "
              f"memory {alone.peak / 1e6:.0f} and {others.peak / 1e6:.0f} MB")  # fmt: skip
        assert server.stop() == 0
        assert server.errors == []


@pytest.mark.slow
def test_sigterm_ends_the_server_within_its_seconds_whatever_it_decodes(model):
    with server_process.serving("--model", model, "--max-seconds", 5) as server:
        threads = [threading.Thread(target=attack, args=(server, make)) for make in HOSTILE.values()]
        for thread in threads[:8]:
            thread.start()
        time.sleep(0.3)
        began = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - began < 5 + 5  # a busy machine takes seconds to end a process
        for thread in threads[:8]:
            thread.join()


def attack(server, make):
    with contextlib.suppress(httpx.TransportError), server.client() as client:  # once the server has gone
        client.post("/v1/upscale", content=make())


@pytest.fixture
def foreign_site():
    """The address of a page of another site, which has nothing on it."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>foreign</title>")

        def log_message(self, *_):
            pass

    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    yield f"http://localhost:{site.server_port}/"
    site.shutdown()
    site.server_close()


@pytest.fixture
def rebound():
    """A browser to which evil.example is this machine, as it is after DNS rebinding."""
    with browser.chromium("--host-resolver-rules=MAP evil.example 127.0.0.1") as started:
        yield started


SEND = """async ([url, mode, bytes]) => {
  const body = new FormData();
  body.append("image", new Blob([new Uint8Array(bytes)], {type: "image/png"}), "a.png");
  try {
    const answer = await fetch(url, {method: "POST", mode, body});
    return answer.type === "opaque" ? "opaque" : answer.status;
  } catch (error) { return "blocked"; }
}"""


@pytest.fixture
def computed(monkeypatch):
    """A list that grows with every picture that the server in this process works on."""
    add, calls = Line.add, []

    def counting(*args):
        calls.append(args)
        return add(*args)

    monkeypatch.setattr(Line, "add", counting)
    return calls


@pytest.mark.slow
def test_a_page_of_another_site_makes_the_server_do_nothing(bicubic_server, computed, rebound, foreign_site):
    picture = list(png(np.zeros((8, 8, 3), np.uint8)))
    target = f"{bicubic_server.url}/v1/upscale"
    page = rebound.new_page()
    page.goto(foreign_site)
    for mode in ("no-cors", "cors"):  # the browser shows the page no answer, so that what was computed is asked for
        assert page.evaluate(SEND, [target, mode, picture]) == "blocked"
    page.set_content(f'<form method="post" enctype="multipart/form-data" action="{target}"></form>')
    with page.expect_navigation(url=target) as answer:
        page.evaluate("document.forms[0].submit()")
    assert answer.value.status == 403
    assert not computed
    page.goto(f"{bicubic_server.url}/")
    assert page.evaluate(SEND, ["/v1/upscale", "same-origin", picture]) == 200
    assert computed


@pytest.mark.slow
def test_a_name_that_was_rebound_to_this_machine_gets_nothing(server, rebound):
    picture = list(png(np.zeros((8, 8, 3), np.uint8)))
    page = rebound.new_page()
    answer = page.goto(f"http://evil.example:{server.port}/")
    assert answer.status == 403
    assert page.evaluate(SEND, ["/v1/upscale", "same-origin", picture]) == 403
