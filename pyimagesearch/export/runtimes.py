"""Runs exported models where they are meant to run. A script, for a process of its own: without this package, without
Keras, and with nothing of the process that exported; what crashes takes no more than this process with it.

    python -P runtimes.py RUNTIME MODEL PICTURES.npz RESULTS.npz

Pictures are arrays of float32, (B, H, W, 3); results are stored in their order.
"""

import sys
from collections.abc import Callable

import numpy as np

Forward = Callable[[np.ndarray], np.ndarray]


def tensorflow(path: str) -> tuple[str, Forward]:
    """A SavedModel by its signature."""
    import tensorflow as tf

    signature = tf.saved_model.load(path).signatures["serving_default"]
    return tf.__version__, lambda lr: signature(lr=tf.constant(lr))["sr"].numpy()


def onnxruntime(path: str) -> tuple[str, Forward]:
    """An ONNX file on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return onnxruntime.__version__, lambda lr: session.run(["sr"], {"lr": lr})[0]


def opencv(path: str) -> tuple[str, Forward]:
    """An ONNX file by cv2.dnn."""
    import cv2

    net = cv2.dnn.readNetFromONNX(path)

    def forward(lr: np.ndarray) -> np.ndarray:
        net.setInput(lr)
        return net.forward()

    return cv2.__version__, forward


def litert(path: str, threads: int | None = None) -> tuple[str, Forward]:
    """A TFLite file, its input resized to each picture."""
    import ai_edge_litert
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path, num_threads=threads)
    given, made = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]

    def forward(lr: np.ndarray) -> np.ndarray:
        interpreter.resize_tensor_input(given, lr.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given, lr)
        interpreter.invoke()
        return interpreter.get_tensor(made)

    return ai_edge_litert.__version__, forward


RUNTIMES = {"TensorFlow": tensorflow, "onnxruntime": onnxruntime, "OpenCV": opencv, "LiteRT": litert}


def main(runtime: str, model: str, pictures: str, results: str) -> None:
    """Run the pictures, store the results, print the runtime's version."""
    version, forward = RUNTIMES[runtime](model)
    with np.load(pictures) as given:
        np.savez(results, *(forward(given[name]) for name in given.files))
    print(version)


if __name__ == "__main__":
    main(*sys.argv[1:])
