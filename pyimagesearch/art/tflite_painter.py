"""The pair of TFLite files that TensorFlow published for phones: one predicts a style, the other paints.

The painting network was exported for one size, 384x384. All of it works at any size: LiteRT resizes the input and what
follows from it, but for the layers that enlarge by nearest neighbours, whose sizes are constants in the file. These are
replaced in the same proportion.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

from pyimagesearch.art.painting import StyleMix, padded
from pyimagesearch.errors import InputError
from pyimagesearch.system.console import hidden_native_stderr
from pyimagesearch.system.parallel import cores

IDENTIFIER = b"TFL3"  # bytes 4 to 8 of a TFLite file
# Pixels up to which XNNPACK paints. It takes half of the time of LiteRT's own kernels, and 12 times the memory.
MOST_DELEGATED = 1 << 20
BYTES = {True: 1700, False: 150}  # for each pixel, with XNNPACK and without


class TflitePainter:
    """Paints with the pair."""

    mixes = True

    def __init__(self, path: Path, files: Sequence[Path]):
        """files: all .tflite files of the folder `path`. Raises InputError where they are not such a pair."""
        contents = {file: file.read_bytes() for file in files}
        by_inputs: dict[int, bytes] = {}
        for file, content in contents.items():
            if content[4:8] != IDENTIFIER:
                raise InputError(f"`fast_models` {file}: is no TFLite file")
            try:
                inputs = _interpreter(content).get_input_details()
            except (ValueError, RuntimeError):
                raise InputError(f"`fast_models` {file}: is a damaged TFLite file") from None
            by_inputs[len(inputs)] = content
        if len(files) != 2 or set(by_inputs) != {1, 2}:
            raise InputError(
                f"`fast_models` {path}: must hold two .tflite files, one that predicts a style (one input) and one "
                f"that paints (content and style), received {', '.join(file.name for file in files)}"
            )
        self._predictor = _interpreter(by_inputs[1])
        self._model = schema.ModelT.InitFromPackedBuf(by_inputs[2], 0)
        content, style = _interpreter(by_inputs[2]).get_input_details()
        if list(style["shape"]) != list(self._predictor.get_output_details()[0]["shape"]):
            raise InputError(f"`fast_models` {path}: its two networks do not fit each other")
        self._exported_for = content["shape"][1:3]

    def __call__(self, content: np.ndarray, style: StyleMix) -> np.ndarray:
        """See Painter."""
        shares = [(style.strength * part, picture) for part, picture in zip(style.parts, style.pictures, strict=True)]
        if style.strength != 1:
            shares.append((1 - style.strength, style.own))
        numbers = np.sum([share * self.predict(picture) for share, picture in shares], axis=0)
        return self.paint(content, numbers)

    def bytes_needed(self, height: int, width: int) -> int:
        """See Painter."""
        return height * width * BYTES[height * width <= MOST_DELEGATED]

    def predict(self, picture: np.ndarray) -> np.ndarray:
        """The numbers (1, 1, 1, 100) of a style (256, 256, 3)."""
        return _run(self._predictor, picture[None])

    def paint(self, content: np.ndarray, style: np.ndarray) -> np.ndarray:
        """The content (H, W, 3), of any size, with the numbers of a style."""
        seen = padded(content)
        height, width = seen.shape[:2]
        delegated = height * width <= MOST_DELEGATED
        painter = _interpreter(self._file_for(height, width), delegated=delegated, shape=(1, height, width, 3))
        return _run(painter, seen[None], style)[0, : content.shape[0], : content.shape[1]]

    def _file_for(self, height: int, width: int) -> bytes:
        """The painting network's file for a content of this size."""
        graph, codes = self._model.subgraphs[0], self._model.operatorCodes
        # Old files have the number of an operator in the second of these, new ones in the first.
        numbers = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in codes]
        enlarging = schema.BuiltinOperator.RESIZE_NEAREST_NEIGHBOR
        places = {graph.tensors[op.inputs[1]].buffer for op in graph.operators if numbers[op.opcodeIndex] == enlarging}
        before = {place: self._model.buffers[place].data for place in places}
        for place, data in before.items():
            sides = np.frombuffer(bytes(data), np.int32).astype(np.int64) * (height, width) // self._exported_for
            self._model.buffers[place].data = np.frombuffer(sides.astype(np.int32).tobytes(), np.uint8)
        builder = flatbuffers.Builder(1 << 20)
        builder.Finish(self._model.Pack(builder), IDENTIFIER)
        for place, data in before.items():
            self._model.buffers[place].data = data
        return bytes(builder.Output())


def _interpreter(content: bytes, *, delegated: bool = True, shape: tuple[int, ...] | None = None) -> Interpreter:
    """An interpreter of a file that is ready to run. shape: of its first input, if not that of the file."""
    kind = OpResolverType.AUTO if delegated else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    with hidden_native_stderr():  # LiteRT tells of each delegate
        interpreter = Interpreter(model_content=content, num_threads=cores(), experimental_op_resolver_type=kind)
        if shape:
            interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
        interpreter.allocate_tensors()
    return interpreter


def _run(interpreter: Interpreter, *inputs: Any) -> np.ndarray:
    for given, details in zip(inputs, interpreter.get_input_details(), strict=True):
        interpreter.set_tensor(details["index"], given.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
