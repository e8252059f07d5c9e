"""`srgan serve --art`: dreams and styles by a real server, against what the command line makes of the same pictures."""

import shlex

import numpy as np
import pytest
import tensorflow as tf
from helpers.art_server import LONG, made, start
from helpers.optional_extras import need_art
from helpers.server_process import code, png, serving, wait_until
from PIL import Image, ImageCms

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io

need_art()
pytest_plugins = ["helpers.art_server"]
pytestmark = pytest.mark.slow
OPTIMISATION = shlex.split("--optimizer lbfgs --coarsest 256 --content-weight 1e3 --smoothness 3e6 --epochs 1")


@pytest.fixture(scope="module")
def server(art_server):
    return art_server


@pytest.fixture(scope="module")
def client(server):
    with server.client() as session:
        yield session


@pytest.fixture
def pictures(tmp_path, noise):
    """The folder of content.png, style.png and other.png."""
    for number, name in enumerate(("content", "style", "other")):
        Image.fromarray(noise(60, 80, number)).save(tmp_path / f"{name}.png")
    return tmp_path


def by_command(folder, name, *arguments):
    out = folder / f"{name}.png"
    assert main([*map(str, arguments), "-o", str(out)]) == 0
    return picture_io.read(out)


def test_what_is_served_is_what_the_command_makes(client, pictures, test_data):
    content, style, other = (pictures / f"{name}.png" for name in ("content", "style", "other"))
    files = {"content": content.read_bytes(), "style": [style.read_bytes(), other.read_bytes()]}
    query = "size=96&strength=0.8&keep_colours=match"
    flags = ["--size", "96", "--strength", "0.8", "--keep-colours", "match"]

    served, name, job = made(client, f"/v1/style?{query}&fast=false&steps=3", **files)
    slow = [*OPTIMISATION, "--steps-per-epoch", "3", "--weights", "random"]
    np.testing.assert_array_equal(
        served.samples, by_command(pictures, "slow", "style", content, style, other, *flags, *slow).samples
    )
    assert 'filename="content_style.png"' in name
    assert (job["state"], job["progress"], job["pictures"][0]["width"]) == ("done", 1.0, 96)

    served, _, _ = made(client, f"/v1/style?{query}", **files)  # at once, where the server can
    fast = ["--fast", "--fast-models", test_data / "style"]
    np.testing.assert_array_equal(
        served.samples, by_command(pictures, "fast", "style", content, style, other, *flags, *fast).samples
    )

    served, name, _ = made(client, "/v1/dream?octaves=2&steps=2", content=files["content"])
    dream = ["--backbone", "vgg19", "--weights", "random", "--octaves=-1,0", "--steps", "2"]
    np.testing.assert_array_equal(served.samples, by_command(pictures, "dream", "dream", content, *dream).samples)
    assert 'filename="content_dream.png"' in name


def test_a_grey_picture_gets_colours_alpha_stays_and_large_ones_are_dreamt_smaller(client, pictures, noise):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture_io.write(pictures / "grey.png", picture_io.Picture(noise(40, 64)[:, :, 0], icc))
    grey, style = (pictures / "grey.png").read_bytes(), (pictures / "style.png").read_bytes()
    painted, _, _ = made(client, "/v1/style?size=64", content=grey, style=style)
    assert (painted.samples.shape, painted.icc) == ((40, 64, 3), None)
    kept, _, _ = made(client, "/v1/style?size=64&keep_colours=luminance", content=grey, style=style)
    assert (kept.samples.shape, kept.icc) == ((40, 64), icc)
    alpha = np.dstack([noise(40, 64), np.full((40, 64), 99, np.uint8)])
    dream, _, job = made(client, "/v1/dream?size=32&octaves=1&steps=1", content=png(alpha))
    assert dream.samples.shape == (20, 32, 4)
    assert (dream.samples[:, :, 3] == 99).all()
    as_jpeg = client.post("/v1/dream?format=jpeg", files={"content": png(alpha)})
    assert (as_jpeg.status_code, code(as_jpeg)) == (406, "not_acceptable")
    smaller = client.get(f"/v1/jobs/{job['id']}/result?format=webp&width=16")
    assert 'filename="content_16px.webp"' in smaller.headers["content-disposition"]


BLACK = png(np.zeros((1024, 1024, 3), np.uint8))


@pytest.mark.parametrize(
    ("path", "files", "status", "expected", "said"),
    [
        ("dream?octaves=6&steps=200&size=1024", {"content": BLACK}, 413, "too_much_work", "smaller size, or fewer"),
        ("dream?octaves=9", {"content": BLACK}, 422, "bad_parameter", "octaves"),
        ("dream?strength=1", {"content": BLACK}, 422, "unknown_parameter", "takes format, octaves, quality, size"),
        ("dream", {"content": b"text"}, 422, "not_a_picture", "content is no picture"),
        ("dream", {"content": BLACK, "style": BLACK}, 422, "bad_form", "more than 1 file(s)"),
        ("dream", {"image": BLACK}, 422, "bad_form", "pictures are named content"),
        ("dream", {"content": png(np.zeros((9, 99, 3), np.uint8))}, 422, "bad_parameter", "ask for fewer octaves or"),
        ("style", {"content": BLACK}, 422, "no_picture", "no file named style"),
        ("style?size=1025", {"content": BLACK, "style": BLACK}, 422, "bad_parameter", "size"),
        ("style?steps=9", {"content": BLACK, "style": BLACK}, 422, "bad_parameter", "belongs to fast=false"),
        ("style?quality=9", {"content": BLACK, "style": BLACK}, 422, "bad_parameter", "format=jpeg"),
        ("style", {"content": BLACK, "style": b"text"}, 422, "not_a_picture", "style is no picture"),
        (
            "style",
            {"content": png(np.zeros((1, 99, 3), np.uint8)), "style": BLACK},
            422,
            "bad_parameter",
            "content is too small",
        ),
    ],
)
def test_what_is_refused_is_refused_before_any_work(client, path, files, status, expected, said):
    answer = client.post(f"/v1/{path}", files={name: (name, data) for name, data in files.items()})
    assert (answer.status_code, code(answer)) == (status, expected)
    assert said in answer.json()["error"]["message"]
    assert "`" not in answer.json()["error"]["message"]


def test_a_form_has_few_styles_and_parameters_belong_to_the_address(client):
    many = client.post("/v1/style", files=[("content", BLACK), *[("style", BLACK)] * 5])
    assert (many.status_code, code(many)) == (422, "bad_form")
    assert "one file named content and at most 4 files named style" in many.json()["error"]["message"]
    inside = client.post("/v1/dream", files={"content": BLACK}, data={"size": "64"})
    assert "size belongs to the address" in inside.json()["error"]["message"]
    raw = client.post("/v1/dream", content=BLACK)
    assert "send one with the file(s) content" in raw.json()["error"]["message"]


class OneNetwork(tf.Module):
    """With the call of Magenta's SavedModel; it fails at contents of more than 300 pixels a side."""

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, None, None, 3])])
    def __call__(self, content, style):
        with tf.control_dependencies([tf.debugging.assert_less(tf.shape(content)[1], 300)]):
            return [(content + tf.reduce_mean(style, axis=[1, 2], keepdims=True)) / 2]


def test_a_saved_model_paints_one_style_and_clients_never_see_where_it_lies(model, tmp_path):
    folder = tmp_path / "networks"
    tf.saved_model.save(OneNetwork(), str(folder))
    black, answers = png(np.zeros((60, 80, 3), np.uint8)), []
    flags = ["--art", "--weights", "random", "--fast-models", folder]
    with serving("--model", model, *flags) as running, running.client() as client:
        health = client.get("/healthz").json()
        assert (health["art"], health["art_mixes"]) == (["fast", "style", "dream"], False)
        for query, styles in (("strength=0.5", 1), ("size=64", 2)):
            files = [("content", black), *[("style", black)] * styles]
            refused = client.post(f"/v1/style?{query}", files=files)
            assert (refused.status_code, code(refused)) == (422, "bad_parameter")
            answers.append(refused.text)
        painted, _, _ = made(client, "/v1/style?size=64", content=black, style=black)
        assert not painted.samples.any()
        job = f"/v1/jobs/{start(client, '/v1/style?size=500', content=BLACK, style=black)['id']}"
        wait_until(lambda: client.get(job).json()["state"] == "failed", 60)
        answers.append(client.get(job).text)
        assert client.get(job).json()["pictures"][0]["error"]["code"] == "fault"
        assert not [answer for answer in answers if str(folder) in answer or "networks" in answer]
        assert running.stop() == 0
        assert any(str(folder) in line for line in running.errors)  # the operator's log


def test_short_pictures_are_enlarged_between_the_steps_of_a_dream_which_can_be_stopped(client, noise):
    dream = start(client, LONG, content=png(noise(128, 128)))
    address = f"/v1/jobs/{dream['id']}"
    wait_until(lambda: client.get(address).json()["progress"] > 0)
    waiting = start(client, LONG, content=png(noise(128, 128, 1)))
    assert waiting["state"] == "waiting"
    assert client.post("/v1/upscale", content=png(noise(20, 20))).status_code == 200
    assert client.get(address).json()["state"] == "working"
    assert client.get(f"{address}/result").status_code == 409
    for job in (waiting, dream):
        assert client.delete(f"/v1/jobs/{job['id']}").status_code == 204
        assert client.get(f"/v1/jobs/{job['id']}").status_code == 404
    after, _, _ = made(client, "/v1/dream?size=32&octaves=1&steps=1", content=png(noise(32, 32)))
    assert after.samples.shape == (32, 32, 3)  # the line's thread is free
