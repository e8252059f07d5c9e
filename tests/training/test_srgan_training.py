"""The training steps: the order of the GAN step, gradients, what is measured."""

import dataclasses

import keras
import numpy as np
import pytest
import skimage.metrics
import tensorflow as tf
from helpers.smoke_runs import SMALLEST, history, train
from helpers.training_steps import FACES, LIGHT, SMOKE, SRCNN, a_batch, build

from pyimagesearch import losses
from pyimagesearch.images import resize
from pyimagesearch.training.srgan_training import PretrainTraining


def bce(logits, real: bool):
    return float(losses.adversarial_loss(logits, real=real))


def test_the_generator_trains_against_the_updated_discriminator_whose_statistics_it_leaves_alone():
    config = SMOKE.with_values({"finetune.rate": 0.05})  # a step large enough to tell before from after
    ours, by_hand, untouched = (build("finetune", config, tf.distribute.get_strategy()) for _ in range(3))
    lr, hr = a_batch(4)
    metrics = ours.training.train_step((tf.constant(lr), tf.constant(hr)))

    fakes = by_hand.generator(tf.cast(lr, tf.float32), training=True)
    judge, optimizer = by_hand.discriminator, keras.optimizers.Adam(0.05)
    with tf.GradientTape() as tape:
        loss = (
            losses.adversarial_loss(judge(fakes, training=True), real=False)
            + losses.adversarial_loss(judge(tf.cast(hr, tf.float32), training=True), real=True)
        ) / 2
    optimizer.apply(tape.gradient(loss, judge.trainable_variables), judge.trainable_variables)
    for mine, expected in zip(ours.discriminator.non_trainable_variables, judge.non_trainable_variables, strict=True):
        np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5, err_msg=mine.path)
    assert float(metrics["adversarial_loss"]) == pytest.approx(bce(judge(fakes, training=True), True), rel=1e-3)
    before = bce(untouched.discriminator(fakes, training=True), True)
    assert float(metrics["adversarial_loss"]) != pytest.approx(before, rel=1e-2)


def test_the_generators_gradient_is_that_of_its_whole_loss():
    """The chain of two tapes equals one tape around everything."""
    layers = {"block1_conv2": 0.01, "block2_conv2": 1.0}
    config = SMOKE.with_values(
        {"finetune.losses.pixel": 0.1, "finetune.losses.grid": 10, "finetune.content_layers": layers}
    )
    phase = build("finetune", config, tf.distribute.get_strategy())
    taken = []
    phase.training.optimizer.apply = lambda gradients, _: taken.extend(gradients)
    lr, hr = a_batch(4)
    reference = build("finetune", config, tf.distribute.get_strategy())
    phase.training.train_step((tf.constant(lr), tf.constant(hr)))

    training = reference.training
    lr, hr = tf.cast(lr, tf.float32), tf.cast(hr, tf.float32)
    training.train_discriminator(training.generator(lr, training=True), hr)
    variables = training.generator.trainable_variables
    with tf.GradientTape() as tape:
        sr = training.generator(lr, training=True)
        content = losses.content_loss(
            training.vgg(sr), training.vgg(hr), config.finetune.content_layers, config.finetune.content_scale
        )
        adversarial = losses.adversarial_loss(training.discriminator(sr, training=True), real=True)
        loss = (
            content + config.finetune.losses["adversarial"] * adversarial + 0.1 * tf.reduce_mean(tf.abs(sr - hr)) / 255
        )
        loss += 10 * losses.grid_loss(sr, hr, config.network.scale)
    gradients = tape.gradient(loss, variables)
    noise = 1e-4 * max(float(tf.reduce_max(tf.abs(gradient))) for gradient in gradients)  # biases before a BatchNorm
    for ours, expected in zip(taken, gradients, strict=True):
        np.testing.assert_allclose(
            ours, expected, rtol=2e-3, atol=2e-3 * float(tf.reduce_max(tf.abs(expected))) + noise
        )


def test_health_is_measured_on_the_pictures_of_the_step():
    """The ratio of gradients and the LR consistency, against other ways to them."""
    phase, reference = (build("finetune", SMOKE, tf.distribute.get_strategy()) for _ in range(2))
    lr, hr = a_batch(4)
    metrics = phase.training.train_step((tf.constant(lr), tf.constant(hr)))

    training = reference.training
    real = tf.cast(hr, tf.float32)
    sr = training.generator(tf.cast(lr, tf.float32), training=True)
    training.train_discriminator(sr, real)

    def pull(loss):
        with tf.GradientTape() as tape:
            tape.watch(sr)
            value = loss(sr)
        return np.linalg.norm(np.reshape(tape.gradient(value, sr), (4, -1)), axis=1)

    content = pull(
        lambda x: losses.content_loss(
            training.vgg(x), training.vgg(real), SMOKE.finetune.content_layers, SMOKE.finetune.content_scale
        )
    )
    adversarial = pull(lambda x: losses.adversarial_loss(training.discriminator(x, training=True), real=True))
    expected = np.mean(SMOKE.finetune.losses["adversarial"] * adversarial / content)
    assert float(metrics["gradient_ratio"]) == pytest.approx(expected, rel=1e-3)
    weighted = SMOKE.finetune.losses["adversarial"] * adversarial
    assert float(metrics["adversarial_share"]) == pytest.approx(np.mean(weighted / (weighted + content)), rel=1e-3)
    whole = np.rint(np.clip(sr, 0, 255)).astype(np.uint8)
    back = np.stack([resize.downscale(picture, 4) for picture in whole])[:, 2:-2, 2:-2].astype(float)
    expected = [skimage.metrics.peak_signal_noise_ratio(ours, other, data_range=255)
                for ours, other in zip(lr[:, 2:-2, 2:-2].astype(float), back, strict=True)]  # fmt: skip
    assert float(metrics["lr_consistency_db"]) == pytest.approx(np.mean(expected), abs=0.02)


def test_labels_leave_out_a_border_of_the_crops():
    config = SRCNN
    ours, reference = (build("pretrain", config, tf.distribute.get_strategy()) for _ in range(2))
    lr, hr = a_batch(4)
    sr = reference.generator(tf.cast(lr, tf.float32), training=True).numpy()
    expected = np.mean((sr[:, 12:20, 12:20] - hr[:, 12:20, 12:20]) ** 2) / 255**2
    assert float(ours.training.train_step((lr, hr))["loss"]) == pytest.approx(expected, rel=1e-4)


def test_a_discriminator_of_places_is_trained_with_the_squares_of_all_its_probabilities():
    ours, reference = (build("finetune", FACES, tf.distribute.get_strategy()) for _ in range(2))
    lr, hr = a_batch(1)
    metrics = ours.training.train_step((tf.constant(lr), tf.constant(hr)))
    fakes = reference.generator(tf.cast(lr, tf.float32), training=True)
    judge = reference.discriminator
    fake, real = (tf.sigmoid(judge(x, training=True)).numpy() for x in (fakes, tf.cast(hr, tf.float32)))
    assert fake.shape == (1, 2, 2, 1)
    expected = (np.mean(fake**2) + np.mean((1 - real) ** 2)) / 2
    assert float(metrics["discriminator_loss"]) == pytest.approx(expected, rel=1e-4)


def test_every_adam_has_the_beta1_of_the_configuration():
    for kind in ("pretrain", "finetune"):
        training = build(kind, FACES, tf.distribute.get_strategy()).training
        assert training.optimizer.beta_1 == 0.5
    assert training.discriminator_optimizer.beta_1 == 0.5


@pytest.mark.parametrize("concatenate", [True, False])
def test_fakes_and_reals_share_batch_statistics_only_where_the_preset_says_so(concatenate):
    config = SMOKE.with_values({"finetune.concatenate_batches": concatenate})
    phase, reference = (build("finetune", config, tf.distribute.get_strategy()) for _ in range(2))
    lr, hr = a_batch(4)
    metrics = phase.training.train_step((tf.constant(lr), tf.constant(hr)))
    judge, hr = reference.discriminator, tf.cast(hr, tf.float32)
    fakes = reference.generator(tf.cast(lr, tf.float32), training=True)
    together = tf.split(judge(tf.concat([fakes, hr], 0), training=True), 2)
    apart = judge(fakes, training=True), judge(hr, training=True)
    expected, other = (
        (bce(f, False) + bce(r, True)) / 2 for f, r in ((together, apart) if concatenate else (apart, together))
    )
    assert float(metrics["discriminator_loss"]) == pytest.approx(expected, rel=1e-4)
    assert expected != pytest.approx(other, rel=1e-3)


def test_a_subclass_with_one_more_measure_trains_and_its_history_has_the_column(records, tmp_path, monkeypatch):
    step = PretrainTraining.step

    def with_brightness(training, lr, hr):
        values = step(training, lr, hr)
        brightness = tf.reduce_mean(tf.cast(hr, tf.float32)) / training.replicas
        return dataclasses.replace(values, measures={"brightness": brightness})

    monkeypatch.setattr(PretrainTraining, "step", with_brightness)
    train(records, tmp_path / "run", SMALLEST)
    assert all(0 < float(row["brightness"]) < 255 for row in history(tmp_path / "run"))


@pytest.fixture
def forbidden_adversarial_loss():
    """The test fails where the adversarial loss is computed."""
    loss = losses.GENERATOR_LOSSES["adversarial"]
    losses.GENERATOR_LOSSES.register("adversarial")(lambda _: pytest.fail("it was computed"))
    yield
    losses.GENERATOR_LOSSES.register("adversarial")(loss)


@pytest.mark.usefixtures("forbidden_adversarial_loss")
def test_losses_of_weight_0_are_not_computed():
    config = SMOKE.with_values({"finetune.losses.adversarial": 0})
    values = build("finetune", config, tf.distribute.get_strategy()).training.train_step(a_batch(4))
    assert "adversarial_loss" not in values
    assert "gradient_ratio" not in values


def test_pixel_and_content_losses_compare_with_sharpened_hr_where_the_preset_says_so_and_the_discriminator_does_not():
    config = LIGHT.with_values(
        {"pretrain.loss": "l1", "pretrain.sharpen": True, "finetune.sharpen": True, "finetune.losses.pixel": 0.1}
    )
    lr, hr = a_batch(4)
    real = tf.cast(hr, tf.float32)
    for kind, name in (("pretrain", "loss"), ("finetune", "pixel_loss")):
        ours, reference = (build(kind, config, tf.distribute.get_strategy()) for _ in range(2))
        sr = reference.generator(tf.cast(lr, tf.float32), training=True)
        values = ours.training.train_step((tf.constant(lr), tf.constant(hr)))
        expected, other = (float(losses.pixel_loss("l1", sr, target)) for target in (losses.sharpened(real), real))
        assert float(values[name]) == pytest.approx(expected, rel=1e-4)
        assert expected != pytest.approx(other, rel=1e-3)
    fake, judged = reference.discriminator(sr, training=True), reference.discriminator(real, training=True)
    assert float(values["discriminator_loss"]) == pytest.approx((bce(fake, False) + bce(judged, True)) / 2, rel=1e-4)


def test_accuracies_of_the_relativistic_loss_do_not_depend_on_where_the_logits_lie():
    """Its decision is whether one looks more real than the others do on average."""
    fake, real = tf.constant([[8.0], [9.0], [12.0]]), tf.constant([[13.0], [14.0], [9.5]])
    decided = losses.GAN_LOSSES["relativistic"].decisions(fake, real)
    np.testing.assert_allclose(decided[0], fake - np.mean(real))
    np.testing.assert_allclose(decided[1], real - np.mean(fake))
    shifted = losses.GAN_LOSSES["relativistic"].decisions(fake - 100, real - 100)
    for one, other in zip(decided, shifted, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)
    assert losses.GAN_LOSSES["bce"].decisions(fake, real) == (fake, real)


def test_a_step_of_the_unet_with_the_relativistic_loss_on_damaged_lr_measures_no_lr_consistency():
    config = LIGHT.with_values(
        {
            "discriminator.name": "unet", "discriminator.filters": 4, "data.degradations": "mild",
            "finetune.discriminator_loss": "relativistic", "finetune.content_before_relu": True,
        }
    )  # fmt: skip
    training = build("finetune", config, tf.distribute.get_strategy()).training
    before = [
        layer.singular_vector.numpy() for layer in training.discriminator.layers if hasattr(layer, "singular_vector")
    ]
    values = training.train_step(tuple(map(tf.constant, a_batch(2))))
    after = [
        layer.singular_vector.numpy() for layer in training.discriminator.layers if hasattr(layer, "singular_vector")
    ]
    assert all(np.isfinite(float(value)) for value in values.values())
    assert "lr_consistency_db" not in values
    assert 0 < float(values["adversarial_share"]) < 1
    assert before
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
