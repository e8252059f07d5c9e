"""Device to tf.distribute strategy and numeric precision."""

import re
from collections.abc import Callable

import tensorflow as tf

from pyimagesearch.errors import InputError, one_line
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.processor import cpu_has_bfloat16
from pyimagesearch.training.workers import check_tf_config

_BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,61}[a-z0-9](/.*)?$")


def make_strategy(device: str, say: Callable[[str], None] = print, *, alone: bool = False) -> tf.distribute.Strategy:
    """gpu: all GPUs of this machine, and with TF_CONFIG those of several; cpu: no GPU; tpu: the TPU of the environment.

    With TF_CONFIG it must come before any other operation of TensorFlow, and waits for the other workers; not if
    `alone`, for what one machine does by itself.
    """
    workers = 1 if alone else check_tf_config()
    if device == "tpu":
        return _tpu_strategy()
    if device == "cpu":
        tf.config.set_visible_devices([], "GPU")
    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        say(f"Using {len(gpus)} GPU{'s' if len(gpus) > 1 else ''}")
    elif device == "gpu":
        say(f"WARNING: --device gpu: {_why_no_gpu()}; going on with the CPU, which is far slower")
    if workers > 1:
        say(f"Waiting for all of {workers} workers")
        return tf.distribute.MultiWorkerMirroredStrategy()
    if len(gpus) > 1:
        return tf.distribute.MirroredStrategy()
    # Not MirroredStrategy, inside which XLA cannot compile a step.
    return tf.distribute.OneDeviceStrategy("/gpu:0" if gpus else "/cpu:0")


def _why_no_gpu() -> str:
    if not tf.test.is_built_with_cuda():
        return (
            "this TensorFlow is built without CUDA; for a GPU, install the project into an environment of its own: "
            "make setup DEVICE=gpu && . .venv-gpu/bin/activate"
        )
    return "TensorFlow finds no GPU; see whether nvidia-smi shows one, and whether CUDA_VISIBLE_DEVICES hides it"


def _tpu_strategy() -> tf.distribute.Strategy:
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu="local")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        reason = one_line(error)[:160]
        raise InputError(
            f"--device tpu: no TPU can be initialised here ({reason}); run on a TPU VM with tensorflow-tpu installed, "
            "or use --device gpu or cpu"
        ) from None
    return tf.distribute.TPUStrategy(resolver)


def check_tpu_folders(**folders: str) -> None:
    """Raise InputError unless every folder is on a bucket: a TPU's hosts cannot rely on local paths."""
    for flag, folder in folders.items():
        if not on_bucket(folder):
            raise InputError(f"--{flag} {folder}: --device tpu needs a gs:// folder, such as gs://my-bucket/{flag}")
        if not _BUCKET.match(folder):
            raise InputError(
                f"--{flag} {folder}: not the name of a bucket; put your own in, such as gs://my-bucket/{flag}"
            )


def validation_device(strategy: tf.distribute.Strategy) -> str | None:
    """Where to validate: on a TPU by name, elsewhere where TensorFlow would run anything."""
    return "/device:TPU:0" if isinstance(strategy, tf.distribute.TPUStrategy) else None


def choose_xla(wanted: str, device: str, strategy: tf.distribute.Strategy) -> bool:
    """Whether XLA compiles the training step by request; a TPU compiles all that it runs anyway."""
    if device == "tpu":
        if wanted == "off":
            raise InputError("--set xla=off: a TPU runs nothing that XLA has not compiled")
        return False
    alone = isinstance(strategy, tf.distribute.OneDeviceStrategy)
    if wanted == "on" and not alone:
        raise InputError("--set xla=on: only for one device; TensorFlow cannot compile what devices do together")
    return wanted == "on" or (wanted == "auto" and alone and bool(tf.config.get_visible_devices("GPU")))


def choose_precision(wanted: str, device: str) -> str:
    """The precision that the networks compute in: `wanted`, or for auto bfloat16 where the device has it."""
    if wanted != "auto":
        return wanted
    if device == "tpu":
        return "bfloat16"
    gpus = tf.config.get_visible_devices("GPU")
    if gpus:
        capability = tf.config.experimental.get_device_details(gpus[0]).get("compute_capability", (0, 0))
        # Tensor cores: since 8.0 for bfloat16, since 7.0 for float16.
        return "bfloat16" if capability >= (8, 0) else "float16" if capability >= (7, 0) else "float32"
    return "bfloat16" if cpu_has_bfloat16() else "float32"
