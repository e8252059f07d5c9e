"""`srgan benchmark runtimes`: one network in the runtimes that can take it, by turns in one process."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import tensorflow as tf

from pyimagesearch.benchmarks import measure
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.export import exporter, runtimes
from pyimagesearch.models import loading

logger = logging.getLogger(__name__)

LR = (270, 480)  # height and width of the LR picture
BASE = "TensorFlow float32"
Forward = Callable[[np.ndarray], np.ndarray]  # float32 (1, H, W, 3) to (1, scale*H, scale*W, 3)


def run(*, model: str, rounds: int, images: str | None = None, json_path: str | None) -> None:
    """Log the output megapixels a second of each runtime; write its seconds as JSON.

    images: a folder of photographs to calibrate 8 bits on, which are then measured too.
    """
    measure.check(model, rounds)
    lr = measure.photograph(*LR)[None].astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        sides = dict(_sides(model, images, folder))
        results = {name: forward(lr) for name, forward in sides.items()}  # compiles, and warms up
        seconds: dict[str, list[float]] = {name: [] for name in sides}
        for name in measure.turns(list(sides), rounds):
            start = time.perf_counter()
            sides[name](lr)
            seconds[name].append(time.perf_counter() - start)
    _report(results, {name: float(np.median(times)) for name, times in seconds.items()}, rounds, json_path)


def _report(results: dict[str, np.ndarray], medians: dict[str, float], rounds: int, json_path: str | None) -> None:
    pixels = results[BASE][0, :, :, 0].size / 1e6
    levels = {name: np.round(np.clip(result, 0, 255)).astype(int) for name, result in results.items()}
    differ = {name: int(np.abs(each - levels[BASE]).max()) for name, each in levels.items()}
    logger.info(f"{LR[1]}x{LR[0]} to {pixels:.2f} megapixels, {rounds} rounds, median:")
    for name, median in medians.items():
        logger.info(
            f"  {name:21} {median:.3f} s   {pixels / median:5.2f} megapixels/s   "
            f"{medians[BASE] / median:.2f}x the speed of {BASE}; differs by at most {differ[name]} of 255"
        )
    if json_path:
        rows = {
            name: {"seconds": median, "megapixels_per_second": pixels / median, "difference": differ[name]}
            for name, median in medians.items()
        }
        write_json(json_path, {"runtimes": rows, "rounds": rounds})


def _sides(model: str, images: str | None, folder: str) -> Iterator[tuple[str, Forward]]:
    """Each runtime that is installed, with the network in it; the others are named."""
    yield BASE, _tensorflow(model, "float32")
    yield "TensorFlow XLA", _tensorflow(model, "float32", jit_compile=True)
    yield "TensorFlow bfloat16", _tensorflow(model, "bfloat16")
    onnx, tflite = (str(Path(folder) / name) for name in ("model.onnx", "model.tflite"))
    if _installed("onnxruntime", "onnx", "tf2onnx"):
        exporter.export_model(model, "onnx", onnx)
        yield "ONNX Runtime", runtimes.onnxruntime(onnx)[1]
    if _installed("ai_edge_litert"):
        exporter.export_model(model, "tflite", tflite)
        yield "LiteRT", runtimes.litert(tflite, threads=os.cpu_count())[1]
    if images:
        yield from _in_8_bits(model, images, folder)
    if os.path.exists(onnx) and _installed("openvino"):
        yield "OpenVINO float32", _openvino(onnx, "f32")
        yield "OpenVINO bfloat16", _openvino(onnx, "bf16")


def _in_8_bits(model: str, images: str, folder: str) -> Iterator[tuple[str, Forward]]:
    onnx, tflite = (str(Path(folder) / name) for name in ("int8.onnx", "int8.tflite"))
    if _installed("onnxruntime", "onnx", "tf2onnx"):
        exporter.export_model(model, "onnx", onnx, int8=True, images=images)
        yield "ONNX Runtime int8", runtimes.onnxruntime(onnx)[1]
    if _installed("ai_edge_litert", "ai_edge_quantizer"):
        exporter.export_model(model, "tflite", tflite, int8=True, images=images)
        yield "LiteRT int8", runtimes.litert(tflite, threads=os.cpu_count())[1]


def _installed(*libraries: str) -> bool:
    missing = [library for library in libraries if find_spec(library) is None]
    if missing:
        extra = "benchmark" if missing == ["openvino"] else "export"
        logger.info(f'left out: {", ".join(missing)} is missing (pip install -e ".[{extra}]")')
    return not missing


def _tensorflow(model: str, precision: str, jit_compile: bool = False) -> Forward:
    generator = loading.load_generator(model, precision)
    forward = tf.function(lambda lr: generator(lr, training=False), jit_compile=jit_compile, reduce_retracing=True)
    return lambda lr: forward(tf.constant(lr)).numpy()


def _openvino(path: str, precision: str) -> Forward:
    import openvino

    compiled = openvino.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": precision})
    return lambda lr: compiled({"lr": lr})["sr"]
