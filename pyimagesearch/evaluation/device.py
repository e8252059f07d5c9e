"""The name of the hardware to which measured seconds belong."""

import os
import platform
from pathlib import Path

import tensorflow as tf


def device_name() -> str:
    """The hardware that computes, to which seconds belong: `AMD EPYC, 2 cores`, or the name of the GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus[:1]]
    return names[0] if names else f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "CPU"
