"""Scales below the network's own, and sizes beyond it."""

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import pyimagesearch
from pyimagesearch.cli.main import main
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io, resize
from pyimagesearch.inference.mixture import Mixture
from pyimagesearch.inference.sizes import resized
from pyimagesearch.inference.upscaler import BicubicUpscaler, Upscaler


@pytest.fixture(scope="module", params=["light", "srresnet"])
def upscaler(request, save_generator) -> Upscaler:
    return Upscaler(save_generator(request.param, 4)[1], 4)


@pytest.mark.parametrize("scale", [1, 2, 3])
def test_a_smaller_scale_is_the_networks_picture_by_antialiased_bicubic(save_generator, noise, scale):
    network, lr = save_generator("light", 4)[1], noise(40, 60)
    found = Upscaler(network, 4).at_scale(scale)(lr)
    whole = tf.clip_by_value(network(lr[None].astype(np.float32)), 0, 255)
    expected = tf.image.resize(whole, (40 * scale, 60 * scale), "bicubic", antialias=True)[0]
    inside = slice(2 * scale, -2 * scale)  # at the border TensorFlow leaves out what lies outside
    difference = np.abs(found.astype(np.float32) - np.clip(expected, 0, 255))[inside, inside]
    assert found.shape == (40 * scale, 60 * scale, 3)
    assert difference.max() < 0.51  # rounded once


@pytest.mark.parametrize("scale", [1, 2, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (17, 23), (101, 75)])
def test_any_size_and_any_tiles(upscaler, noise, scale, size):
    smaller, lr = upscaler.at_scale(scale), noise(*size)
    smaller.tile = 384
    whole = smaller(lr)
    assert whole.shape == (size[0] * scale, size[1] * scale, 3)
    smaller.tile = 32
    assert np.abs(smaller(lr).astype(int) - whole).max() <= 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [(), (2,), (4,)])
def test_cleaning_alone_keeps_the_kind_of_picture_and_its_alpha(upscaler, kind, channels):
    lr = np.random.default_rng(0).integers(1, np.iinfo(kind).max, (20, 30, *channels)).astype(kind)
    for clean in (upscaler.at_scale(1), BicubicUpscaler(4).at_scale(1)):
        made = clean(lr)
        assert (made.dtype, made.shape) == (lr.dtype, lr.shape)
        if channels:
            np.testing.assert_array_equal(made[:, :, -1], lr[:, :, -1])
    np.testing.assert_array_equal(made, lr)  # bicubic has nothing to clean


def test_a_scale_follows_the_sliders(models, mixed_by_hand, noise):
    mixture = Mixture([tuple(models)])
    half = mixture.at(crisp=0.3).at_scale(2)
    np.testing.assert_array_equal(half(noise(20, 30)), mixed_by_hand(0.3).at_scale(2)(noise(20, 30)))
    assert mixture.at(crisp=1.0).at_scale(2) is half  # no second program for each position
    np.testing.assert_array_equal(half(noise(20, 30)), mixed_by_hand(1.0).at_scale(2)(noise(20, 30)))


def test_a_network_of_another_scale_has_its_own_scales(save_generator, noise):
    eight = pyimagesearch.load_upscaler(str(save_generator("light", 8)[0]))
    assert eight.at_scale(8) is eight
    assert eight.at_scale(5)(noise(20, 30)).shape == (100, 150, 3)
    two = pyimagesearch.load_upscaler(str(save_generator("light", 2)[0]))
    with pytest.raises(InputError, match=r"1 to 2, which this model makes, received 3; `size` takes any other"):
        two.at_scale(3)


@pytest.mark.parametrize("scale", [0, -1, 5, 1.5, "2", None])
def test_what_is_no_scale_is_refused(upscaler, scale):
    for each in (upscaler, BicubicUpscaler(4)):
        with pytest.raises(InputError, match=f"`scale` must be a whole number from 1 to 4.*received {scale}"):
            each.at_scale(scale)


@pytest.mark.parametrize("scale", [1, 3])
def test_the_command_and_python_take_a_scale(srgan, photos, tmp_path, save_generator, scale):
    code, out, err = srgan(photos / "a.png", "-o", tmp_path / "big.png", "--scale", scale)
    assert (code, err) == (0, [])
    assert f"12x9 to {12 * scale}x{9 * scale}" in out
    model = str(save_generator("light", 4)[0])
    pyimagesearch.upscale_file(photos / "a.png", tmp_path / "python.png", model=model, scale=scale)
    pyimagesearch.upscale_folder(photos, tmp_path / "folder", model=model, scale=scale)
    expected = pyimagesearch.load_upscaler(model).at_scale(scale)(picture_io.read_rgb(photos / "a.png"))
    for path in ("big.png", "python.png", "folder/a.png"):
        np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / path), expected)


@pytest.fixture
def smooth(tmp_path):
    """The path of a picture of 12x9 without extremes, which overshoot and are clipped."""
    corners = np.random.default_rng(0).integers(80, 170, (3, 4, 3)).astype(np.uint8)
    Image.fromarray(resize.resize_bicubic(corners, 9, 12)).save(tmp_path / "smooth.png")
    return tmp_path / "smooth.png"


def test_a_size_that_is_a_scale_gives_the_same_picture(srgan, smooth, tmp_path):
    assert srgan(smooth, "-o", tmp_path / "scale.png", "--scale", 2)[0] == 0
    assert srgan(smooth, "-o", tmp_path / "size.png", "--size", "24x")[0] == 0
    first, second = (picture_io.read_rgb(tmp_path / f"{name}.png").astype(int) for name in ("scale", "size"))
    inside = slice(2, -2)  # small pictures are mirrored outwards, larger ones repeat their border
    assert np.abs(first - second)[inside, inside].max() <= 2  # rounded once, and three times


@pytest.mark.parametrize(("size", "expected"), [("40x20", (40, 20)), ("24x", (24, 18)), ("x12", (16, 12))])
def test_a_size_is_the_result_downscaled(srgan, smooth, tmp_path, size, expected):
    assert made_with_size(srgan, smooth, tmp_path, size, expected)


@pytest.mark.parametrize(("size", "expected"), [("96x", (96, 72)), ("20x90", (20, 90))])
def test_a_size_beyond_the_models_is_reached_by_bicubic(srgan, smooth, tmp_path, size, expected):
    assert made_with_size(srgan, smooth, tmp_path, size, expected)


def made_with_size(srgan, picture, tmp_path, size, expected):
    """Whether the picture that --size makes is the one without it, brought to the expected width and height."""
    assert srgan(picture, "-o", tmp_path / "full.png")[0] == 0
    assert srgan(picture, "-o", tmp_path / "sized.png", "--size", size)[0] == 0
    whole = resize.resize_bicubic(picture_io.read_rgb(tmp_path / "full.png"), *expected[::-1])
    sized = picture_io.read_rgb(tmp_path / "sized.png")
    assert sized.shape == whole.shape
    return np.abs(sized.astype(int) - whole).max() <= 1


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--scale", "5"], "--scale must be a whole number from 1 to 4, which this model makes, received 5; --size"),
        (["--scale", "0"], "--scale must be a whole number from 1 to 4, which this model makes, received 0"),
        (["--scale", "2", "--size", "30x"], "--scale and --size both say how large a result is; give one of them"),
        (["--scale", "two"], "--scale: invalid int value: 'two'"),
    ],
)
def test_a_wrong_scale_is_refused_before_anything_is_done(photos, tmp_path, capsys, flags, reason):
    assert main(["upscale", str(photos), "-o", str(tmp_path / "big"), "--model", "bicubic", *flags]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert reason in line
    assert not (tmp_path / "big").exists()


@pytest.mark.parametrize(("channels", "kind"), [((), np.uint8), ((4,), np.uint16)])
@pytest.mark.parametrize("sides", [(50, 70), (200, 70), (150, 400)])
def test_resizing_in_strips_is_seamless(channels, kind, sides):
    third = np.iinfo(kind).max // 3  # no overshoot to clip between the two passes
    samples = np.random.default_rng(0).integers(third, 2 * third, (150, 170, *channels)).astype(kind)
    expected = resize.resize_bicubic(samples.reshape(150, 170, -1), *sides)
    found = resized(samples, *sides).reshape(expected.shape)
    assert np.abs(found.astype(int) - expected).max() <= 1  # an upscale of both sides at once rounds once
