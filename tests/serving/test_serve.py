"""`srgan serve`: what every endpoint answers, by a real server and real clients."""

import base64
import io
import json

import numpy as np
import pytest
from fastapi import Request
from helpers.server_process import MOST_BYTES, MOST_PIXELS, code, pixels, png, serving
from PIL import Image, ImageCms

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Upload
from pyimagesearch.inference.mixture import load_mixture
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.static import Page


@pytest.fixture
def by_command_line(models, tmp_path):
    """What `srgan upscale` makes of the file `data`."""

    def run(data, *flags, suffix=".png"):
        (tmp_path / f"in{suffix}").write_bytes(data)
        command = ["upscale", tmp_path / f"in{suffix}", "-o", tmp_path / "out.png", "--overwrite", "--model", models[0]]
        assert main([*map(str, command), *flags]) == 0
        return (tmp_path / "out.png").read_bytes()

    return run


def test_it_says_where_it_is_and_what_it_serves(server, client):
    assert server.greeting.startswith("http://127.0.0.1:")
    assert "light_x4_0, light_x4_gan (x4)" in server.greeting
    health = client.get("/healthz").json()
    assert health.pop("version")
    limits = {"bytes": MOST_BYTES, "pixels": MOST_PIXELS, "seconds": 120.0, "pictures": 50}
    names = ["light_x4_0", "light_x4_gan"]
    what = {"status": "ok", "scale": 4, "models": names, "sliders": ["crisp"], "blend": True}
    what |= {"scales": [1, 2, 3, 4], "formats": ["png", "jpeg", "webp"], "art": [], "art_mixes": True}
    what |= {"browser": None}
    assert health == what | {"limits": limits}


@pytest.mark.slow
def test_without_flags_the_four_models_that_ship_are_served_and_mixed(noise):
    lr = noise(20, 30)
    corners = {"": "photo-gan", "?clean=0&crisp=0": "light", "?clean=0": "light-gan", "?blend=0": "photo"}
    with serving() as server, server.client() as client:
        assert "serves light, light-gan, photo, photo-gan (x4)" in server.greeting
        assert client.get("/healthz").json()["sliders"] == ["clean", "crisp"]
        for query, model in corners.items():
            answer = client.post(f"/v1/upscale{query}", content=png(lr))
            np.testing.assert_array_equal(pixels(answer.content), load_upscaler(model)(lr))
        between = client.post("/v1/upscale?clean=0.25&crisp=0.5", content=png(lr))
        refused = client.post("/v1/upscale?crisp=0.5&blend=0.5", content=png(lr))
    np.testing.assert_array_equal(pixels(between.content), load_mixture(clean=0.25, crisp=0.5)(lr))
    assert (refused.status_code, code(refused)) == (422, "bad_parameter")


@pytest.mark.slow
def test_a_model_that_is_named_is_served_alone():
    with serving("--model", "light") as server:
        assert "serves light (x4)" in server.greeting


def kinds_of_picture():
    rng = np.random.default_rng(0)
    for kind in (np.uint8, np.uint16):
        for channels in (1, 2, 3, 4):
            yield rng.integers(0, np.iinfo(kind).max, (20, 30, channels), dtype=kind)


@pytest.mark.parametrize("samples", [*kinds_of_picture()], ids=lambda each: f"{each.dtype}x{each.shape[2]}")
def test_the_answer_is_what_the_command_line_makes(client, by_command_line, models, samples):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    sent = picture_io.encode(".png", picture_io.Picture(np.squeeze(samples), icc))
    answer = client.post("/v1/upscale", content=sent)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/png"
    found, expected = (
        picture_io.read(Upload(data))
        for data in (answer.content, by_command_line(sent, "--crisp", "1", "--gan-model", models[1]))
    )
    assert found.samples.dtype == samples.dtype
    np.testing.assert_array_equal(found.samples, expected.samples)
    assert found.icc == icc


def test_avif_and_texts_come_back_as_the_command_line_writes_them(client, by_command_line, models, noise):
    exif = Image.Exif()
    exif[0x112], exif[0x10F] = 6, "Maker"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    avif, jpeg = io.BytesIO(), io.BytesIO()
    Image.fromarray(noise(8, 12)).save(avif, "AVIF", exif=exif.tobytes(), icc_profile=icc)
    Image.fromarray(noise(8, 12)).save(jpeg, "JPEG", comment="mine")
    for sent, suffix, texts in ((avif, ".avif", {}), (jpeg, ".jpg", {"Comment": "mine"})):
        answer = client.post("/v1/upscale", content=sent.getvalue())
        flags = ["--crisp", "1", "--gan-model", models[1]]
        found, expected = (
            picture_io.read(Upload(data))
            for data in (answer.content, by_command_line(sent.getvalue(), *flags, suffix=suffix))
        )
        np.testing.assert_array_equal(found.samples, expected.samples)
        assert (found.icc, found.exif, found.texts) == (expected.icc, expected.exif, expected.texts)
        assert found.texts == texts


def test_a_form_and_a_raw_body_are_the_same(client, noise):
    data = png(noise(9, 12))
    raw = client.post("/v1/upscale", content=data)
    form = client.post("/v1/upscale", files={"image": ("my photo é.png", data, "image/png")})
    assert raw.content == form.content
    assert raw.headers["content-disposition"] == 'inline; filename="picture_x4.png"'
    assert 'filename="my photo __x4.png"' in form.headers["content-disposition"]
    assert "filename*=UTF-8''my%20photo%20%C3%A9_x4.png" in form.headers["content-disposition"]
    assert float(raw.headers["server-timing"].removeprefix("model;dur=")) > 0


@pytest.mark.parametrize("part", ["0", "0.3", "1"])
def test_a_mix_is_the_command_lines(client, by_command_line, models, noise, part):
    data = png(noise(20, 30))
    found = client.post("/v1/upscale", params={"crisp": part}, content=data)
    expected = by_command_line(data, "--crisp", part, "--gan-model", models[1])
    np.testing.assert_array_equal(pixels(found.content), pixels(expected))
    assert found.content == client.post("/v1/upscale", params={"blend": part}, content=data).content
    if part == "1":
        assert found.content == client.post("/v1/upscale", content=data).content


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("*/*", "PNG"), ("image/*", "PNG"), ("image/jpeg", "JPEG"), ("image/webp, image/jpeg;q=0.1", "JPEG"),
        ("image/webp", "WEBP"), ("image/png;q=0, image/*", "JPEG"), ("text/html, */*;q=0.8", "PNG"),
    ],
)  # fmt: skip
def test_accept_chooses_the_format(client, noise, accept, expected):
    answer = client.post("/v1/upscale", content=png(noise(8, 8)), headers={"accept": accept})
    assert Image.open(io.BytesIO(answer.content)).format == expected
    assert answer.headers["content-type"] == f"image/{expected.lower()}"


def test_a_format_that_cannot_hold_the_result_is_passed_over_or_406(client):
    data = png(np.zeros((4, 4, 4), np.uint8))
    answer = client.post("/v1/upscale", content=data, headers={"accept": "image/jpeg"})
    assert (answer.status_code, code(answer)) == (406, "not_acceptable")
    assert "transparency" in answer.json()["error"]["message"]
    answer = client.post("/v1/upscale", content=data, headers={"accept": "image/jpeg, image/webp"})
    assert answer.headers["content-type"] == "image/webp"


def test_base64_is_the_same_picture(client, noise):
    data = png(noise(9, 12))
    for mix in ({}, {"blend": 0.3}, {"crisp": 0.6}):
        body = {"image": "data:image/png;base64," + base64.b64encode(data).decode(), **mix}
        answer = client.post("/v1/upscale/base64", json=body).json()
        head, _, text = answer["image"].partition(",")
        assert head == "data:image/png;base64"
        assert base64.b64decode(text) == client.post("/v1/upscale", params=mix, content=data).content


def test_generate_keeps_the_result_for_a_download(client, noise):
    data = png(noise(9, 12))
    expected = client.post("/v1/upscale", content=data).content
    names = set()
    for body in ({"content": data}, {"files": {"image": ("a.png", data)}, "data": {"ext": "png"}}):
        name = client.post("/generate", **body).json()["result"]
        assert len(name) == len(".png") + 32
        names.add(name)
        found = client.get(f"/download/{name}")
        assert found.headers["content-type"] == "image/png"
        assert found.content == expected
    assert len(names) == 2


def test_browsers_are_told_what_not_to_do(client):
    for path in ("/healthz", "/nothing", "/docs"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


def test_docs_need_no_other_host_and_name_every_endpoint(client):
    text = client.get("/docs").text
    assert "https://" not in text
    assert "http://" not in text.replace("http://127.0.0.1:8080", "")
    assert "src=" not in text
    for path in client.get("/openapi.json").json()["paths"]:
        assert path in text.replace("&#x27;", "'")


def test_the_page_is_a_fixed_set_of_files_that_browsers_ask_for_again(tmp_path):
    for name in ("index.html", "app.js", "sw.js", "manifest.webmanifest", "icon.svg"):
        (tmp_path / name).write_text(name)
    page = Page(tmp_path)
    (tmp_path / "later.js").write_text("no part of it")
    asked = Request({"type": "http", "headers": []})
    answers = {
        name: page(name, asked) for name in ("index.html", "app.js", "sw.js", "manifest.webmanifest", "icon.svg")
    }
    types = [answer.media_type for answer in answers.values()]
    assert types == ["text/html", "text/javascript", "text/javascript", "application/manifest+json", "image/svg+xml"]
    assert answers["sw.js"].headers["service-worker-allowed"] == "/"
    assert answers["sw.js"].headers["cache-control"] == "no-cache"
    again = Request({"type": "http", "headers": [(b"if-none-match", answers["app.js"].headers["etag"].encode())]})
    assert [page(name, again).status_code for name in ("app.js", "sw.js")] == [304, 200]
    with pytest.raises(ServiceError):
        page("later.js", asked)


def test_openapi_describes_bodies_answers_and_errors(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/", "/page/{name}", "/v1/upscale", "/v1/upscale/base64", "/generate", "/download/{name}", "/healthz", "/docs",
        "/openapi.json", "/v1/jobs", "/v1/jobs/{id}", "/v1/jobs/{id}/events", "/v1/jobs/{id}/result",
        "/v1/jobs/{id}/pictures/{index}/result", "/example", "/v1/dream", "/v1/style", "/metrics",
        "/browser/model", "/browser/{version}/{name}",
    }  # fmt: skip
    upscale = paths["/v1/upscale"]["post"]
    assert {"multipart/form-data", "application/octet-stream"} <= set(upscale["requestBody"]["content"])
    assert set(upscale["responses"]) == {"200", "403", "406", "408", "413", "422", "503", "504"}
    assert set(upscale["responses"]["200"]["headers"]) == {"Content-Disposition", "Server-Timing"}
    assert "Retry-After" in upscale["responses"]["503"]["headers"]
    json.dumps(paths)
