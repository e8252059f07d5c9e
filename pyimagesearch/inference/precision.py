"""The precision in which networks upscale on this machine."""

import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.system.processor import cpu_has_bfloat16


def for_inference(wanted: str) -> str:
    """float32 or bfloat16: `wanted`, or for auto bfloat16 on a CPU that is fast at it; on a GPU auto is float32.

    Raises InputError for any other.
    """
    if wanted not in ("auto", "float32", "bfloat16"):
        raise InputError(f"`precision` must be auto, float32 or bfloat16, received {wanted}")
    if wanted != "auto":
        return wanted
    return "bfloat16" if cpu_has_bfloat16() and not tf.config.get_visible_devices("GPU") else "float32"
