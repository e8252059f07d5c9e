"""Several replicas: the same update as one, and float16's overflows on one of them."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.training_steps import LIGHT, SMOKE, a_batch, build

from pyimagesearch.training.phases import build_pretrain


def updated(kind: str, config, strategy, steps: int = 2) -> tuple[list[np.ndarray], dict[str, float]]:
    """Weights and last losses after `steps` steps on the same global batches of 4."""
    phase = build(kind, config, strategy)
    replicas = strategy.num_replicas_in_sync

    @tf.function(autograph=False)
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
    ("pretrain", "adam"), pytest.param("pretrain", "muon", marks=pytest.mark.slow),
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
