"""The cost of a picture follows the pixels that the network sees, and so does the server's limit."""

import numpy as np
import pytest
from helpers.server_process import MOST_PIXELS, code, png

from pyimagesearch.inference.upscaler import Upscaler, load_upscaler
from pyimagesearch.serving.limits import Limits


@pytest.mark.parametrize("size", [(1, 300), (64, 64), (90, 200), (33, 31)])
def test_what_the_network_sees_is_counted_to_the_pixel(model, monkeypatch, size):
    upscaler, seen = load_upscaler(model), []
    forward = Upscaler.forward
    monkeypatch.setattr(Upscaler, "forward", lambda self, lr: seen.append(lr.shape[1:3]) or forward(self, lr))
    upscaler.tile = 64
    upscaler(np.zeros((*size, 3), np.uint8))
    assert upscaler.seen_pixels(*size) == sum(height * width for height, width in seen)


def test_a_picture_that_is_too_narrow_for_its_pixels_is_refused(client):
    answer = client.post("/v1/upscale", files={"image": ("thin.png", png(np.zeros((1, MOST_PIXELS, 3), np.uint8)))})
    assert (answer.status_code, code(answer)) == (413, "too_many_pixels")
    assert "thin.png: the picture of 500000x1 is so narrow that the network has to see" in answer.text


def test_no_square_picture_within_the_limit_is_too_narrow(model):
    upscaler = load_upscaler(model)
    for side in (16, 512, 700, 1100, 2000):
        assert upscaler.seen_pixels(side, side, 512) <= Limits(pixels=side * side).seen_pixels
