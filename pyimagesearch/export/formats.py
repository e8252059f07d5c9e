"""The formats of `srgan export`, each a function that writes a network to a path, registered with what it needs.

Only the standard library is imported here, so that `srgan export --help` knows the formats at once.
"""

import dataclasses
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pyimagesearch.system.files import appearing, appearing_folder
from pyimagesearch.system.registry import Registry

if TYPE_CHECKING:
    from pyimagesearch.export.int8 import Quantizer
    from pyimagesearch.export.network import Network

OPSET = 17
SIGNATURE = "serving_default"  # what TF Serving and LiteRT run unless told otherwise

Write = Callable[["Network", str], None]


@dataclasses.dataclass(frozen=True)
class Int8:
    """How a file of a format gets convolutions in 8 bits.

    quantizer: quantizer(path, lrs) of a float32 file and LR pictures, float32 (1, H, W, 3), to calibrate on.
    runtimes: names in runtimes.RUNTIMES that run such files. The first chooses the convolutions.
    libraries: what of the extra `export` has to be installed beside those of the format.
    """

    quantizer: Callable[[str, list], "Quantizer"]
    runtimes: tuple[str, ...]
    libraries: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Format:
    """How a format is written and where its files are compared with the Keras model.

    title: its name for people.
    suffix: how its files end; "" for a folder.
    write: write(network, path).
    runtimes: names in runtimes.RUNTIMES; with none, nothing is compared.
    libraries: what of the extra `export` has to be installed.
    marker: for a folder, the file in it by which --overwrite knows the format.
    int8: how it gets convolutions in 8 bits; None where it cannot.
    """

    title: str
    suffix: str
    write: Write
    runtimes: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    marker: str = ""
    int8: Int8 | None = None

    def appearing(self, path: str) -> AbstractContextManager[str]:
        """Where to write what appears as `path` when it is whole."""
        return appearing(path) if self.suffix else appearing_folder(path)


FORMATS: Registry[Format] = Registry("export format")


def register_format(
    name: str,
    *,
    title: str,
    suffix: str = "",
    runtimes: tuple[str, ...] = (),
    libraries: tuple[str, ...] = (),
    marker: str = "",
    int8: Int8 | None = None,
) -> Callable[[Write], Write]:
    """A decorator for a function that writes a network in a format. The arguments are those of Format."""

    def add(write: Write) -> Write:
        FORMATS.register(name)(Format(title, suffix, write, runtimes, libraries, marker, int8))
        return write

    return add


def output_help() -> str:
    """What `output` may be, for --help: `OUT.onnx, OUT.tflite; savedmodel: a folder`."""
    files = [f"OUT{FORMATS[name].suffix}" for name in FORMATS if FORMATS[name].suffix]
    folders = [name for name in FORMATS if not FORMATS[name].suffix]
    return f"{', '.join(files)}; {', '.join(folders)}: a folder"


@register_format("savedmodel", title="SavedModel", runtimes=("TensorFlow",), marker="saved_model.pb")
def write_savedmodel(network: "Network", folder: str) -> None:
    """A folder for TensorFlow and TF Serving; loading it needs no Keras, whose own export stores all weights twice."""
    import tensorflow as tf

    module = tf.Module()
    module.forward = network.forward
    module.weights = [variable.value for variable in network.model.variables]
    tf.saved_model.save(module, folder, signatures={SIGNATURE: network.forward})


def _onnx_quantizer(path: str, lrs: list) -> "Quantizer":
    from pyimagesearch.export.int8_onnx import OnnxQuantizer

    return OnnxQuantizer(path, lrs)


def _tflite_quantizer(path: str, lrs: list) -> "Quantizer":
    from pyimagesearch.export.int8_tflite import TFLiteQuantizer

    return TFLiteQuantizer(path, lrs)


@register_format(
    "onnx",
    title="ONNX",
    suffix=".onnx",
    runtimes=("onnxruntime", "OpenCV"),
    libraries=("onnx", "onnxruntime", "tf2onnx"),
    int8=Int8(_onnx_quantizer, ("onnxruntime",)),  # OpenCV 5.1 cannot load convolutions in 8 bits
)
def write_onnx(network: "Network", path: str) -> None:
    """An ONNX file whose metadata describe the input and the output."""
    import onnx
    import tf2onnx

    from pyimagesearch import __version__

    signature = network.forward.input_signature
    proto, _ = tf2onnx.convert.from_function(network.forward, input_signature=signature, opset=OPSET)
    _name_sides(proto.graph.input[0], "")
    _name_sides(proto.graph.output[0], "sr_")
    proto.doc_string = f"Super-resolution x{network.scale}"
    onnx.helper.set_model_props(proto, {**network.contract(), "scale": str(network.scale), "srgan": __version__})
    onnx.save(proto, path)


def _name_sides(value, prefix: str) -> None:
    names = ("batch", f"{prefix}height", f"{prefix}width")
    for side, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
        side.dim_param = name


@register_format(
    "tflite",
    title="TFLite",
    suffix=".tflite",
    runtimes=("LiteRT",),
    libraries=("ai_edge_litert",),
    int8=Int8(_tflite_quantizer, ("LiteRT",), ("ai_edge_quantizer",)),
)
def write_tflite(network: "Network", path: str) -> None:
    """A TFLite file for LiteRT, float32, whose description is that of the input and the output."""
    import tensorflow as tf
    from ai_edge_litert.tools import flatbuffer_utils

    with tempfile.TemporaryDirectory() as folder:  # variables become constants only by way of a SavedModel
        write_savedmodel(network, folder)
        content = tf.lite.TFLiteConverter.from_saved_model(folder).convert()
    file = flatbuffer_utils.convert_bytearray_to_object(content)
    file.description = "; ".join(network.contract().values())
    flatbuffer_utils.write_model(file, path)
