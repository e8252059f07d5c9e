"""Dreams and styles over HTTP, as far as that needs no network: what is refused, and what stays within bounds."""

import numpy as np
import pytest
from helpers.server_process import code, png

from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.serving.art_options import SIDES, WantedStyle


@pytest.mark.parametrize("path", ["dream", "style"])
def test_a_server_without_art_says_so_and_offers_none(bicubic_server, path, noise):
    with bicubic_server.client() as client:
        assert client.get("/healthz").json()["art"] == []
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
