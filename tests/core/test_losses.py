"""The losses against NumPy, hand-computed values and Keras' own."""

import cv2
import keras
import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from pyimagesearch import losses


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    return rng.uniform(0, 255, (2, 5, 7, 3)).astype("float32"), rng.uniform(0, 255, (2, 5, 7, 3)).astype("float32")


@pytest.mark.parametrize(("kind", "expected"), [("mse", 0.04), ("l1", 0.2), ("l1_y", 0.2 * 219.859 / 256 + 0.02)])
def test_pixel_losses_count_in_units_of_the_full_range(kind, expected):
    black, fifth = np.zeros((1, 2, 2, 3), "float32"), np.full((1, 2, 2, 3), 51.0, "float32")  # 51 = 255 / 5
    assert float(losses.pixel_loss(kind, black, fifth)) == pytest.approx(expected, rel=1e-6)
    assert float(losses.pixel_loss(kind, fifth, black)) == pytest.approx(expected, rel=1e-6)


def test_pixel_losses_equal_numpys(pictures):
    sr, hr = pictures
    difference = (sr.astype(np.float64) - hr) / 255
    assert float(losses.pixel_loss("mse", sr, hr)) == pytest.approx(np.mean(difference**2), rel=1e-5)
    assert float(losses.pixel_loss("l1", sr, hr)) == pytest.approx(np.mean(np.abs(difference)), rel=1e-5)
    y = difference @ [65.738, 129.057, 25.064] / 256  # MATLAB's rgb2ycbcr
    expected = np.mean(np.abs(y)) + 0.1 * np.mean(np.abs(difference))
    assert float(losses.pixel_loss("l1_y", sr, hr)) == pytest.approx(expected, rel=1e-5)


def test_pixel_losses_take_the_uint8_pictures_of_the_loader(pictures):
    sr, hr = pictures
    as_uint8 = tf.cast(hr, tf.uint8)
    assert float(losses.pixel_loss("l1", sr, as_uint8)) == float(
        losses.pixel_loss("l1", sr, tf.cast(as_uint8, tf.float32))
    )


@pytest.mark.parametrize("kind", ["mse", "l1", "l1_y"])
def test_a_border_is_left_out_of_pixel_losses(kind, pictures):
    sr, hr = pictures
    loss = losses.pixel_loss(kind, sr, hr, border=2)
    assert float(loss) == float(losses.pixel_loss(kind, sr[:, 2:3, 2:5], hr[:, 2:3, 2:5]))
    sr[:, :2], sr[:, -2:], sr[:, :, :2], sr[:, :, -2:] = 1e6, 1e6, 1e6, 1e6
    assert float(losses.pixel_loss(kind, sr, hr, border=2)) == float(loss)


def test_content_loss_is_the_mse_of_scaled_features(pictures):
    a, b = pictures
    expected = np.mean((a.astype(np.float64) / 12.75 - b.astype(np.float64) / 12.75) ** 2)
    assert float(losses.content_loss({"a": a}, {"a": b}, {"a": 1.0}, 1 / 12.75)) == pytest.approx(expected, rel=1e-5)


def test_content_loss_by_hand():
    far = {"fine": np.full((1, 1, 1, 2), 3.0), "coarse": np.full((1, 2, 2, 1), 5.0)}
    near = {"fine": np.full((1, 1, 1, 2), 1.0), "coarse": np.zeros((1, 2, 2, 1))}
    assert float(losses.content_loss(far, near, {"fine": 1.0}, 0.5)) == pytest.approx(1.0)
    both = losses.content_loss(far, near, {"coarse": 0.1, "fine": 2.0}, 0.5)
    assert float(both) == pytest.approx((2 * 4 + 0.1 * 25) / 4)


def test_content_loss_of_half_precision_features_does_not_overflow():
    a, b = np.full((1, 2, 2, 4), 3e4, "float16"), np.zeros((1, 2, 2, 4), "float16")
    assert float(losses.content_loss({"a": a}, {"a": b}, {"a": 1.0}, 1.0)) == pytest.approx(
        9e8, rel=1e-3
    )  # float16 ends at 65504


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_grid_loss_is_the_variance_between_the_places_of_an_lr_pixel(scale):
    rng = np.random.default_rng(4)
    pattern = rng.uniform(-20, 20, (scale, scale, 3)).astype("float32")
    hr = rng.uniform(50, 200, (2, 8 * scale, 8 * scale, 3)).astype("float32")
    sr = hr + np.tile(pattern, (8, 8, 1))
    expected = np.mean(np.var(pattern.astype(np.float64) / 255, axis=(0, 1)))
    assert float(losses.grid_loss(sr, hr, scale)) == pytest.approx(expected, rel=1e-4)


def test_grid_loss_leaves_alone_what_does_not_repeat():
    rng = np.random.default_rng(5)
    hr = rng.uniform(50, 200, (1, 64, 64, 3)).astype("float32")
    noise = rng.normal(0, 10, hr.shape).astype("float32")
    assert float(losses.grid_loss(hr + 30, hr, 4)) == pytest.approx(0, abs=1e-9)  # another brightness
    # Of noise that has no period an average over 4x4 LR pixels leaves a 16th, less what all places share.
    expected = (10 / 255) ** 2 / 16 * 15 / 16
    assert float(losses.grid_loss(hr + noise, hr, 4)) == pytest.approx(expected, rel=0.1)


def test_grid_loss_of_crops_smaller_than_its_window():
    hr = np.zeros((1, 16, 16, 3), "float32")
    sr = hr.copy()
    sr[:, ::8, ::8] = 255  # one of the 64 places of both LR pixels a side
    assert float(losses.grid_loss(sr, hr, 8)) == pytest.approx(np.var([1] + [0] * 63), rel=1e-5)


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("shape", [(6, 1), (2, 4, 4, 1)])  # one logit a picture; one at each place of a map
def test_adversarial_loss_equals_keras_binary_cross_entropy(real, shape):
    logits = np.random.default_rng(2).normal(0, 4, shape).astype("float32")
    labels = np.full(shape, float(real), "float32")
    reference = keras.losses.BinaryCrossentropy(from_logits=True)(labels, logits)
    assert float(losses.adversarial_loss(logits, real=real)) == pytest.approx(float(reference), rel=1e-5)


@pytest.mark.parametrize("real", [True, False])
@pytest.mark.parametrize("shape", [(6, 1), (2, 16, 16, 1)])
def test_squared_loss_equals_keras_mse_of_probabilities(real, shape):
    logits = np.random.default_rng(3).normal(0, 4, shape).astype("float32")
    reference = keras.losses.MeanSquaredError()(np.full(shape, float(real)), 1 / (1 + np.exp(-logits)))
    assert float(losses.squared_loss(logits, real=real)) == pytest.approx(float(reference), rel=1e-5)


def test_squared_loss_by_hand():
    assert float(losses.squared_loss(np.zeros((3, 1)), real=True)) == pytest.approx(0.25)  # half is a half away
    assert float(losses.squared_loss(np.full((3, 1), 1e4, "float16"), real=True)) == 0.0
    assert float(losses.squared_loss(np.full((3, 1), 1e4, "float16"), real=False)) == 1.0


def test_adversarial_loss_of_an_undecided_discriminator_is_ln_2():
    for real in (True, False):
        assert float(losses.adversarial_loss(np.zeros((3, 1)), real=real)) == pytest.approx(np.log(2), rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("size", [1e3, 6e4])
@pytest.mark.parametrize("real", [True, False])
def test_extreme_logits_keep_a_finite_loss_and_the_full_gradient(real, size, dtype):
    wrong = tf.fill([4, 1], tf.constant(-size if real else size, dtype))  # the discriminator is sure, and wrong
    with tf.GradientTape() as tape:
        tape.watch(wrong)
        loss = losses.adversarial_loss(wrong, real=real)
    assert loss.dtype == tf.float32
    np.testing.assert_allclose(float(loss), size, rtol=1e-3)
    np.testing.assert_allclose(tape.gradient(loss, wrong).numpy(), (-1 if real else 1) / 4)


@pytest.mark.parametrize("real", [True, False])
def test_a_discriminator_that_is_sure_and_right_costs_nothing(real):
    assert float(losses.adversarial_loss(np.full((2, 1), 1e4 if real else -1e4), real=real)) == 0.0


@pytest.mark.parametrize("shape", [(6, 1), (2, 4, 4, 1)])
def test_relativistic_losses_equal_the_papers_formula(shape):
    """Jolicoeur-Martineau 2018, equations 6 and 8, in NumPy."""
    rng = np.random.default_rng(6)
    fake, real = rng.normal(0, 2, shape), rng.normal(1, 2, shape)

    def log_sigmoid(x):
        return -np.log1p(np.exp(-x))

    real_over_fake, fake_over_real = real - fake.mean(), fake - real.mean()
    discriminator = -(log_sigmoid(real_over_fake).mean() + log_sigmoid(-fake_over_real).mean()) / 2
    generator = -(log_sigmoid(fake_over_real).mean() + log_sigmoid(-real_over_fake).mean()) / 2
    ours = losses.GAN_LOSSES["relativistic"]
    fake, real = (tf.constant(logits, tf.float32) for logits in (fake, real))
    assert float(ours.discriminator(fake, real)) == pytest.approx(discriminator, rel=1e-5)
    assert float(ours.generator(fake, lambda: real)) == pytest.approx(generator, rel=1e-5)


@pytest.mark.parametrize(("name", "criterion"), [("bce", losses.adversarial_loss), ("mse", losses.squared_loss)])
def test_losses_against_labels_never_judge_the_reals_for_the_generator(name, criterion):
    fake, real = (np.random.default_rng(seed).normal(0, 4, (6, 1)).astype("float32") for seed in (7, 8))
    ours = losses.GAN_LOSSES[name]
    both = (float(criterion(fake, real=False)) + float(criterion(real, real=True))) / 2
    assert float(ours.discriminator(fake, real)) == pytest.approx(both, rel=1e-6)
    of_fakes = losses.adversarial_loss(fake, real=True)
    assert float(ours.generator(fake, lambda: pytest.fail("judged"))) == float(of_fakes)


def test_content_loss_by_l1_scales_with_the_features(pictures):
    a, b = pictures
    expected = 2 * np.mean(np.abs(a.astype(np.float64) - b)) / 57
    assert float(losses.content_loss({"a": a}, {"a": b}, {"a": 2.0}, 1 / 57, "l1")) == pytest.approx(expected, rel=1e-5)


def test_sharpened_pictures_are_those_of_real_esrgans_unsharp_mask():
    """Its recipe, with OpenCV."""
    hr = skimage.data.astronaut()[100:220, 160:300].astype("float32")
    blurred = cv2.GaussianBlur(hr, (51, 51), 0, borderType=cv2.BORDER_REFLECT_101)
    strong = (np.abs(hr - blurred) > 10).astype("float32")
    mask = cv2.GaussianBlur(strong, (51, 51), 0, borderType=cv2.BORDER_REFLECT_101)
    expected = mask * np.clip(hr + 0.5 * (hr - blurred), 0, 255) + (1 - mask) * hr
    found = losses.sharpened(tf.constant(hr[None])).numpy()[0]
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert np.abs(found - hr).max() > 20


def test_a_flat_picture_stays_as_it_is_when_sharpened():
    flat = np.full((1, 60, 60, 3), 90.0, "float32")
    np.testing.assert_allclose(losses.sharpened(flat), flat, atol=1e-3)
