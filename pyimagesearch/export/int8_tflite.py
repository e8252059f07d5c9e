"""Convolutions of a TFLite file in 8 bits, by Google's AI Edge Quantizer."""

import re
from collections.abc import Collection

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from ai_edge_quantizer import qtyping, quantizer

from pyimagesearch.export.int8_ranges import Ranges
from pyimagesearch.export.network import INTERPOLATION

CONV = qtyping.TFLOperationName.CONV_2D


class TFLiteQuantizer:
    """A float32 TFLite file that is written again with some convolutions in 8 bits.

    Their weights become int8 with a scale for each filter, their inputs and outputs int8 with a scale for each tensor.
    """

    def __init__(self, path: str, lrs: list[np.ndarray]):
        """lrs: LR pictures to calibrate on, float32 (1, H, W, 3) in [0, 255]."""
        self._file = flatbuffer_utils.read_model(path)
        self._start = self._input().shape  # (1, 1, 1, 3), which no network can be run with
        self._input().shape = np.array(lrs[0].shape, np.int32)
        self._content = bytes(flatbuffer_utils.convert_object_to_bytearray(self._file))
        self._ranges = Ranges()
        self.work: dict[str, int] = {}
        self._calibrate(lrs)

    def write(self, path: str, names: Collection[str]) -> None:
        """Write the file with the convolutions `names` in 8 bits."""
        made = quantizer.Quantizer(self._content)
        for name in names:
            made.add_static_config(f"^{re.escape(name)};?$", CONV, activation_num_bits=8, weight_num_bits=8)
        ranges = {}
        for name in self._ranges.names():
            lowest, highest = self._ranges.range(name)
            ranges[name] = {"min": np.full((1, 1, 1, 1), lowest), "max": np.full((1, 1, 1, 1), highest)}
        content = made.quantize(ranges, enable_progress_bar=False, enable_progress_report=False).quantized_model
        self._file = flatbuffer_utils.read_model_from_bytearray(bytearray(content))
        self._input().shape = self._start
        flatbuffer_utils.write_model(self._file, path)

    def _input(self):
        graph = self._file.subgraphs[0]
        return graph.tensors[graph.inputs[0]]

    def _calibrate(self, lrs: list[np.ndarray]) -> None:
        interpreter = Interpreter(model_content=self._content, experimental_preserve_all_tensors=True)
        graph = self._file.subgraphs[0]
        given, convs = graph.inputs[0], self._convolutions()
        kept = {index for op in convs.values() for index in (op.inputs[0], op.outputs[0])}
        for lr in lrs:
            interpreter.resize_tensor_input(given, lr.shape)
            interpreter.allocate_tensors()
            interpreter.set_tensor(given, lr)
            interpreter.invoke()
            for index in kept:
                self._ranges.add(_name(graph, index), interpreter.get_tensor(index))
        for name, op in convs.items():
            positions = np.prod(interpreter.get_tensor(op.outputs[0]).shape[:3])
            self.work[name] = int(positions * np.prod(graph.tensors[op.inputs[1]].shape))

    def _convolutions(self) -> dict[str, qtyping.OperatorT]:
        """The convolutions of the network by the names of their outputs; the interpolation's is none."""
        graph = self._file.subgraphs[0]
        convs = {
            _name(graph, op.outputs[0]): op
            for op in graph.operators
            if flatbuffer_utils.opcode_to_name(self._file, op.opcodeIndex) == CONV
        }
        return {name: op for name, op in convs.items() if INTERPOLATION not in name}


def _name(graph, index: int) -> str:
    return graph.tensors[index].name.decode()
