"""Runs of the preset `smoke` in this process, for tests of what they leave and of how they go on."""

import csv
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.presets import get_config
from pyimagesearch.training.run import prepare

SMOKE = get_config("smoke")
PHASE_1 = SMOKE.with_values({"finetune.steps": 0})
SMALLEST = PHASE_1.with_values({"network.name": "light", "network.filters": 8, "network.blocks": 1})
ONE = tf.distribute.OneDeviceStrategy("/cpu:0")


def train(records: str, output: Path, config=SMOKE, strategy=ONE, say=print) -> None:
    """Both phases of `config` on one device, in float32."""
    prepare(config, records, str(output), strategy=strategy, precision="float32", say=say).run()


def history(output: Path) -> list[dict[str, str]]:
    """The rows of a run's history.csv."""
    with (output / "history.csv").open() as file:
        return list(csv.DictReader(file))


def weights(output: Path, name: str) -> list[np.ndarray]:
    """Those of a run's saved model."""
    return keras.models.load_model(output / "models" / f"{name}.keras", compile=False).get_weights()
