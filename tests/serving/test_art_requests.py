"""Dreams and styles over HTTP, as far as that needs no network: what is refused, and what stays within bounds."""

import math

import numpy as np
import pytest
from helpers.server_process import code, png

from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.serving import file_errors
from pyimagesearch.serving.art_options import SIDES, WantedDream, WantedStyle
from pyimagesearch.serving.art_ways import PaintedAtOnce
from pyimagesearch.serving.artist import Artist, ArtModels
from pyimagesearch.serving.errors import ServiceError


@pytest.mark.parametrize("path", ["dream", "style"])
def test_a_server_without_art_says_so_and_offers_none(bicubic_server, path, noise):
    with bicubic_server.client() as client:
        health = client.get("/healthz").json()
        assert (health["art"], health["art_mixes"]) == ([], True)
        answer = client.post(f"/v1/{path}?size=64", files={"content": png(noise(8, 8))})
        assert (answer.status_code, code(answer)) == (404, "no_art")
        assert "srgan serve --art" in answer.json()["error"]["message"]


def test_every_request_that_is_taken_is_one_that_the_command_takes():
    fields = WantedStyle.model_fields
    for size in SIDES:
        StyleSettings(size=WantedStyle(size=size).size)
    for name in ("no", "luminance", "match"):
        StyleSettings(keep_colours=WantedStyle(keep_colours=name).keep_colours)
    for strength in (0, 2):
        StyleSettings(strength=WantedStyle(strength=strength).strength)
    assert (fields["size"].default, fields["strength"].default) == (StyleSettings.size, StyleSettings.strength)


def test_a_dreamer_in_other_octaves_dreams_as_one_that_was_made_for_them(noise):
    made = DeepDreamer(octave_powers=(-1, 0), layers=["block1_conv2"], backbone="vgg19", weights="random")
    other = made.in_octaves([0])
    there = other.in_octaves(range(-1, 1))
    dreams = [dreamer.dream(noise(40, 48), steps=1) for dreamer in (made, other, there)]
    np.testing.assert_array_equal(dreams[0], dreams[2])
    assert not np.array_equal(dreams[0], dreams[1])
    assert there.count_pixels(40, 48, 2) == 2 * (40 * 48 + 31 * 37)


def test_a_profile_for_grey_goes_where_colours_come_also_when_only_the_shape_is_known(noise):
    grey = Picture(noise(8, 8)[:0, :, 0], icc=b"profile", exif=b"exif")  # as the server keeps it
    painted = grey.with_samples(noise(4, 4))
    assert (painted.icc, painted.exif, painted.samples.shape) == (None, b"exif", (4, 4, 3))
    assert grey.with_samples(noise(4, 4)[:, :, 0]).icc == b"profile"


class OneStyle:
    """A painter whose networks are one, as those of a SavedModel are."""

    mixes = False

    def __call__(self, content, _style):
        return content

    def bytes_needed(self, height, width):
        return height * width


@pytest.mark.parametrize(("strength", "styles"), [(0.5, 1), (1, 2)])
def test_networks_that_cannot_mix_refuse_to_in_words_for_clients(noise, strength, styles):
    way, pictures = PaintedAtOnce(OneStyle()), [noise(40, 40)] * (1 + styles)
    with pytest.raises(ServiceError, match=r"one style, at full strength.* ask for fast=false") as refused:
        way.plan(WantedStyle(size=64, strength=strength), pictures)
    assert (refused.value.status, refused.value.code) == (422, "bad_parameter")
    work = way.plan(WantedStyle(size=64), pictures[:2])
    assert (work.kind.shape, work.pixels, work.piece) == ((64, 64, 3), 4096, 4096)


@pytest.fixture(scope="module")
def artist():
    return Artist(ArtModels("random"), most_seconds=math.inf)


@pytest.mark.slow
def test_what_no_idle_server_has_memory_for_is_refused_for_good(artist, noise, monkeypatch):
    task = artist.dream(WantedDream(size=64, octaves=1))
    assert task.plan([noise(64, 64)]).seconds > 0
    monkeypatch.setattr("pyimagesearch.system.memory.available", lambda: 1_000_000)
    with pytest.raises(ServiceError, match=r"of memory, but 1\.0 MB are free now; ask for a smaller size, or") as now:
        task.plan([noise(64, 64)])
    assert (now.value.status, now.value.code, now.value.headers) == (503, "out_of_memory", {"Retry-After": "10"})
    artist.measure_memory()
    with pytest.raises(ServiceError, match="which this server never has; ask for a smaller size") as never:
        task.plan([noise(64, 64)])
    assert (never.value.status, never.value.code) == (413, "too_much_work")


@pytest.mark.slow
def test_what_dreams_are_too_small_for_is_said_in_what_a_request_can_change(artist, noise):
    with pytest.raises(ServiceError, match="needs 16 a side; ask for fewer octaves or a larger size, or send"):
        artist.dream(WantedDream()).plan([noise(6, 8)])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("content is too small: 8x8", "cat.png is too small: 8x8"),
        ("style 2 is too small: 8x8", "the picture is too small: 8x8"),
        ("style 1 is too small: 8x8", "wave.png is too small: 8x8"),
        ("this needs a content", "this needs a content"),
    ],
)
def test_files_are_named_as_the_client_named_them(said, expected):
    with pytest.raises(ServiceError) as told, file_errors.naming(["cat.png", "wave.png", ""]):
        raise ServiceError(422, "bad_parameter", said)
    assert (str(told.value), told.value.code) == (expected, "bad_parameter")
