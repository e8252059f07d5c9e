"""The one promise: a uint8 picture of any size in, the same picture `scale` times larger out."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch import images, upscaler
from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config
from pyimagesearch.upscaler import BicubicUpscaler, Upscaler, load_upscaler


@pytest.fixture(scope="module", params=["light", "srresnet"])
def model(request, save_generator) -> keras.Model:
    return save_generator(request.param, 4)[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (50, 1), (2, 3), (15, 16), (17, 23), (33, 20)])
def test_any_size_of_picture_becomes_scale_times_larger(model, size, noise):
    for upscale in (Upscaler(model, 4), BicubicUpscaler(4)):
        sr = upscale(noise(*size))
        assert sr.shape == (4 * size[0], 4 * size[1], 3)
        assert sr.dtype == np.uint8


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_every_scale_keeps_the_promise(save_generator, scale, noise):
    path, _ = save_generator("light", scale)
    upscale = load_upscaler(str(path))
    assert upscale.scale == scale
    assert upscale(noise(17, 23)).shape == (scale * 17, scale * 23, 3)


def test_the_output_is_the_models_rounded_and_clipped(model, noise):
    lr = noise(17, 23)
    out = model(lr[None].astype("float32")).numpy()[0]
    expected = np.rint(np.clip(out, 0, 255))
    found = Upscaler(model, 4)(lr).astype(float)
    assert (found == expected).mean() > 0.999  # a compiled graph may round one half the other way
    assert np.abs(found - expected).max() <= 1


def test_values_outside_the_range_do_not_wrap_around(noise):
    inputs = keras.Input((None, None, 3))
    outside = keras.Model(inputs, keras.layers.Rescaling(3.0, offset=-255.0)(inputs))
    lr = noise(20, 20)
    expected = np.clip(lr.astype(int) * 3 - 255, 0, 255)
    np.testing.assert_array_equal(Upscaler(outside, 1)(lr), expected)


def test_the_picture_that_comes_in_is_left_alone(model, noise):
    lr = noise(9, 30)
    before = lr.copy()
    Upscaler(model, 4)(lr)
    np.testing.assert_array_equal(lr, before)


def test_a_tiny_picture_is_mirrored_out_so_that_no_dark_border_enters(save_generator):
    # A picture of one colour stays one colour, whatever its size, where zeros around it would darken it.
    path, _ = save_generator("light", 4)
    upscale = load_upscaler(str(path))
    corner = upscale(np.full((16, 16, 3), 200, np.uint8))[:4, :4]
    np.testing.assert_array_equal(upscale(np.full((1, 1, 3), 200, np.uint8)), corner)


@pytest.mark.parametrize("size", [(101, 150), (120, 51)])
def test_tiles_join_without_a_seam(model, size, noise, monkeypatch):
    lr = noise(*size)
    whole = Upscaler(model, 4)(lr).astype(int)
    assert whole.std() > 15  # otherwise equal tiles would prove little
    monkeypatch.setattr(upscaler, "TILE", 50)  # its context stays the real one; the last tiles are of 1 pixel
    tiled = Upscaler(model, 4)(lr).astype(int)
    assert np.abs(tiled - whole).max() <= 1


def test_a_large_picture_really_is_cut_into_tiles(model, noise, monkeypatch):
    monkeypatch.setattr(upscaler, "TILE", 50)
    cut = Upscaler(model, 4)
    seen = []
    forward = cut._forward
    monkeypatch.setattr(cut, "_forward", lambda x: seen.append(x.shape[1:3]) or forward(x))
    cut(noise(120, 60))
    assert len(seen) == 6
    assert max(max(shape) for shape in seen) <= 50 + 2 * cut.context


@pytest.mark.parametrize(
    ("preset", "blocks", "scale"), [("tutorial", 16, 2), ("tutorial", 16, 4), ("light", 8, 2), ("tutorial", 30, 4)]
)
def test_no_generator_looks_farther_than_the_context_of_a_tile(preset, blocks, scale):
    config = dataclasses.replace(get_config(preset), filters=2, upsample_filters=4, blocks=blocks, scale=scale)
    model = build_generator(config)
    for variable in model.trainable_variables:
        if variable.name == "kernel":  # each conv moves the picture both ways, so that the farthest pixel counts
            corners = np.zeros(variable.shape)
            corners[0, 0] = corners[-1, -1] = 1 / variable.shape[2]
            variable.assign(corners)
    context = Upscaler(model, scale).context
    middle = context + 4
    # Above zero for the PReLUs, and far below where tanh is flat; light has neither.
    lr = tf.fill([1, 2 * middle + 1, 2 * middle + 1, 3], 255.0 if preset == "light" else 1e-28)
    with tf.GradientTape() as tape:
        tape.watch(lr)
        pixel = model(lr)[:, scale * middle : scale * (middle + 1), scale * middle : scale * (middle + 1)]
        value = tf.reduce_sum(pixel)
    distance = np.abs(np.argwhere(tape.gradient(value, lr).numpy()[0].any(axis=-1)) - middle).max()
    assert 2 * blocks < distance <= context  # two convs a block


def test_bicubic_is_the_baseline_of_the_scores(noise):
    lr = noise(17, 23)
    np.testing.assert_array_equal(BicubicUpscaler(3)(lr), images.upscale_bicubic(lr, 3))


def test_few_shapes_reach_the_network_and_change_the_far_border_alone(noise):
    """A TPU compiles a program for each shape."""
    seen = set()
    inputs = keras.Input((None, None, 3))
    blur = keras.Model(inputs, keras.layers.AveragePooling2D(3, strides=1, padding="same")(inputs))
    upscale = Upscaler(blur, 1, multiple=160)
    forward = upscale._forward
    upscale._forward = lambda lr: seen.add(lr.shape[1:3]) or forward(lr)
    rng = np.random.default_rng(0)
    for _ in range(20):
        lr = noise(*rng.integers(1, 600, 2))
        found, expected = upscale(lr), Upscaler(blur, 1)(lr)
        assert found.shape == lr.shape
        np.testing.assert_array_equal(found[:-1, :-1], expected[:-1, :-1])
    assert len(seen) <= 9
    assert {side % 160 for shape in seen for side in shape} == {0}
