"""`/v1/jobs`: pictures in line, how far they are, their results; by a real server and real clients."""

import io
import json
import threading
import zipfile

import numpy as np
import pytest
from helpers import server_process
from helpers.server_process import MOST_BYTES, code, pixels, png, wait_until
from PIL import Image

from pyimagesearch.images import resize
from pyimagesearch.serving.limits import MOST_PICTURES


def files(*named):
    return [("image", (name, data)) for name, data in named]


def finished(client, answer):
    """The job of a 202, when it has ended."""
    assert answer.status_code == 202, answer.text
    path = answer.headers["location"]
    wait_until(lambda: client.get(path).json()["state"] not in ("waiting", "working"))
    return client.get(path).json()


def in_zip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def zip_of(*named, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in named:
            archive.writestr(name, data)
    return file.getvalue()


def test_a_job_of_one_picture_from_line_to_result(client, noise):
    lr = noise(30, 40)
    answer = client.post("/v1/jobs", files=files(("a é.png", png(lr))))
    begun = answer.json()
    assert answer.headers["location"] == f"v1/jobs/{begun['id']}"
    assert len(begun["id"]) >= 32
    assert begun["state"] in ("waiting", "working")
    assert begun["place"] == 0
    assert begun["seconds_left"] > 0
    assert begun["seconds_kept"] is None
    done = finished(client, answer)
    assert (done["state"], done["progress"], done["seconds_left"]) == ("done", 1.0, None)
    assert 500 < done["seconds_kept"] <= 600
    picture = {"index": 0, "name": "a é.png", "state": "done", "progress": 1.0, "width": 160, "height": 120}
    assert done["pictures"] == [picture | {"error": None}]
    for path in ("result", "pictures/0/result"):
        result = client.get(f"/v1/jobs/{done['id']}/{path}")
        assert int(result.headers["content-length"]) == len(result.content)
        assert "filename*=UTF-8''a%20%C3%A9_x4.png" in result.headers["content-disposition"]
        assert result.content == client.post("/v1/upscale", content=png(lr)).content


def test_another_format_comes_from_the_result_that_there_is(client, noise):
    lr = noise(30, 40)
    exif = Image.Exif()
    exif[0x10F] = "Maker"
    sent = png(lr, exif=exif.tobytes())
    job = finished(client, client.post("/v1/jobs", files=files(("a.png", sent))))
    kept = pixels(client.get(f"/v1/jobs/{job['id']}/result").content)
    sizes = []
    for query in ("format=webp&quality=30", "format=jpeg&quality=95", "format=jpeg&quality=20"):
        answer = client.get(f"/v1/jobs/{job['id']}/result?{query}")
        image = Image.open(io.BytesIO(answer.content))
        assert image.format.lower() in query
        assert answer.headers["content-type"] == f"image/{image.format.lower()}"
        assert image.getexif()[0x10F] == "Maker"
        sizes.append(len(answer.content))
    assert sizes[1] > sizes[2]
    fine = client.get(f"/v1/jobs/{job['id']}/result?format=jpeg&quality=100").content
    assert np.abs(np.asarray(Image.open(io.BytesIO(fine))).astype(int) - kept).mean() < 3
    wrong = client.get(f"/v1/jobs/{job['id']}/result?quality=20")
    assert (wrong.status_code, code(wrong)) == (422, "bad_parameter")


def test_a_job_asks_for_model_scale_format_and_quality(client, noise):
    lr = noise(30, 40)
    faithful = client.get("/healthz").json()["models"][0]
    query = f"model={faithful}&scale=2&format=jpeg&quality=50"
    job = finished(client, client.post(f"/v1/jobs?{query}", files=files(("a.png", png(lr)))))
    assert (job["pictures"][0]["width"], job["pictures"][0]["height"]) == (80, 60)
    answer = client.get(f"/v1/jobs/{job['id']}/result")
    assert Image.open(io.BytesIO(answer.content)).size == (80, 60)
    assert 'filename="a_x2.jpg"' in answer.headers["content-disposition"]
    as_png = client.get(f"/v1/jobs/{job['id']}/result?format=png").content
    np.testing.assert_array_equal(
        pixels(as_png), pixels(client.post("/v1/upscale?scale=2&crisp=0", content=png(lr)).content)
    )
    assert client.post(f"/v1/upscale?{query}", content=png(lr)).content == answer.content


def test_in_an_album_that_is_asked_for_as_jpeg_a_picture_that_jpeg_cannot_hold_is_a_png(client, noise):
    alpha = np.dstack([noise(20, 20), np.full((20, 20), 99, np.uint8)])
    sent = files(("one.jpg", png(noise(20, 20))), ("alpha.png", png(alpha)))
    job = finished(client, client.post("/v1/jobs?format=jpeg", files=sent))
    assert [each["state"] for each in job["pictures"]] == ["done", "done"]
    assert [*in_zip(client.get(f"/v1/jobs/{job['id']}/result").content)] == ["one_x4.jpg", "alpha_x4.png"]
    alone = client.post("/v1/jobs?format=jpeg", files=files(("alpha.png", png(alpha))))
    assert (alone.status_code, code(alone)) == (406, "not_acceptable")


def test_a_damaged_zip_is_named_and_refuses_no_other_file(client, noise):
    damaged = zip_of(("a.png", png(noise(20, 20))))[:60]
    job = finished(client, client.post("/v1/jobs", files=files(("bad.zip", damaged), ("one.png", png(noise(20, 20))))))
    assert [(each["name"], each["state"]) for each in job["pictures"]] == [("bad.zip", "failed"), ("one.png", "done")]
    assert job["pictures"][0]["error"] == {"code": "bad_zip", "message": "bad.zip is damaged; pack it anew"}
    alone = client.post("/v1/jobs", files=files(("bad.zip", damaged)))
    assert (alone.status_code, alone.json()["error"]["message"]) == (422, "bad.zip is damaged; pack it anew")
    elsewhere = client.post("/v1/upscale", files={"image": ("my.zip", zip_of(("a.png", png(noise(20, 20)))))})
    assert elsewhere.json()["error"]["message"] == "my.zip is a zip file; send it to v1/jobs"


def test_a_form_or_json_with_more_than_it_may_have_is_told_what_it_may_have(client, noise):
    picture = png(noise(20, 20))
    two = client.post("/v1/upscale", files=[("image", ("a.png", picture)), ("image", ("b.png", picture))])
    assert (two.status_code, "several go to v1/jobs" in two.json()["error"]["message"]) == (422, True)
    other = client.post("/v1/jobs", files=[("image", ("a.png", picture)), ("extra", ("b.png", picture))])
    assert (other.status_code, "file named 'extra'" in other.json()["error"]["message"]) == (422, True)
    wrong = client.post("/v1/upscale/base64", json={"image": "data:image/png;base64,AAAA", "scael": 2})
    assert (wrong.status_code, code(wrong)) == (422, "unknown_parameter")
    assert "no field 'scael'; it takes blend, clean, crisp" in wrong.json()["error"]["message"]


def test_a_result_is_made_smaller_for_a_download(client, noise):
    job = finished(client, client.post("/v1/jobs", files=files(("a.png", png(noise(30, 40))))))
    result = f"/v1/jobs/{job['id']}/result"
    whole = pixels(client.get(result).content)
    answer = client.get(f"{result}?width=100")
    assert 'filename="a_100px.png"' in answer.headers["content-disposition"]
    np.testing.assert_array_equal(pixels(answer.content), resize.resize_bicubic(whole, 75, 100))
    as_jpeg = Image.open(io.BytesIO(client.get(f"{result}?width=100&format=jpeg&quality=80").content))
    assert (as_jpeg.size, as_jpeg.format) == ((100, 75), "JPEG")
    own = client.get(f"{result}?width=5000")
    assert 'filename="a_x4.png"' in own.headers["content-disposition"]
    np.testing.assert_array_equal(pixels(own.content), whole)
    wrong = client.get(f"{result}?width=0")
    assert (wrong.status_code, code(wrong)) == (422, "bad_parameter")


def test_several_pictures_and_a_zip_become_one_zip_and_a_bad_one_refuses_no_other(client, noise):
    good = [png(noise(20 + number, 20, number)) for number in range(4)]
    packed = zip_of(
        ("../../evil/a.png", good[1]), ("folder/b.png", good[2]), ("text.txt", b"no picture"),
        ("__MACOSX/._a.png", b"x"), ("folder/", b""), (".DS_Store", b"x"), ("large.bin", bytes(MOST_BYTES + 1)),
    )  # fmt: skip
    sent = files(("a.png", good[0]), ("my.zip", packed), ("broken.png", good[3][:200]), ("a.png", good[3]))
    job = finished(client, client.post("/v1/jobs", files=sent))
    names = [(each["name"], each["state"], (each["error"] or {}).get("code")) for each in job["pictures"]]
    assert names == [
        ("a.png", "done", None), ("a.png", "done", None), ("b.png", "done", None),
        ("text.txt", "failed", "not_a_picture"), ("large.bin", "failed", "too_many_bytes"),
        ("broken.png", "failed", "not_a_picture"), ("a.png", "done", None),
    ]  # fmt: skip
    assert job["state"] == "done"
    for each in job["pictures"]:
        if each["error"]:
            assert each["name"] in each["error"]["message"]
            assert "Pillow" not in each["error"]["message"]
    answer = client.get(f"/v1/jobs/{job['id']}/result")
    assert answer.headers["content-type"] == "application/zip"
    results = in_zip(answer.content)
    assert list(results) == ["a_x4.png", "a_x4 (2).png", "b_x4.png", "a_x4 (3).png"]
    for data, result in zip(good, results.values(), strict=True):
        assert result == client.post("/v1/upscale", content=data).content
    as_jpeg = in_zip(client.get(f"/v1/jobs/{job['id']}/result?format=jpeg&quality=80").content)
    assert [*as_jpeg] == ["a_x4.jpg", "a_x4 (2).jpg", "b_x4.jpg", "a_x4 (3).jpg"]
    one = client.get(f"/v1/jobs/{job['id']}/pictures/2/result")
    assert one.content == results["b_x4.png"]
    failed = client.get(f"/v1/jobs/{job['id']}/pictures/3/result")
    assert (failed.status_code, code(failed)) == (422, "not_a_picture")
    none = client.get(f"/v1/jobs/{job['id']}/pictures/7/result")
    assert (none.status_code, code(none)) == (404, "no_such_picture")


@pytest.mark.parametrize(
    ("sent", "status", "expected"),
    [
        (files(("a.png", b"")), 422, "no_picture"),
        (files(("a.png", b"text")), 422, "not_a_picture"),
        (files(("a.zip", zip_of())), 422, "no_picture"),
        (files(("a.zip", b"PK\x03\x04 and then nothing")), 422, "bad_zip"),
        (files(("a.png", bytes(MOST_BYTES + 1))), 413, "too_many_bytes"),
        (files(*[("a.png", b"")] * (MOST_PICTURES + 1)), 422, "bad_form"),
        (files(("a.zip", zip_of(*((f"{n}.png", b"") for n in range(MOST_PICTURES + 1))))), 422, "bad_zip"),
        (files(("a.zip", zip_of(*((f"{n}.png", bytes(MOST_BYTES)) for n in range(20))))), 422, "bad_zip"),
    ],
)  # fmt: skip
def test_what_cannot_become_a_job(client, sent, status, expected):
    answer = client.post("/v1/jobs", files=sent)
    assert (answer.status_code, code(answer)) == (status, expected)


def test_a_job_of_bad_pictures_alone_has_failed(client):
    job = finished(client, client.post("/v1/jobs", files=files(("a.png", b"text"), ("b.png", b"text"))))
    assert job["state"] == "failed"
    answer = client.get(f"/v1/jobs/{job['id']}/result")
    assert (answer.status_code, code(answer)) == (422, "not_a_picture")


def test_a_job_that_is_deleted_is_forgotten(client, noise):
    answer = client.post("/v1/jobs", files=files(("a.png", png(noise(30, 40)))))
    path = answer.headers["location"]
    assert client.delete(path).status_code == 204
    for gone in (client.get(path), client.get(f"{path}/result"), client.get(f"{path}/events"), client.delete(path)):
        assert (gone.status_code, code(gone)) == (404, "no_such_job")


def test_events_tell_each_change_until_the_end(client, noise):
    answer = client.post("/v1/jobs", files=files(("a.png", png(noise(200, 300))), ("b.png", png(noise(200, 300)))))
    with client.stream("GET", f"{answer.headers['location']}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in stream.iter_lines() if line]
    assert lines[0].startswith(":")
    told = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert told[-1]["state"] == "done"
    progress = [each["progress"] for each in told]
    assert progress == sorted(progress)
    assert client.get(answer.headers["location"]).json()["pictures"] == told[-1]["pictures"]


def test_head_is_get_without_its_body(client, noise):
    job = finished(
        client, client.post("/v1/jobs", files=files(("a.png", png(noise(9, 12))), ("b.png", png(noise(9, 12)))))
    )
    address = f"/v1/jobs/{job['id']}"
    for path in (address, f"{address}/events", f"{address}/pictures/0/result", "/healthz", "/", "/docs"):
        found = client.head(path)
        assert (found.status_code, found.content) == (200, b"")
        if path not in (address, f"{address}/events"):
            assert found.headers["content-length"] == client.get(path).headers["content-length"]
    assert client.head(f"{address}/result").headers["content-type"] == "application/zip"
    assert client.head("/v1/jobs/none").status_code == 404


@pytest.mark.slow
def test_a_small_picture_goes_between_the_tiles_of_a_large_one(noise):
    with server_process.serving("--model", "light") as server, server.client() as client:
        large = client.post("/v1/jobs", files=files(("large.png", png(noise(1500, 1500))))).headers["location"]
        wait_until(lambda: client.get(large).json()["state"] == "working")
        answer = client.post("/v1/upscale", content=png(noise(32, 32)))
        assert answer.status_code == 200
        assert client.get(large).json()["state"] == "working"
        assert client.get(f"{large}/result").status_code == 409
        wait_until(lambda: client.get(large).json()["state"] == "done")
        alone = client.post("/v1/upscale", content=png(noise(1500, 1500))).content
        assert client.get(f"{large}/result").content == alone


@pytest.mark.slow
def test_a_server_that_ends_leaves_no_file_and_no_client_waiting(noise, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with server_process.serving("--model", "light") as server, server.client() as client:
        job = client.post("/v1/jobs", files=files(("a.png", png(noise(1500, 1500))))).headers["location"]
        assert [*tmp_path.iterdir()]
        ended = threading.Event()

        def listen():
            with client.stream("GET", f"{job}/events") as stream:
                stream.read()
            ended.set()

        threading.Thread(target=listen).start()
        wait_until(lambda: client.get(job).json()["progress"] > 0)
        assert server.stop() == 0
        assert ended.wait(10)
        assert server.errors == []
        assert [*tmp_path.iterdir()] == []


@pytest.mark.slow
def test_what_a_killed_server_left_is_removed_by_the_next(noise, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with server_process.serving("--model", "bicubic") as killed, server_process.serving("--model", "bicubic") as other:
        with killed.client() as client:
            client.post("/v1/jobs", files=files(("a.png", png(noise(30, 40)))))
        assert len([*tmp_path.iterdir()]) == 2
        killed.process.kill()
        killed.process.wait()
        with server_process.serving("--model", "bicubic"):
            assert len([*tmp_path.iterdir()]) == 2
            with other.client() as client:
                job = finished(client, client.post("/v1/jobs", files=files(("a.png", png(noise(30, 40))))))
                assert client.get(f"/v1/jobs/{job['id']}/result").status_code == 200
