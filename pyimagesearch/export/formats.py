"""`srgan export`: a generator as a SavedModel, ONNX or TFLite file, compared with the Keras model where it is to run.

What is exported is the network: float32 RGB in [0, 255] in, the same out, any batch, height and width. The output is
clipped inside, since what rounds it to 8 bits wraps around at what lies beyond; it is not rounded, since not all that
comes after has 8 bits.
"""

import dataclasses
import os
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.util import find_spec

import keras
import tensorflow as tf

from pyimagesearch import __version__
from pyimagesearch.errors import InputError, RunError
from pyimagesearch.export import parity
from pyimagesearch.export.parity import Parity
from pyimagesearch.images.opencv import load_opencv
from pyimagesearch.inference.upscaler import BICUBIC
from pyimagesearch.models import loading
from pyimagesearch.system import console
from pyimagesearch.system.files import appearing, appearing_folder, check_disk
from pyimagesearch.system.gcs import on_bucket

OPSET = 17
LR = tf.TensorSpec([None, None, None, 3], tf.float32, name="lr")
SIGNATURE = "serving_default"  # what TF Serving and LiteRT run unless told otherwise


class Network:
    """A generator with its output clipped, as a graph: `lr` to `sr`."""

    def __init__(self, model: keras.Model):
        self.model, self.scale = model, loading.generator_scale(model)
        self.forward = tf.function(
            lambda lr: {"sr": keras.ops.clip(model(lr, training=False), 0.0, 255.0)}, input_signature=[LR]
        )

    def contract(self) -> dict[str, str]:
        """What goes in and comes out, for people and for the file's metadata."""
        return {
            "input": "lr: float32 (batch, height, width, 3), RGB in [0, 255]",
            "output": f"sr: float32 (batch, {self.scale}*height, {self.scale}*width, 3), RGB clipped to [0, 255], "
            "not rounded",
        }


def write_savedmodel(network: Network, folder: str) -> None:
    """A folder for TensorFlow and TF Serving; loading it needs no Keras, whose own export stores all weights twice."""
    module = tf.Module()
    module.forward = network.forward
    module.weights = [variable.value for variable in network.model.variables]
    tf.saved_model.save(module, folder, signatures={SIGNATURE: network.forward})


def write_onnx(network: Network, path: str) -> None:
    """An ONNX file whose metadata say what goes in and comes out."""
    import onnx
    import tf2onnx

    proto, _ = tf2onnx.convert.from_function(network.forward, input_signature=[LR], opset=OPSET)
    _name_sides(proto.graph.input[0], "")
    _name_sides(proto.graph.output[0], "sr_")
    proto.doc_string = f"Super-resolution x{network.scale}"
    onnx.helper.set_model_props(proto, {**network.contract(), "scale": str(network.scale), "srgan": __version__})
    onnx.save(proto, path)


def _name_sides(value, prefix: str) -> None:
    names = ("batch", f"{prefix}height", f"{prefix}width")
    for side, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
        side.dim_param = name


def write_tflite(network: Network, path: str) -> None:
    """A TFLite file for LiteRT, float32, whose description says what goes in and comes out."""
    from ai_edge_litert.tools import flatbuffer_utils

    with tempfile.TemporaryDirectory() as folder:  # its variables become constants only on the way through one
        write_savedmodel(network, folder)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    file = flatbuffer_utils.convert_bytearray_to_object(content)
    file.description = "; ".join(network.contract().values())
    flatbuffer_utils.write_model(file, path)


@dataclasses.dataclass(frozen=True)
class Format:
    """How a format is written and where its files are compared with the Keras model."""

    title: str
    suffix: str  # "" for a folder
    write: Callable[[Network, str], None]
    runtimes: tuple[str, ...]
    libraries: tuple[str, ...] = ()  # of the extra `export`

    def appearing(self, path: str) -> AbstractContextManager[str]:
        """Where to write what appears as `path` when it is whole."""
        return appearing(path) if self.suffix else appearing_folder(path)


FORMATS = {
    "savedmodel": Format("SavedModel", "", write_savedmodel, ("TensorFlow",)),
    "onnx": Format("ONNX", ".onnx", write_onnx, ("onnxruntime", "OpenCV"), ("onnx", "onnxruntime", "tf2onnx")),
    "tflite": Format("TFLite", ".tflite", write_tflite, ("LiteRT",), ("ai_edge_litert",)),
}


def export(model: str, name: str, output: str, *, overwrite: bool) -> tuple[Network, list[Parity]]:
    """Write the generator `model` to `output` in the format `name`, unless a runtime's pictures differ.

    Raises InputError where the input is at fault, before anything is computed, and RunError where the export is.
    """
    target = FORMATS[name]
    check_output(target, output, overwrite=overwrite)
    check_libraries(target)
    if model == BICUBIC:
        raise InputError("bicubic is no network; name a .keras file of srgan train")
    network = Network(loading.load_generator(model))
    check_disk(output, 2 * 4 * network.model.count_params() + 2**20, "the model and its graph")
    with target.appearing(output) as beside:
        _convert(target, network, beside)
        lrs = parity.pictures()
        known = parity.expected(network.model, lrs)
        try:
            return network, [parity.compare(beside, runtime, lrs, known) for runtime in target.runtimes]
        except RunError as error:
            raise RunError(f"{output}: not written, since it would not be right: {error}") from None


def _convert(target: Format, network: Network, beside: str) -> None:
    try:
        with console.hidden_native_stderr():
            target.write(network, beside)
    except Exception as error:
        if isinstance(error, OSError) or "No space left" in str(error):
            raise
        reason = " ".join(str(error).split())[:200]
        raise RunError(f"{network.model.name} cannot be converted to {target.title} ({reason})") from None


def check_output(target: Format, output: str, *, overwrite: bool) -> None:
    """Raise InputError unless `output` is a place where a model of the format can go."""
    if on_bucket(output):
        raise InputError(f"-o {output}: srgan export writes local files; name one, and copy it to the bucket")
    others = {other.suffix for other in FORMATS.values()} - {target.suffix} | {".keras", ".pb"}
    suffix = os.path.splitext(output.rstrip("/"))[1].lower()
    if target.suffix and suffix != target.suffix:
        raise InputError(f"-o {output}: {target.title} is a file that ends in {target.suffix}")
    if not target.suffix and suffix in others:
        raise InputError(f"-o {output}: {target.title} is a folder; name one that does not end in {suffix}")
    if not os.path.lexists(output):
        return
    if not overwrite:
        raise InputError(f"{output}: exists already; --overwrite replaces it")
    replaceable = os.path.isfile(output) if target.suffix else _is_savedmodel(output)
    if not replaceable:
        raise InputError(f"{output}: exists and is no {target.title}, which is all that --overwrite replaces")


def _is_savedmodel(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "saved_model.pb"))


def stored(path: str) -> int:
    """The bytes of a file, or of all files in a folder."""
    inside = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
    return sum(map(os.path.getsize, inside or [path]))


def check_libraries(target: Format) -> None:
    """Raise InputError where a library of the format is missing."""
    missing = [library for library in target.libraries if find_spec(library) is None]
    if missing:
        raise InputError(f'{target.title} needs {", ".join(missing)}: pip install -e ".[export]"')
    if "OpenCV" in target.runtimes:
        load_opencv()
