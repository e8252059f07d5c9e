"""The one promise: a uint8 picture of any size in, the same picture `scale` times larger out."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.images import resize
from pyimagesearch.inference import tiles, upscaler
from pyimagesearch.inference.mixture import Mixture, load_models
from pyimagesearch.inference.upscaler import BicubicUpscaler, Upscaler, load_upscaler
from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config
from pyimagesearch.training.monitor import FEW_SHAPES


@pytest.fixture(scope="module", params=["light", "srresnet"])
def model(request, save_generator) -> keras.Model:
    return save_generator(request.param, 4)[1]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (50, 1), (2, 3), (15, 16), (17, 23), (33, 20)])
def test_any_size_of_picture_becomes_scale_times_larger(model, size, noise):
    for upscale in (Upscaler(model, 4), BicubicUpscaler(4)):
        sr = upscale(noise(*size))
        assert sr.shape == (4 * size[0], 4 * size[1], 3)
        assert sr.dtype == np.uint8


@pytest.mark.parametrize(
    ("lr", "received"),
    [
        (np.zeros((8, 9, 3), np.float32), "received float32 of shape (8, 9, 3)"),
        (np.zeros((8, 9), np.int32), "received int32 of shape (8, 9)"),
        (np.zeros((8, 9, 3), bool), "received bool of shape (8, 9, 3)"),
        (np.zeros((1, 8, 9, 3), np.uint8), "received uint8 of shape (1, 8, 9, 3)"),
        (np.zeros((8, 9, 5), np.uint8), "received uint8 of shape (8, 9, 5)"),
        (np.zeros((8, 9, 0), np.uint8), "received uint8 of shape (8, 9, 0)"),
        (np.zeros((0, 9, 3), np.uint16), "received uint16 of shape (0, 9, 3)"),
        (np.zeros(8, np.uint8), "received uint8 of shape (8,)"),
        ([[1, 2], [3, 4]], "received list"),
    ],
)
def test_an_array_that_is_no_picture_is_refused_and_named(save_generator, lr, received):
    for upscale in (Upscaler(save_generator("light", 4)[1], 4), BicubicUpscaler(4)):
        with pytest.raises(InputError) as refused:
            upscale(lr)
        assert str(refused.value).endswith(received)


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
def test_tiles_join_without_a_seam(model, size, noise):
    lr = noise(*size)
    whole = Upscaler(model, 4)(lr).astype(int)
    assert whole.std() > 15  # otherwise equal tiles would prove little
    tiled = Upscaler(model, 4, tile=50)(lr).astype(int)  # the last tiles are of 1 pixel
    assert np.abs(tiled - whole).max() <= 1


def test_a_large_picture_really_is_cut_into_tiles(model, noise, monkeypatch):
    cut = Upscaler(model, 4, tile=50)
    seen = []
    forward = cut.forward
    monkeypatch.setattr(cut, "forward", lambda x: seen.append(x.shape[1:3]) or forward(x))
    cut(noise(120, 60))
    assert len(seen) == 6
    assert max(max(shape) for shape in seen) <= 50 + 2 * cut.context


@pytest.mark.parametrize(
    ("preset", "blocks", "scale"), [("tutorial", 16, 2), ("tutorial", 16, 4), ("light", 8, 2), ("tutorial", 30, 4)]
)
def test_no_generator_looks_farther_than_the_context_of_a_tile(preset, blocks, scale):
    sizes = {"network.filters": 2, "network.blocks": blocks, "network.scale": scale}
    if preset == "tutorial":
        sizes["network.upsample_filters"] = 4
    config = get_config(preset).with_values(sizes)
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


@pytest.mark.parametrize("band", [1, 23 * 4, 1 << 18])
def test_bicubic_is_the_baseline_of_the_scores_in_bands_too(band, noise, monkeypatch):
    monkeypatch.setattr(upscaler, "BAND", band)
    lr, done = noise(17, 23), []
    np.testing.assert_array_equal(BicubicUpscaler(3)(lr, done.append), resize.upscale_bicubic(lr, 3))
    assert sum(done) == 17 * 23


def test_few_shapes_reach_the_network_and_change_the_far_border_alone(noise):
    """A TPU compiles a program for each shape."""
    seen = set()
    inputs = keras.Input((None, None, 3))
    blur = keras.Model(inputs, keras.layers.AveragePooling2D(3, strides=1, padding="same")(inputs))
    upscale = Upscaler(blur, 1, **FEW_SHAPES)
    forward = upscale.forward
    upscale.forward = lambda lr: seen.add(lr.shape[1:3]) or forward(lr)
    rng = np.random.default_rng(0)
    for _ in range(20):
        lr = noise(*rng.integers(1, 600, 2))
        found, expected = upscale(lr), Upscaler(blur, 1)(lr)
        assert found.shape == lr.shape
        np.testing.assert_array_equal(found[:-1, :-1], expected[:-1, :-1])
    assert len(seen) <= 9
    assert {side % 160 for shape in seen for side in shape} == {0}


KINDS = [((), np.uint8), ((2,), np.uint8), ((4,), np.uint8), ((), np.uint16), ((2,), np.uint16), ((3,), np.uint16)]


def smooth(height, width, channels, kind):
    """A picture of gentle waves that fills most of the range."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / (3 + c)) * np.cos(y / (4 - c)) for c in range(*(channels or (1,)))]
    samples = (np.stack(waves, axis=2) * 0.45 + 0.5) * np.iinfo(kind).max
    return samples.astype(kind).reshape(height, width, *channels)


@pytest.mark.parametrize(("channels", "kind"), [*KINDS, ((4,), np.uint16)])
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (17, 23)])
def test_a_picture_keeps_its_kind(model, channels, kind, size):
    for upscale in (Upscaler(model, 4), BicubicUpscaler(4)):
        sr = upscale(smooth(*size, channels, kind))
        assert sr.shape == (4 * size[0], 4 * size[1], *channels)
        assert sr.dtype == kind


def test_grey_is_what_the_network_makes_of_equal_channels(model):
    grey = smooth(20, 30, (), np.uint8)
    as_rgb = Upscaler(model, 4)(np.repeat(grey[:, :, None], 3, axis=2)).astype(float).mean(axis=2)
    np.testing.assert_allclose(Upscaler(model, 4)(grey), as_rgb, atol=1)


def test_16_bits_carry_what_8_bits_cannot(model):
    """The network is the same for both; 16 bits are finer than 8, not stretched 8."""
    deep = smooth(20, 30, (3,), np.uint16)
    found = Upscaler(model, 4)(deep)
    exact = np.clip(model(deep[None].astype("float32") / 257).numpy()[0], 0, 255) * 257
    assert np.abs(found - exact).max() <= 3  # float32 has 24 bits, over several layers
    assert len(np.unique(found)) > 256


@pytest.mark.parametrize(("channels", "kind"), KINDS)
def test_tiles_of_every_kind_join_without_a_seam(model, channels, kind):
    lr = smooth(101, 75, channels, kind)
    whole = Upscaler(model, 4, tile=200)(lr).astype(int)
    tiled = Upscaler(model, 4, tile=50)(lr).astype(int)
    assert np.abs(tiled - whole).max() <= (1 if kind == np.uint8 else 3)


@pytest.mark.parametrize("make", [lambda model: Upscaler(model, 4), lambda _: BicubicUpscaler(4)])
def test_colours_of_invisible_pixels_do_not_bleed(model, make):
    """A grey disc on transparent black, as drawing programs save it, gets no dark rim."""
    y, x = np.mgrid[:40, :40]
    alpha = np.where((y - 20) ** 2 + (x - 20) ** 2 < 150, 255, 0).astype(np.uint8)
    rgba = np.dstack([*[np.where(alpha, 180, 0).astype(np.uint8)] * 3, alpha])
    sr = make(model)(rgba)
    plain = make(model)(np.full((40, 40, 3), 180, np.uint8))
    np.testing.assert_array_equal(sr[:, :, :3], plain)
    np.testing.assert_array_equal(sr[:, :, 3], resize.upscale_bicubic(alpha[:, :, None], 4)[:, :, 0])
    assert {0, 255} < set(np.unique(sr[:, :, 3]))


def test_out_of_memory_halves_the_tile_and_goes_on(model, noise, monkeypatch):
    lr = noise(300, 90)
    expected = Upscaler(model, 4)(lr).astype(int)
    upscale = Upscaler(model, 4, tile=300)
    forward, seen = upscale.forward, []

    def short_of_memory(x):
        seen.append(max(x.shape[1:3]))
        if x.shape[1] > 40 + 2 * upscale.context or x.shape[2] > 40 + 2 * upscale.context:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return forward(x)

    monkeypatch.setattr(upscale, "forward", short_of_memory)
    done = []
    assert np.abs(upscale(lr, done.append) - expected).max() <= 1
    assert upscale.tile == 37
    assert sum(done) == 300 * 90
    assert sum(side > 40 + 2 * upscale.context for side in seen) == 3  # not tried again for every tile


def test_out_of_memory_with_the_smallest_tile_is_an_error(model, noise, monkeypatch):
    upscale = Upscaler(model, 4)

    def no_memory(_):
        raise MemoryError

    monkeypatch.setattr(upscale, "forward", no_memory)
    with pytest.raises(MemoryError):
        upscale(noise(90, 90))


def test_an_automatic_tile_follows_the_free_memory(model, monkeypatch):
    upscale = Upscaler(model, 4)
    sides = []
    for free in (10**12, 10**8, 10**3):
        monkeypatch.setattr(tiles.memory, "available", lambda free=free: free)
        upscale.fit_tile()
        sides.append(upscale.tile)
    assert (sides[0] + 2 * upscale.context) ** 2 * tiles.bytes_per_pixel(model) <= tiles.TILE_MEMORY
    assert sides[0] > sides[1] >= sides[2] == tiles.LEAST_TILE


def test_another_mix_needs_no_other_program(models, mixed_by_hand, noise):
    lr = noise(20, 30)
    mixture = Mixture([tuple(models)])
    for part in (0.0, 0.3, 1.0, 0.8, 0.3):
        np.testing.assert_array_equal(mixture.at(crisp=part)(lr), mixed_by_hand(part)(lr))
    assert len(mixture.at(crisp=0.5).programs) == 1


def test_the_crisp_end_alone_is_no_mix():
    with pytest.raises(InputError, match="name it by `model`"):
        load_models(None, "light-gan")


def test_a_grid_of_four_is_mixed_in_both_directions(models, noise):
    lr = noise(12, 12)
    mixture = Mixture([(models[0], models[0]), (models[1], models[1])])
    for clean in (0.0, 0.4, 1.0):
        expected = Mixture([tuple(models)]).at(crisp=clean)(lr)
        for crisp in (0.0, 0.7):
            np.testing.assert_allclose(mixture.at(clean=clean, crisp=crisp)(lr).astype(int), expected, atol=1)
