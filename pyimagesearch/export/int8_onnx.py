"""Convolutions of an ONNX file in 8 bits, by onnxruntime's quantizer (QuantizeLinear, DequantizeLinear)."""

import copy
from collections.abc import Collection

import numpy as np
import onnx
import onnxruntime
from onnxruntime.quantization import CalibrationMethod, QDQQuantizer, QuantType, TensorData, TensorsData

from pyimagesearch.export.int8_ranges import Ranges
from pyimagesearch.export.network import INTERPOLATION


class OnnxQuantizer:
    """A float32 ONNX file that is written again with some convolutions in 8 bits.

    Their weights become int8 with a scale for each filter, their inputs and outputs uint8, for which x86 processors
    have instructions, with a scale for each tensor.
    """

    def __init__(self, path: str, lrs: list[np.ndarray]):
        """lrs: LR pictures to calibrate on, float32 (1, H, W, 3) in [0, 255]."""
        self._model = onnx.load(path)
        self._ranges = Ranges()
        self.work: dict[str, int] = {}
        self._calibrate(lrs)

    def write(self, path: str, names: Collection[str]) -> None:
        """Write the file with the convolutions `names` in 8 bits."""
        ranges = {name: self._ranges.range(name) for name in self._ranges.names()}
        quantizer = QDQQuantizer(
            copy.deepcopy(self._model),
            per_channel=True,
            reduce_range=False,
            weight_qType=QuantType.QInt8,
            activation_qType=QuantType.QUInt8,
            tensors_range=TensorsData(
                CalibrationMethod.MinMax,
                {name: TensorData(lowest=lowest, highest=highest) for name, (lowest, highest) in ranges.items()},
            ),
            nodes_to_quantize=list(names),
            nodes_to_exclude=[],
            op_types_to_quantize=["Conv"],
            extra_options={},
        )
        quantizer.quantize_model()
        onnx.save(quantizer.model.model, path)

    def _calibrate(self, lrs: list[np.ndarray]) -> None:
        graph = self._model.graph
        convs = [node for node in graph.node if node.op_type == "Conv" and INTERPOLATION not in node.name]
        rectified = {node.input[0]: node.output[0] for node in graph.node if node.op_type == "Relu"}
        kept = {node.input[0] for node in convs} | {node.output[0] for node in convs}
        kept |= {rectified[name] for name in kept & rectified.keys()}  # what the quantizer gives the convolution
        watched = copy.deepcopy(self._model)
        del watched.graph.output[:]
        watched.graph.output.extend(onnx.ValueInfoProto(name=name) for name in sorted(kept))
        session = onnxruntime.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
        values: dict[str, np.ndarray] = {}
        for lr in lrs:
            values = dict(zip(sorted(kept), session.run(sorted(kept), {"lr": lr}), strict=True))
            for name, value in values.items():
                self._ranges.add(name, value)
        kernels = {weight.name: weight for weight in graph.initializer}
        for node in convs:
            positions = np.prod(values[node.output[0]].shape[2:])  # (1, C, H, W)
            self.work[node.name] = int(positions * np.prod(kernels[node.input[1]].dims))
