"""Losses and weights that are not finite: the way back with half the learning rate, and the end of a run."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.smoke_runs import ONE, SMALLEST, SMOKE, history, train, weights

from pyimagesearch.errors import RunError
from pyimagesearch.training.checkpoints import PhaseCheckpoints
from pyimagesearch.training.phases import build_pretrain
from pyimagesearch.training.run_folder import RunFolder
from pyimagesearch.training.srgan_training import PretrainTraining, StepValues


@pytest.mark.slow
def test_losses_that_are_not_finite_twice_stop_the_run_and_name_the_step(records, tmp_path):
    config = SMALLEST.with_values(
        {"pretrain.rate": 1e30, "intervals.steps_per_call": 1, "intervals.checkpoint_every": 100}
    )
    said: list[str] = []
    with pytest.raises(
        RunError, match=r"step \d+ of pretrain: losses or weights are not finite .*with half the learning rate"
    ):
        train(records, tmp_path / "run", config, say=said.append)
    assert "going back to step 0 with half the learning rate" in said[-1]


class PoisonOnce:
    """Makes the losses of one step of phase 1 nan, or the weights after it, the first time that it comes."""

    def __init__(self, monkeypatch, step, what="losses"):
        real = PretrainTraining.step
        left = tf.Variable(1, dtype=tf.int64)

        def train_step(training, lr, hr):
            values = real(training, lr, hr)
            poisoned = (training.optimizer.iterations.value == step + 1) & (left > 0)
            left.assign_sub(tf.cast(poisoned, tf.int64))
            if what == "weights":
                kernel = training.generator.trainable_variables[0].value
                kernel.assign(tf.where(poisoned, float("inf"), kernel))
                return values
            return StepValues({"loss": tf.where(poisoned, float("nan"), values.losses["loss"])})

        monkeypatch.setattr(PretrainTraining, "step", train_step)


@pytest.mark.slow
def test_a_run_that_diverges_once_goes_back_and_ends_with_half_the_rate(records, tmp_path, monkeypatch):
    PoisonOnce(monkeypatch, step=5)
    said: list[str] = []
    train(records, tmp_path, SMALLEST.with_values({"intervals.steps_per_call": 1}), say=said.append)
    warning = (
        "WARNING: step 6 of pretrain: losses or weights are not finite (nan or inf); going back to step 4 with half"
    )
    assert any(line.startswith(warning) for line in said)
    assert [int(row["step"]) for row in history(tmp_path)] == [2, 4, 6, 8]
    phase = build_pretrain(SMALLEST, ONE, "float32")
    PhaseCheckpoints(RunFolder(str(tmp_path)), phase, 3, said.append).restore()
    assert phase.slowdown.numpy() == 0.5  # a restart goes on as slowly
    assert phase.rate(3) == pytest.approx(SMOKE.pretrain.rate / 2)
    assert float(phase.training.optimizer.learning_rate) == pytest.approx(SMOKE.pretrain.rate / 2)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("interval", "back"),
    [
        ("intervals.checkpoint_every", 2),
        ("intervals.validate_every", 0),
    ],
)
def test_weights_that_are_not_finite_are_never_saved(records, tmp_path, monkeypatch, interval, back):
    PoisonOnce(monkeypatch, step=3, what="weights")
    said: list[str] = []
    seldom = {"intervals.checkpoint_every": 100, "intervals.validate_every": 100} | {interval: 2}
    config = SMALLEST.with_values({"intervals.steps_per_call": 1, **seldom})
    train(records, tmp_path, config, say=said.append)
    warning = f"WARNING: step 4 of pretrain: losses or weights are not finite (nan or inf); going back to step {back} "
    assert any(line.startswith(warning) for line in said)
    assert all(np.isfinite(weight).all() for weight in weights(tmp_path, "pretrained_generator"))
