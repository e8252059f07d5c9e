"""The training steps: the same update on one and two replicas, the order of the GAN step, XLA, gradients."""

import dataclasses

import keras
import numpy as np
import pytest
import skimage.metrics
import tensorflow as tf
from helpers.small_networks import small
from helpers.smoke_runs import SMALLEST, history, train

from pyimagesearch import losses
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.images import resize
from pyimagesearch.models import build_vgg
from pyimagesearch.presets import PRESETS, get_config
from pyimagesearch.training.driver import Driver
from pyimagesearch.training.phases import build_finetune, build_pretrain
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.srgan_training import PretrainTraining
from pyimagesearch.training.workers import Workers

SMOKE = get_config("smoke")
# The smallest run with all that only the faces preset has.
FACES = SMOKE.with_values(
    {
        "network.name": "faces", "network.filters": 8, "network.blocks": 1, "network.upsample_filters": 16,
        "discriminator.name": "patch", "discriminator.filters": 4, "finetune.discriminator_loss": "mse",
        "finetune.content_input": "signed", "adam_beta1": 0.5, "data.batch": 1,
    }
)  # fmt: skip
LIGHT, EDSR = (
    SMOKE.with_values({"network.name": name, "network.filters": 8, "network.blocks": 1}) for name in ("light", "edsr")
)
SRCNN = SMOKE.with_values({"network.name": "srcnn", "network.filters": 8})


def a_batch(count: int, crop: int = 32, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    hr = rng.integers(0, 256, (count, crop, crop, 3), np.uint8)
    return hr[:, ::4, ::4], hr


def build(kind: str, config, strategy):
    if kind == "pretrain":
        return build_pretrain(config, strategy, "float32")
    with strategy.scope():
        vgg = build_vgg([*config.finetune.content_layers], "random", config.finetune.content_input)
    return build_finetune(config, strategy, "float32", vgg, "")


def updated(kind: str, config, strategy, steps: int = 2) -> tuple[list[np.ndarray], dict[str, float]]:
    """Weights and last losses after `steps` steps on the same global batches of 4."""
    phase = build(kind, config, strategy)
    replicas = strategy.num_replicas_in_sync

    @tf.function
    def step(lr, hr):
        per_replica = strategy.run(lambda lr, hr: phase.training.step(lr, hr).all(), args=(lr, hr))
        return {name: strategy.reduce("SUM", value, axis=None) for name, value in per_replica.items()}

    def of_replica(array: np.ndarray):
        part = len(array) // replicas
        return strategy.experimental_distribute_values_from_function(
            lambda context: tf.constant(array[context.replica_id_in_sync_group * part :][:part])
        )

    for number in range(steps):
        metrics = {name: float(value) for name, value in step(*map(of_replica, a_batch(4, seed=number))).items()}
    weights = phase.generator.get_weights() + (phase.discriminator.get_weights() if phase.discriminator else [])
    return weights, metrics


@pytest.mark.parametrize(("kind", "optimizer"), [
    ("pretrain", "adam"), ("pretrain", "muon"),
    pytest.param("finetune", "adam", marks=pytest.mark.slow), pytest.param("finetune", "muon", marks=pytest.mark.slow),
])  # fmt: skip
def test_one_replica_and_two_give_the_same_update(kind, optimizer, two_replicas):
    # SGD would be the sharper test of the gradients, but Adam is what is used; its first steps divide by the
    # gradient's size, so that biases before a BatchNorm (true gradient: zero) may go anywhere. Outputs may not.
    config = SMOKE.with_values({"optimizer": optimizer})
    one, one_metrics = updated(kind, config, tf.distribute.OneDeviceStrategy("/cpu:0"))
    two, two_metrics = updated(kind, config, two_replicas)
    assert one_metrics.keys() == two_metrics.keys()
    for name, value in one_metrics.items():
        assert two_metrics[name] == pytest.approx(value, rel=1e-4), name
    compared = [(a, b) for a, b in zip(one, two, strict=True) if a.ndim > 1]
    assert compared
    for a, b in compared:
        np.testing.assert_allclose(a, b, atol=3e-5)


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
    training._train_discriminator(training.generator(lr, training=True), hr)
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
    training._train_discriminator(sr, real)

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
    whole = np.rint(np.clip(sr, 0, 255)).astype(np.uint8)
    back = np.stack([resize.downscale(picture, 4) for picture in whole])[:, 2:-2, 2:-2].astype(float)
    expected = [skimage.metrics.peak_signal_noise_ratio(ours, other, data_range=255)
                for ours, other in zip(lr[:, 2:-2, 2:-2].astype(float), back, strict=True)]  # fmt: skip
    assert float(metrics["lr_consistency_db"]) == pytest.approx(np.mean(expected), abs=0.02)


def test_an_overflow_on_one_replica_leaves_the_step_out_on_all(two_replicas):
    """float16: Keras' loss scaling asks the first replica alone. No BatchNorm, which would tell that one too."""
    phase = build_pretrain(LIGHT, two_replicas, "float16")
    before = phase.generator.get_weights()
    scale = phase.training.optimizer.dynamic_scale.numpy()
    lr, hr = a_batch(4)

    def of_replica(array, poison):
        def value(context):
            half = array[2 * context.replica_id_in_sync_group :][:2].astype(np.float32)
            return tf.constant(half + (np.inf if poison and context.replica_id_in_sync_group else 0))

        return two_replicas.experimental_distribute_values_from_function(value)

    @tf.function
    def step(lr, hr):
        two_replicas.run(lambda lr, hr: phase.training.step(lr, hr).all(), args=(lr, hr))

    step(of_replica(lr, False), of_replica(hr, True))
    assert phase.training.optimizer.dynamic_scale.numpy() == scale / 2
    trained = [value for value, variable in zip(phase.generator.get_weights(), phase.generator.weights, strict=True)
               if variable.trainable]  # fmt: skip
    untouched = [value for value, variable in zip(before, phase.generator.weights, strict=True) if variable.trainable]
    for ours, expected in zip(trained, untouched, strict=True):
        np.testing.assert_array_equal(ours, expected)
    step(of_replica(lr, False), of_replica(hr, False))
    for variable in phase.generator.trainable_variables:
        one, other = (part.numpy() for part in two_replicas.experimental_local_results(variable.value))
        assert np.isfinite(one).all()
        np.testing.assert_array_equal(one, other)


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


@pytest.mark.parametrize("kind", ["pretrain", pytest.param("finetune", marks=pytest.mark.slow)])
def test_the_whole_step_compiles_under_xla(kind):
    """A TPU demands it: static shapes, and nothing that runs on the host."""
    phase = build(kind, SMOKE, tf.distribute.get_strategy())
    lr, hr = a_batch(4)
    compiled = tf.function(phase.training.train_step, jit_compile=True)((lr, hr))
    plain = build(kind, SMOKE, tf.distribute.get_strategy()).training.train_step((tf.constant(lr), tf.constant(hr)))
    for name, value in compiled.items():
        assert float(value) == pytest.approx(float(plain[name]), rel=1e-3), name


@pytest.mark.parametrize(("kind", "config"), [
    ("pretrain", LIGHT),
    ("pretrain", EDSR.with_values({"network.residual_scale": 0.1})),
    ("pretrain", SRCNN),
    pytest.param("finetune", FACES, marks=pytest.mark.slow),
], ids=lambda part: part if isinstance(part, str) else part.network.name)  # fmt: skip
def test_every_generator_trains_under_xla(kind, config):
    """Their bicubic pictures are convolutions because the resize operations do not compile."""
    phase = build(kind, config, tf.distribute.get_strategy())
    metrics = tf.function(phase.training.train_step, jit_compile=True)(a_batch(4))
    assert all(np.isfinite(float(value)) for value in metrics.values())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["pretrain", "finetune"])
@pytest.mark.parametrize("name", [name for name in PRESETS if name != "smoke"])
def test_every_presets_step_compiles_under_xla(name, kind):
    config = small(name).with_values({"data.batch": 1, "finetune.vgg_weights": "random"})  # the same operations
    phase = build(kind, config, tf.distribute.get_strategy())
    metrics = tf.function(phase.training.train_step, jit_compile=True)(a_batch(1, config.data.crop))
    assert all(np.isfinite(float(value)) for value in metrics.values())


@pytest.mark.parametrize(("kind", "config"), [
    ("pretrain", SMOKE), ("finetune", SMOKE), ("pretrain", EDSR),
    ("pretrain", SRCNN), ("finetune", FACES),
], ids=lambda part: part if isinstance(part, str) else part.network.name)  # fmt: skip
@pytest.mark.parametrize("precision", ["bfloat16", pytest.param("float16", marks=pytest.mark.slow)])
def test_steps_train_in_reduced_precision(kind, config, precision):
    strategy = tf.distribute.get_strategy()
    if kind == "pretrain":
        phase = build_pretrain(config, strategy, precision)
    else:
        vgg = build_vgg([*config.finetune.content_layers], "random", config.finetune.content_input)
        phase = build_finetune(config, strategy, precision, vgg, None)
    assert all(variable.dtype == "float32" for variable in phase.generator.trainable_variables)
    step = tf.function(phase.training.train_step)
    lr, hr = a_batch(4)
    first = float(step((lr, hr))["loss"])
    for _ in range(12):
        last = float(step((lr, hr))["loss"])
    assert np.isfinite(last)
    assert last < first


@pytest.mark.parametrize(
    ("kind", "devices"),
    [
        ("pretrain", 1),
        ("finetune", 1),
        pytest.param("pretrain", 2, marks=pytest.mark.slow),
        pytest.param("finetune", 2, marks=pytest.mark.slow),
    ],
)
def test_fit_ends_with_the_weights_of_the_driver(kind, devices, records, two_replicas):
    """20 steps on the same batches, by Keras' fit and by the trainer's driver."""
    strategy = two_replicas if devices == 2 else tf.distribute.OneDeviceStrategy("/cpu:0")
    config = LIGHT.with_values(  # without BatchNorm, before which biases follow rounding errors alone
        {"pretrain.steps": 20, "finetune.steps": 20, "data.global_batch": 4, "intervals.steps_per_call": 1}
    )
    manifest = read_manifest(records)
    driven, fitted = (build(kind, config, strategy) for _ in range(2))
    driver = Driver(config, strategy, Workers(strategy), folder=records, manifest=manifest, cache=None, compiled=False)
    rows = list(driver.steps(driven, 0, StopRequest()))
    assert rows[-1].step == 20
    batches = training_batches(records, manifest, crop=32, batch=4, seed=config.seed + (kind == "finetune"))
    logs = fitted.training.fit(batches, steps_per_epoch=20, verbose=0).history
    for ours, theirs in zip(fitted.generator.get_weights(), driven.generator.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)  # threads add in any order
    last = {**rows[-1].losses, **rows[-1].measures}
    assert {name: value for name, (value,) in logs.items()} == pytest.approx(last, rel=1e-3)


def test_a_subclass_with_one_more_measure_trains_and_its_history_has_the_column(records, tmp_path, monkeypatch):
    step = PretrainTraining.step

    def with_brightness(training, lr, hr):
        values = step(training, lr, hr)
        brightness = tf.reduce_mean(tf.cast(hr, tf.float32)) / training.replicas
        return dataclasses.replace(values, measures={"brightness": brightness})

    monkeypatch.setattr(PretrainTraining, "step", with_brightness)
    train(records, tmp_path / "run", SMALLEST)
    assert all(0 < float(row["brightness"]) < 255 for row in history(tmp_path / "run"))


def test_losses_of_weight_0_are_not_computed(monkeypatch):
    monkeypatch.setitem(losses.GENERATOR_LOSSES._entries, "adversarial", lambda _: pytest.fail("it was computed"))
    config = SMOKE.with_values({"finetune.losses.adversarial": 0})
    values = build("finetune", config, tf.distribute.get_strategy()).training.train_step(a_batch(4))
    assert "adversarial_loss" not in values
    assert "gradient_ratio" not in values
