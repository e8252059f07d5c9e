"""What all tests share: quiet TensorFlow, two logical CPU devices, and where real pictures are."""

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest
import tensorflow as tf

# Two replicas on any machine. Must happen before TensorFlow's first operation.
_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real photographs, benchmarks and VGG19 weights that SRGAN_TEST_DATA names."""
    folder = os.environ.get("SRGAN_TEST_DATA")
    if not folder:
        pytest.skip("SRGAN_TEST_DATA is not set: no real photographs, benchmarks and VGG19 weights here")
    return Path(folder)


@pytest.fixture
def noise():
    """noise(height, width, seed) is a uint8 RGB picture of which no two parts are alike."""

    def make(height, width, seed=0):
        return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)

    return make


@pytest.fixture(scope="session")
def two_replicas() -> tf.distribute.Strategy:
    """MirroredStrategy on the two logical CPUs: one for all tests, since the collective operations of a second
    one in the same process meet those of the first."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
