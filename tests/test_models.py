"""The networks: one harness for every preset's generator, the discriminators, and the layers of our own."""

import dataclasses
import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch import images
from pyimagesearch.models import build_discriminator, build_generator, compute_in
from pyimagesearch.models.blocks import BicubicUpsample, PixelShuffle
from pyimagesearch.presets import PRESETS, get_config

SCALES = (2, 3, 4, 8)


def small(preset: str, scale: int = 4):
    """The preset's architecture with few filters and blocks, and crops that every scale divides."""
    config = get_config(preset)
    return dataclasses.replace(
        config,
        filters=min(config.filters, 8),
        blocks=min(config.blocks, 2),
        upsample_filters=min(config.upsample_filters, 16),
        discriminator_filters=min(config.discriminator_filters, 4),
        scale=scale,
        crop=48,
    )


def pictures(batch: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (batch, height, width, 3)).astype("float32")


def spread(generator: keras.Model) -> keras.Model:
    """Give untrained weights an output that covers the whole range, so that a difference somewhere shows."""
    last = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.kernel.assign(last.kernel * 5.0)
    return generator


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("preset", PRESETS)
def test_a_generator_gives_finite_pictures_of_scale_times_any_size(preset, scale):
    generator = build_generator(small(preset, scale))
    for batch, height, width in ((1, 17, 23), (2, 16, 9)):
        sr = generator(pictures(batch, height, width))
        assert sr.shape == (batch, scale * height, scale * width, 3)
        assert sr.dtype == "float32"
        assert np.isfinite(sr.numpy()).all()
    assert generator.compute_output_shape((2, 17, 23, 3)) == (2, scale * 17, scale * 23, 3)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_variable_of_a_generator_has_a_gradient(preset):
    generator, lr = build_generator(small(preset)), pictures(2, 17, 23)
    # BatchNorm of a batch cancels the bias before it, so those gradients are zero in training mode only.
    for training in (True, False):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(generator(lr, training=training) - 90.0))
        for variable, gradient in zip(
            generator.trainable_variables, tape.gradient(loss, generator.trainable_variables), strict=True
        ):
            assert gradient is not None, variable.path
            assert np.isfinite(gradient.numpy()).all(), variable.path
            assert training or np.any(gradient.numpy() != 0), variable.path


@pytest.mark.parametrize("scale", [3, 4])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_saved_generator_gives_the_same_pictures(preset, scale, tmp_path):
    generator, lr = spread(build_generator(small(preset, scale))), pictures(1, 11, 14)
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(lr), generator(lr))


@pytest.mark.parametrize("preset", PRESETS)
def test_a_bfloat16_generator_computes_in_bfloat16_and_stays_close_to_float32(preset):
    config, lr = small(preset), pictures(1, 24, 24)
    exact = spread(build_generator(config))
    with compute_in("bfloat16"):
        mixed = build_generator(config)
    mixed.set_weights(exact.get_weights())
    convolutions = [layer for layer in mixed.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {"bfloat16"}
    assert {variable.dtype for variable in mixed.variables if "seed" not in variable.path} == {"float32"}
    a, b = exact(lr).numpy(), mixed(lr).numpy()
    assert b.dtype == np.float32
    assert a.std() > 20  # otherwise the next line would prove little
    assert np.sqrt(np.mean((a - b) ** 2)) < 1.0  # a level of 255; bfloat16 has 8 bits


def test_the_precision_of_a_block_of_code_ends_with_it():
    with compute_in("bfloat16"):
        assert keras.config.dtype_policy().compute_dtype == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"


@pytest.mark.parametrize("scale", SCALES)
def test_srresnet_is_bounded_by_tanh_to_the_range_of_pictures(scale):
    generator = build_generator(small("tutorial", scale))
    generator.layers[-3].kernel.assign(generator.layers[-3].kernel * 1e6)
    sr = generator(pictures(1, 9, 9)).numpy()
    assert (sr.min(), sr.max()) == (0.0, 255.0)


def test_srresnet_gives_middle_grey_for_a_trunk_that_says_nothing():
    generator = build_generator(small("tutorial"))
    generator.layers[-3].kernel.assign(tf.zeros_like(generator.layers[-3].kernel))
    np.testing.assert_array_equal(generator(pictures(1, 4, 4)), 127.5)


def test_srresnet_sees_pixels_between_zero_and_one():
    generator = build_generator(small("tutorial"))
    first = keras.Model(generator.input, generator.layers[1].output)
    np.testing.assert_allclose(first(np.float32([[[[0, 51, 255]]]])), [[[[0, 0.2, 1]]]], rtol=1e-6)


@pytest.mark.parametrize("scale", SCALES)
def test_light_adds_its_output_to_the_bicubic_picture(scale):
    generator, lr = build_generator(small("light", scale)), pictures(1, 17, 23)
    last = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    np.testing.assert_array_equal(generator(lr), BicubicUpsample(scale)(lr))


def test_light_starts_from_the_bicubic_picture():
    lr = pictures(1, 24, 24)
    difference = build_generator(get_config("light"))(lr) - BicubicUpsample(4)(lr)
    assert 0 < np.sqrt(np.mean(difference.numpy() ** 2)) < 20  # levels; at full size the last conv would add hundreds


# Sizes of layers, from the descriptions of the networks and not from the code.
def _conv(size: int, inputs: int, filters: int) -> int:
    return size * size * inputs * filters + filters


def _norm(channels: int) -> int:
    return 4 * channels  # scale, shift, and the two moving statistics


def _srresnet_parameters(first_upsampling: int, scale_stages: int) -> int:
    """16 blocks of 64; each upsampling conv has `first_upsampling` filters, a quarter of them after the shuffle."""
    block = _conv(3, 64, 64) + _norm(64) + 64 + _conv(3, 64, 64) + _norm(64)
    count = _conv(9, 3, 64) + 64 + 16 * block + _conv(3, 64, 64) + _norm(64)
    channels = 64
    for _ in range(scale_stages):
        count += _conv(3, channels, first_upsampling) + first_upsampling // 4
        channels = first_upsampling // 4
    return count + _conv(9, channels, 3)


@pytest.mark.parametrize(("preset", "upsampling"), [("tutorial", 128), ("paper", 256)])
def test_srresnet_has_as_many_parameters_as_its_source_describes(preset, upsampling):
    assert build_generator(get_config(preset)).count_params() == _srresnet_parameters(upsampling, scale_stages=2)


def _discriminator_parameters(head: int) -> int:
    body = _conv(3, 3, 64) + _conv(3, 64, 64) + _norm(64)
    for inputs, width in ((64, 128), (128, 256), (256, 512)):
        body += _conv(3, inputs, width) + _norm(width) + _conv(3, width, width) + _norm(width)
    return body + head


DISCRIMINATORS = {
    # 64 s1, 64 s1, then a strided and a plain conv of each width; pooled to 512 numbers and one Dense.
    "tutorial": ([(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)], 512 + 1),
    # Every second conv is strided: 96 pixels become 6, then Dense 1024 and Dense 1.
    "paper": (
        [(64, 1), (64, 2), (128, 1), (128, 2), (256, 1), (256, 2), (512, 1), (512, 2)],
        (6 * 6 * 512 + 1) * 1024 + 1024 + 1,
    ),
}


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_a_discriminator_has_the_layers_and_parameters_of_its_source(name):
    convolutions, head = DISCRIMINATORS[name]
    discriminator = build_discriminator(get_config(name))
    found = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(layer.filters, layer.strides[0]) for layer in found] == convolutions
    assert {layer.kernel_size for layer in found} == {(3, 3)}
    slopes = [layer.negative_slope for layer in discriminator.layers if isinstance(layer, keras.layers.LeakyReLU)]
    assert slopes == [0.2] * 9
    normed = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    assert len(normed) == 7  # none after the first conv
    assert discriminator.count_params() == _discriminator_parameters(head)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_discriminator_gives_one_float32_logit_a_picture(preset, precision):
    with compute_in(precision):
        discriminator = build_discriminator(small(preset))
    head = discriminator.layers[-1]
    assert head.activation is keras.activations.linear
    for sign in (-1e4, 1e4):  # a sigmoid would keep both between 0 and 1
        head.bias.assign([sign])
        logits = discriminator(pictures(3, 48, 48))
        assert logits.shape == (3, 1)
        assert logits.dtype == "float32"
        np.testing.assert_allclose(logits.numpy(), sign, rtol=0.1)


@pytest.mark.parametrize("preset", ["tutorial", "paper"])
def test_every_variable_of_a_discriminator_has_a_gradient(preset):
    discriminator = build_discriminator(small(preset))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.math.softplus(discriminator(pictures(2, 48, 48), training=False)))
    for variable, gradient in zip(
        discriminator.trainable_variables, tape.gradient(loss, discriminator.trainable_variables), strict=True
    ):
        assert np.any(gradient.numpy() != 0), variable.path


@pytest.mark.parametrize("preset", ["tutorial", "paper"])
def test_a_discriminator_sees_pixels_between_minus_one_and_one(preset):
    discriminator = build_discriminator(small(preset))
    scaled = keras.Model(discriminator.input, discriminator.layers[1].output)
    picture = np.tile(np.float32([0, 127.5, 255]), (1, 48, 48, 1))
    np.testing.assert_allclose(scaled(picture)[0, 0, 0], [-1, 0, 1], atol=1e-6)


def test_batch_statistics_are_synchronised_where_the_configuration_asks_for_it():
    for wanted in (True, False):
        config = dataclasses.replace(small("tutorial"), sync_batch_norm=wanted)
        for network in (build_generator(config), build_discriminator(config)):
            norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
            assert {layer.synchronized for layer in norms} == {wanted}


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_pixel_shuffle_equals_a_loop(factor):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, factor * factor * 2)).astype("float32")
    expected = np.empty((2, 3 * factor, 5 * factor, 2), "float32")
    for dy in range(factor):
        for dx in range(factor):
            channels = slice((dy * factor + dx) * 2, (dy * factor + dx) * 2 + 2)
            expected[:, dy::factor, dx::factor] = x[..., channels]
    np.testing.assert_array_equal(PixelShuffle(factor)(x), expected)


def _keys(x: float) -> float:
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0


def _bicubic_matrix(length: int, scale: int) -> np.ndarray:
    """(scale*length, length): each output sample as a mix of input samples; outside, the picture is mirrored."""
    matrix = np.zeros((scale * length, length))
    for out in range(scale * length):
        centre = (out + 0.5) / scale - 0.5
        for tap in range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3):
            inside = -1 - tap if tap < 0 else 2 * length - 1 - tap if tap >= length else tap
            matrix[out, inside] += _keys(centre - tap)
    return matrix


@pytest.mark.parametrize("size", [(2, 2), (17, 23)])
@pytest.mark.parametrize("scale", SCALES)
def test_bicubic_upsample_is_the_bicubic_of_the_scores_up_to_the_borders(scale, size, noise):
    lr = noise(*size)
    found = BicubicUpsample(scale)(lr[None].astype("float32")).numpy()[0]
    rows, columns = (_bicubic_matrix(side, scale) for side in size)
    np.testing.assert_allclose(found, np.einsum("yh,xw,hwc->yxc", rows, columns, lr.astype(float)), atol=2e-3)
    # images.upscale_bicubic rounds the same numbers.
    reference = images.upscale_bicubic(lr, scale).astype(float)
    assert np.abs(np.clip(found, 0, 255) - reference).max() <= 0.5 + 2e-3


ON_ANOTHER_BACKEND = """
import dataclasses, numpy as np
from pyimagesearch.models import build_discriminator, build_generator
from pyimagesearch.presets import PRESETS
for preset in PRESETS.values():
    config = dataclasses.replace(
        preset.config, filters=8, blocks=1, upsample_filters=16, discriminator_filters=4, crop=32)
    sr = build_generator(config)(np.full((1, 17, 23, 3), 100.0, "float32"))
    assert tuple(sr.shape) == (1, 68, 92, 3), sr.shape
    assert tuple(build_discriminator(config)(np.zeros((2, 32, 32, 3), "float32")).shape) == (2, 1)
import keras, sys
assert keras.backend.backend() != "tensorflow" and "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_networks_build_on_another_keras_backend(backend):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    environment = {**os.environ, "KERAS_BACKEND": backend}
    ended = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND], env=environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
