"""Keras' fit runs the driver's step."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.training_steps import LIGHT, build

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.training.driver import Driver
from pyimagesearch.training.signals import StopRequest
from pyimagesearch.training.workers import Workers


@pytest.mark.parametrize(
    ("kind", "devices"),
    [
        ("pretrain", 1),
        pytest.param("finetune", 1, marks=pytest.mark.slow),
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
