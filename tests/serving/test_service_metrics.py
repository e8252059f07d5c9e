"""GET /metrics: what Prometheus' own parsers read there is what clients were answered."""

from collections import Counter

import numpy as np
import pytest
from helpers import server_process
from helpers.metrics import counted_as, families, requests, scrape, value
from helpers.server_process import png, wait_until

from pyimagesearch.inference.mixture import Single
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.store import Store

TOKEN = "0123456789abcdefghijklmnop"


def test_requests_are_counted_by_endpoint_and_answer_whoever_refused_them(bicubic_server, noise):
    with bicubic_server.client() as client:
        before = requests(scrape(client))
        asked = [
            ("GET", "/healthz", {}, "/healthz", 200),
            ("HEAD", "/healthz", {}, "/healthz", 200),
            ("POST", "/v1/upscale", {"content": png(noise(8, 8))}, "/v1/upscale", 200),
            ("POST", "/v1/upscale", {"content": b"no picture"}, "/v1/upscale", 422),
            ("POST", "/v1/upscale?none=1", {}, "/v1/upscale", 422),
            ("POST", "/v1/upscale", {"content": png(np.zeros((2001, 2000), np.uint8))}, "/v1/upscale", 413),
            ("POST", "/v1/upscale", {"headers": {"origin": "https://evil.example"}}, "/v1/upscale", 403),
            ("GET", "/v1/upscale", {}, "/v1/upscale", 405),
            ("GET", "/v1/jobs/one", {}, "/v1/jobs/{id}", 404),
            ("DELETE", "/v1/jobs/two", {}, "/v1/jobs/{id}", 404),
            ("GET", "/page/app.js", {}, "/page/{name}", 200),
            ("GET", "/nothing/one", {}, "other", 404),
            ("GET", "/nothing/two", {}, "other", 404),
        ]
        for method, path, more, _, status in asked:
            assert client.request(method, path, **more).status_code == status
        assert client.request("BREW", "/healthz").status_code == 405
        with bicubic_server.connect(b"GET / HTTP/3000\r\n\r\n") as connection:
            assert connection.recv(12) == b"HTTP/1.1 400"
        expected = Counter((method, endpoint, str(status)) for method, _, _, endpoint, status in asked)
        expected += Counter([("other", "/healthz", "405"), ("other", "other", "400"), ("GET", "/metrics", "200")])
        assert requests(scrape(client)) - before == expected


def test_pictures_of_jobs_are_counted_as_they_end(bicubic_server, noise):
    with bicubic_server.client() as client:
        before = scrape(client)
        good, large = png(noise(30, 40)), png(noise(8, 5000))
        files = [("image", ("a.png", good)), ("image", ("b.png", b"none")), ("image", ("c.png", large))]
        job = client.post("/v1/jobs?scale=2", files=files).headers["location"]
        wait_until(lambda: client.get(job).json()["state"] == "done")
        states = Counter(picture["state"] for picture in client.get(job).json()["pictures"])
        assert client.post("/v1/upscale", content=b"none").status_code == 422  # its request is counted, no picture
        after = scrape(client)

        def more(name, **labels):
            return value(after, name, **labels) - value(before, name, **labels)

        assert more("srgan_pictures_total") == 3
        assert more("srgan_pictures_total", state="done") == states["done"]
        assert more("srgan_pictures_total", state="failed") == states["failed"]
        assert more("srgan_pictures_total", error="not_a_picture") == 1
        done_pixels = 30 * 40 + (8 * 5000 if states["done"] == 2 else 0)
        assert more("srgan_picture_pixels_total", side="in") == done_pixels
        assert more("srgan_picture_pixels_total", side="out") == 4 * done_pixels
        for name in ("srgan_picture_line_seconds", "srgan_picture_work_seconds"):
            assert more(f"{name}_count") == more(f"{name}_bucket", le="+Inf") == states["done"]
            assert more(f"{name}_sum") >= 0
        received = more("srgan_http_received_bytes_total", endpoint="/v1/jobs")
        assert 0 < received - len(good) - len(large) - len(b"none") < 1000  # what the form is beside the pictures


def test_both_formats_say_the_same_and_gauges_are_as_things_stand(bicubic_server):
    with bicubic_server.client() as client:
        text, open_metrics = scrape(client), scrape(client, open_metrics=True)
        counted = {name for name in text if name.startswith("srgan_") and not name.endswith("_created")}
        assert counted <= set(open_metrics)
        assert value(text, "srgan_queue_places") == Limits().queue
        assert value(open_metrics, "srgan_queue_places_taken") == 0
        assert value(text, "srgan_model_info", model="bicubic", scale="4") == 1
        assert value(text, "process_resident_memory_bytes") > 50e6
        assert client.get("/metrics").headers["content-type"].startswith("text/plain; version=0.0.4")


def test_each_server_has_counts_of_its_own():
    parts = Engine(Single("bicubic")), PictureWorkers(pixels=1), Limits(1, 1, 1, 1), Store()
    first, second = Service(*parts).metrics, Service(*parts).metrics
    first.answered("GET", "/", 200)
    assert requests(families(first)) == {("GET", "/", "200"): 1}
    assert requests(families(second)) == {}


@pytest.mark.slow
def test_refusals_for_want_of_a_token_or_of_room_and_stopped_work_are_counted(noise, tmp_path):
    """With --queue 1: a job at work, 503 meanwhile, its end by DELETE, and requests without a token."""
    (tmp_path / "tokens").write_text(TOKEN)
    answered = Counter()

    def count(answer):
        answered[counted_as(answer)] += 1

    flags = ("--model", "light", "--queue", 1, "--max-seconds", 60, "--token-file", tmp_path / "tokens")
    let_in, hooks = {"authorization": f"Bearer {TOKEN}"}, {"response": [count]}
    with (
        server_process.serving(*flags) as server,
        server.client(headers=let_in, event_hooks=hooks) as client,
        server.client(event_hooks=hooks) as stranger,
    ):
        for path in ("/metrics", "/v1/jobs/one", "/nothing"):
            assert stranger.get(path).status_code == 401
        answered["GET", "other", "401"] = answered.pop(("GET", "/nothing", "401"))
        files = [("image", (f"{number}.png", png(noise(900, 1000)))) for number in range(3)]
        files.append(("image", ("bad.png", b"none")))
        job = client.post("/v1/jobs", files=files).headers["location"]
        wait_until(lambda: client.get(job).json()["state"] == "working")
        assert client.post("/v1/upscale", content=png(noise(8, 8))).status_code == 503
        seen = scrape(client)
        assert value(seen, "srgan_queue_places_taken") == 1
        assert value(seen, "srgan_line_pictures_waiting") + value(seen, "srgan_line_pictures_working") > 0
        assert value(seen, "srgan_line_work_seconds") > 0
        assert client.delete(job).status_code == 204
        wait_until(lambda: value(scrape(client), "srgan_pictures_total") == len(files))
        seen = scrape(client)
        answered["GET", "/metrics", "200"] -= 1  # the scrape that tells cannot count itself
        assert requests(seen) == answered
        assert value(seen, "srgan_pictures_total", state="cancelled") >= 1
        assert value(seen, "srgan_pictures_total", state="failed", error="not_a_picture") == 1
        assert TOKEN not in client.get("/metrics").text
        assert server.errors == []
