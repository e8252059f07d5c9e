"""The networks: one harness for every preset's generator and discriminator, and what is particular to each."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import keras
import numpy as np
import pytest
import tensorflow as tf
from helpers.small_networks import pictures, small

from pyimagesearch.config_groups import SCALES
from pyimagesearch.errors import InputError
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.models import DISCRIMINATORS, GENERATORS, build_discriminator, build_generator, compute_in
from pyimagesearch.models.blocks import BicubicUpsample
from pyimagesearch.presets import PRESETS, get_config

# The first preset of each generator: `small` makes the others of the same kind equal to it.
KINDS = [*{PRESETS[name].config.network.name: name for name in reversed(PRESETS)}.values()]


def test_every_network_is_that_of_a_preset():
    """So that whatever goes through all presets goes through all networks."""
    assert {preset.config.network.name for preset in PRESETS.values()} == set(GENERATORS)
    assert {preset.config.discriminator.name for preset in PRESETS.values()} == set(DISCRIMINATORS)


def spread(generator: keras.Model) -> keras.Model:
    """Give untrained weights an output that covers the whole range, so that a difference somewhere shows."""
    last = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.kernel.assign(last.kernel * 5.0)
    return generator


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("preset", KINDS)
def test_a_generator_gives_finite_pictures_of_scale_times_any_size(preset, scale):
    generator = build_generator(small(preset, scale))
    for batch, height, width in ((1, 17, 23), (2, 16, 9)):
        sr = generator(pictures(batch, height, width))
        assert sr.shape == (batch, scale * height, scale * width, 3)
        assert sr.dtype == "float32"
        assert np.isfinite(sr.numpy()).all()
    assert generator.compute_output_shape((2, 17, 23, 3)) == (2, scale * 17, scale * 23, 3)


@pytest.mark.parametrize("preset", KINDS)
def test_a_saved_generator_upscales_pictures_of_any_size(preset, noise, tmp_path):
    build_generator(small(preset, 3)).save(tmp_path / "generator.keras")
    upscaler = load_upscaler(str(tmp_path / "generator.keras"))
    for height, width in ((1, 1), (2, 5), (17, 23)):
        assert upscaler(noise(height, width)).shape == (3 * height, 3 * width, 3)


@pytest.mark.parametrize("preset", KINDS)
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


@pytest.mark.parametrize("scale", [3, pytest.param(4, marks=pytest.mark.slow)])
@pytest.mark.parametrize("preset", KINDS)
def test_a_saved_generator_gives_the_same_pictures(preset, scale, tmp_path):
    generator, lr = spread(build_generator(small(preset, scale))), pictures(1, 11, 14)
    generator.save(tmp_path / "generator.keras")
    loaded = keras.models.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded(lr), generator(lr))
    rebuilt = type(generator).from_config(generator.get_config())
    rebuilt.set_weights(generator.get_weights())
    np.testing.assert_array_equal(rebuilt(lr), generator(lr))


@pytest.mark.parametrize(("precision", "bits"), [("bfloat16", 8), ("float16", 11)])
@pytest.mark.parametrize("preset", KINDS)
def test_a_mixed_precision_generator_computes_in_it_and_stays_close_to_float32(preset, precision, bits):
    config, lr = small(preset), pictures(1, 24, 24)
    exact = spread(build_generator(config))
    with compute_in(precision):
        mixed = build_generator(config)
    mixed.set_weights(exact.get_weights())
    convolutions = [layer for layer in mixed.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {layer.compute_dtype for layer in convolutions} == {precision}
    assert {variable.dtype for variable in mixed.variables if "seed" not in variable.path} == {"float32"}
    a, b = exact(lr).numpy(), mixed(lr).numpy()
    assert b.dtype == np.float32
    assert a.std() > 20  # otherwise the next line would prove little
    # The error adds up over the layers. Over 12 draws of the weights of each preset it was 1.0 to 4.9 times the
    # rounding of one number; where sums are rounded depends on the processor.
    assert np.sqrt(np.mean((a - b) ** 2)) < 8 * 2.0**-bits * a.std()


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


def test_edsr_sees_pictures_around_the_mean_of_div2k_and_answers_around_it():
    generator = build_generator(small("edsr"))
    mean = 255 * np.float32([0.4488, 0.4371, 0.4040])
    first = keras.Model(generator.input, generator.layers[1].output)
    np.testing.assert_allclose(first(np.float32([[[mean, mean + 127.5]]]))[0, 0], [[0] * 3, [1] * 3], atol=1e-6)
    last = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2D)][-1]
    last.kernel.assign(tf.zeros_like(last.kernel))
    np.testing.assert_allclose(generator(pictures(1, 2, 2))[0], np.broadcast_to(mean, (8, 8, 3)), rtol=1e-6)


def test_residual_scaling_weakens_what_each_block_adds():
    config, lr = small("edsr"), pictures(1, 9, 9)
    plain, scaled = build_generator(config), build_generator(config.with_values({"network.residual_scale": 0.1}))
    assert len(scaled.layers) == len(plain.layers) + config.network.options["blocks"]
    scaled.set_weights(plain.get_weights())
    convolutions = [layer for layer in plain.layers if isinstance(layer, keras.layers.Conv2D)]
    for second in convolutions[2 : 2 + 2 * config.network.options["blocks"] : 2]:
        second.kernel.assign(second.kernel * 0.1)
        second.bias.assign(second.bias * 0.1)
    np.testing.assert_allclose(scaled(lr), plain(lr), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("scale", SCALES)
def test_srcnn_is_three_unpadded_convolutions_of_the_mirrored_bicubic_picture(scale):
    generator, lr = build_generator(small("srcnn", scale)), pictures(1, 7, 9)
    x = BicubicUpsample(scale)(lr).numpy() / 255
    x = np.pad(x, [(0, 0), (6, 6), (6, 6), (0, 0)], mode="symmetric")
    for position, (kernel, bias) in enumerate(zip(*[iter(generator.get_weights())] * 2, strict=True)):
        x = tf.nn.conv2d(x, kernel, strides=1, padding="VALID") + bias
        x = tf.nn.relu(x) if position < 2 else x
    np.testing.assert_allclose(generator(lr), 255 * x, rtol=1e-4, atol=1e-2)


def test_srcnns_labels_leave_out_just_what_a_crop_cannot_show():
    config = get_config("srcnn")
    generator, lr, border = build_generator(config), pictures(1, 40, 40), GENERATORS["srcnn"].label_border(4)
    whole = generator(lr).numpy()[:, 32:128, 32:128]
    crop = generator(lr[:, 8:32, 8:32]).numpy()
    np.testing.assert_allclose(
        crop[:, border:-border, border:-border], whole[:, border:-border, border:-border], rtol=1e-3
    )
    assert np.abs(crop - whole)[:, border - 1, border:-border].max() > 0.1


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_discriminator_gives_one_float32_logit_a_picture_or_place(preset, precision):
    with compute_in(precision):
        discriminator = build_discriminator(small(preset))
    head = discriminator.layers[-1]
    assert head.activation is keras.activations.linear
    for sign in (-1e4, 1e4):  # a sigmoid would keep both between 0 and 1
        head.bias.assign([sign])
        logits = discriminator(pictures(3, 48, 48))
        assert logits.shape == {"faces": (3, 3, 3, 1), "real-esrgan": (3, 48, 48, 1)}.get(preset, (3, 1))
        assert logits.dtype == "float32"
        np.testing.assert_allclose(logits.numpy(), sign, rtol=0.1)


@pytest.mark.parametrize("preset", ["tutorial", "paper", "faces", "real-esrgan"])
def test_every_variable_of_a_discriminator_has_a_gradient(preset):
    discriminator = build_discriminator(small(preset))
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.math.softplus(discriminator(pictures(2, 48, 48), training=False)))
    for variable, gradient in zip(
        discriminator.trainable_variables, tape.gradient(loss, discriminator.trainable_variables), strict=True
    ):
        assert np.any(gradient.numpy() != 0), variable.path


@pytest.mark.parametrize("preset", ["tutorial", "paper", "faces", "real-esrgan"])
def test_a_discriminator_sees_pixels_between_minus_one_and_one(preset):
    discriminator = build_discriminator(small(preset))
    scaled = keras.Model(discriminator.input, discriminator.layers[1].output)
    picture = np.tile(np.float32([0, 127.5, 255]), (1, 48, 48, 1))
    np.testing.assert_allclose(scaled(picture)[0, 0, 0], [-1, 0, 1], atol=1e-6)


def test_batch_statistics_are_synchronised_where_the_configuration_asks_for_it():
    for wanted in (True, False):
        config = small("tutorial").with_values({"sync_batch_norm": wanted})
        for network in (build_generator(config), build_discriminator(config)):
            norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
            assert {layer.synchronized for layer in norms} == {wanted}


ON_ANOTHER_BACKEND = """
import json, pathlib, sys
import keras, numpy as np
from pyimagesearch.config import TrainConfig
from pyimagesearch.models import DISCRIMINATORS, GENERATORS, build_discriminator, build_generator
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json")):
    config, known = TrainConfig.from_dict(json.loads(path.read_text())), np.load(path.with_suffix(".npz"))
    for build, given, expected in ((build_generator, "lr", "sr"), (build_discriminator, "hr", "logits")):
        network = build(config)
        network.set_weights([known[f"{expected}{n}"] for n in range(len(network.weights))])
        found = keras.ops.convert_to_numpy(network(known[given], training=False))
        np.testing.assert_allclose(found, known[expected], rtol=1e-3, atol=1e-2, err_msg=path.stem)
assert keras.backend.backend() != "tensorflow" and "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_networks_give_the_same_pictures_on_another_keras_backend(backend, tmp_path):
    if find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    for preset in PRESETS:
        config, lr, hr = small(preset, 3), pictures(1, 17, 23), pictures(2, 48, 48)
        generator, discriminator = spread(build_generator(config)), build_discriminator(config)
        known = {"lr": lr, "sr": generator(lr), "hr": hr, "logits": discriminator(hr)}
        for name, network in (("sr", generator), ("logits", discriminator)):
            known |= {f"{name}{number}": value for number, value in enumerate(network.get_weights())}
        np.savez(tmp_path / preset, **known)
        (tmp_path / f"{preset}.json").write_text(json.dumps(config.to_dict()))
    ended = subprocess.run(
        [sys.executable, "-c", ON_ANOTHER_BACKEND, str(tmp_path)],
        env={**os.environ, "KERAS_BACKEND": backend}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("crop", [28, 36, 100])
def test_a_crop_that_the_unet_cannot_halve_three_times_is_refused(crop):
    config = get_config("real-esrgan").with_values({"data.crop": crop, "discriminator.filters": 4})
    with pytest.raises(InputError, match=f"`data.crop` {crop} does not suit the discriminator unet"):
        build_discriminator(config)
