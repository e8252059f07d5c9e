"""One step of a dream against NumPy, a whole dream against another implementation, and the seams of tiles."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.signal import correlate2d

from pyimagesearch.art import tiling
from pyimagesearch.art.ascent import Ascent
from pyimagesearch.art.deep_dream import DeepDreamer
from pyimagesearch.art.objectives import guided_by, mean_activation
from pyimagesearch.art.pictures import rgb16
from pyimagesearch.errors import RunError
from pyimagesearch.models import build_vgg
from pyimagesearch.models.inception import build_inception
from pyimagesearch.models.pretrained import load_without_top

MEANS = np.array([103.939, 116.779, 123.68])  # of ImageNet, BGR


@pytest.fixture(scope="module")
def inception() -> keras.Model:
    return build_inception(["mixed3"], "random")


def quiet(_):
    pass


def values(rgb):
    """uint16 RGB as the values in [-1, 1] that it stands for."""
    return rgb.astype(np.float64) / 32767.5 - 1


def conv(x, kernel):
    """(h, w, c) with (3, 3, c, d), zeros around: (h, w, d)."""
    planes = [
        [correlate2d(x[:, :, c], kernel[:, :, c, d], "same") for c in range(x.shape[2])] for d in range(kernel.shape[3])
    ]
    return np.stack([sum(row) for row in planes], axis=2)


def conv_back(gradient, kernel):
    """The gradient by the input of `conv`: a convolution with the kernel turned round."""
    return conv(gradient, kernel[::-1, ::-1].transpose(0, 1, 3, 2))


def test_a_step_equals_one_in_numpy(noise):
    layers = ["block1_conv1", "block1_conv2"]
    vgg = build_vgg(layers, "random")
    first, second = (vgg.get_layer(name).kernel.numpy().astype(np.float64) for name in layers)
    start = rgb16(noise(9, 11))
    x = values(start)
    one = np.maximum(conv(((x + 1) * 127.5)[:, :, ::-1] - MEANS, first), 0)
    two = np.maximum(conv(one, second), 0)
    by_one = 1 / one.size + conv_back((two > 0) / two.size, second)
    gradient = conv_back(by_one * (one > 0), first)[:, :, ::-1] * 127.5
    expected = np.clip(x + 0.01 * gradient / (gradient.std() + 1e-8), -1, 1)

    found = start.copy()
    Ascent(vgg, mean_activation, 512).step(found, 0.01, np.random.default_rng(0), quiet)
    np.testing.assert_allclose(values(found), expected, atol=1.5 / 32767.5)  # rounded to 16 bits
    assert np.abs(values(found) - x).max() > 0.02


@pytest.mark.slow
def test_a_dream_in_one_octave_equals_the_source_written_anew(noise):
    picture = noise(80, 90)
    base = load_without_top(keras.applications.InceptionV3, "InceptionV3", "random", "`weights`")
    dreaming = keras.Model(base.input, [base.get_layer(name).output for name in ("mixed3", "mixed5")])
    x = tf.convert_to_tensor(keras.applications.inception_v3.preprocess_input(picture.astype("float32")))
    for _ in range(3):
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = sum(tf.reduce_mean(each) for each in dreaming(x[None], training=False))
        gradient = tape.gradient(loss, x)
        gradient /= tf.math.reduce_std(gradient) + 1e-8
        x = tf.clip_by_value(x + gradient * 0.01, -1, 1)
    expected = np.rint((x.numpy() + 1) * 127.5)

    found = DeepDreamer(octave_powers=(0,), weights="random").dream(picture, steps=3)
    differences = np.abs(found - expected)
    assert (differences <= 1).mean() > 0.999  # a ReLU or a maximum that a rounding turns may change a few
    assert differences.mean() < 0.05
    assert np.abs(found.astype(int) - picture).mean() > 1.5


def test_the_likeness_to_a_guide_equals_numpys(noise):
    layers = ["block2_conv1", "block3_conv1"]
    vgg = build_vgg(layers, "random")
    guide = noise(20, 24, 5)
    objective = guided_by(guide, vgg, 512)
    features = vgg(noise(16, 16)[None].astype("float32"))
    own = vgg(guide[None].astype("float32"))
    expected = 0.0
    for name in layers:
        here, there = (each[name].numpy().reshape(-1, each[name].shape[-1]) for each in (features, own))
        expected += (here @ there.T).max(axis=1).mean() / here.shape[1]
    assert float(objective(features)) == pytest.approx(expected, rel=1e-4)


class Unmoved:
    """Draws that leave the cuts where they are at each step."""

    def uniform(self, *_):
        return 0.0


def _across_and_within(inception, monkeypatch, rng, steps=6):
    """How different neighbouring columns come out in the mean and at most: across the cuts, and elsewhere."""
    cuts = set()

    def seen_tiles(*args):
        found = tiling.tiles(*args)
        cuts.update(core[1].start for core, _ in found)
        return found

    monkeypatch.setattr("pyimagesearch.art.ascent.tiles", seen_tiles)
    start = np.full((140, 420, 3), 1 << 15, np.uint16)
    start += np.random.default_rng(0).integers(0, 6000, start.shape).astype(np.uint16)
    rgb = start.copy()
    ascent = Ascent(inception, mean_activation, 160)
    for _ in range(steps):
        ascent.step(rgb, 0.01, rng, quiet)
    change = np.abs(np.diff(values(rgb) - values(start), axis=1)).mean(axis=(0, 2))
    at = np.array(sorted(cuts - {0})) - 1
    elsewhere = np.setdiff1d(np.arange(len(change)), at)
    return [f(change[where]) for f in (np.mean, np.max) for where in (at, elsewhere)]


def test_no_seam_shows_between_tiles(inception, monkeypatch):
    mean_across, mean_within, most_across, most_within = _across_and_within(
        inception, monkeypatch, np.random.default_rng(1)
    )
    assert mean_across == pytest.approx(mean_within, rel=0.1)
    assert most_across <= 1.1 * most_within


def test_the_test_of_seams_sees_those_of_tiles_without_margin_that_stay_in_place(inception, monkeypatch):
    monkeypatch.setattr(tiling, "MARGIN", 0)
    mean_across, mean_within, _, _ = _across_and_within(inception, monkeypatch, Unmoved(), steps=2)
    assert mean_across < 0.5 * mean_within  # where the network sees no further, nothing is dreamt


def test_tiles_of_a_network_that_sees_less_than_the_margin_give_the_whole_pictures_step(noise):
    start = rgb16(noise(150, 260))
    vgg = build_vgg(["block1_conv2"], "random")
    whole, cut = start.copy(), start.copy()
    Ascent(vgg, mean_activation, 512).step(whole, 0.01, np.random.default_rng(0), quiet)
    Ascent(vgg, mean_activation, 128).step(cut, 0.01, np.random.default_rng(0), quiet)
    np.testing.assert_allclose(values(cut), values(whole), atol=2e-4)


def test_a_gradient_that_is_not_finite_ends_the_dream(noise):
    vgg = build_vgg(["block1_conv1"], "random")
    vgg.get_layer("block1_conv1").kernel.assign(np.full((3, 3, 3, 64), np.nan))
    with pytest.raises(RunError, match="the gradient of the dream is not finite"):
        Ascent(vgg, mean_activation, 512).step(rgb16(noise(8, 8)), 0.01, np.random.default_rng(0), quiet)
