"""A generator at a scale as an ONNX graph that gets its weights last: one conversion serves every mix of weights."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from pyimagesearch.errors import RunError, one_line
from pyimagesearch.export.formats import OPSET
from pyimagesearch.inference.scales import Shrinker
from pyimagesearch.system import console

LR = tf.TensorSpec([1, None, None, 3], tf.float32, name="lr")


class OnnxGraph:
    """`lr`, float32 RGB in [0, 255], (1, H, W, 3), to `sr`, (1, scale*H, scale*W, 3): clipped, not rounded."""

    def __init__(self, network: keras.Model, made: int, scale: int):
        """Convert a network of the scale `made`, which takes a second; a smaller `scale` shrinks as Upscaler does.

        Raises RunError where it cannot be converted.
        """
        names = {id(variable): f"weight{index}" for index, variable in enumerate(network.weights)}
        shrinker = Shrinker(made, scale) if scale < made else None

        def forward(lr: tf.Tensor, *weights: tf.Tensor) -> dict[str, tf.Tensor]:
            given = dict(zip(names, weights, strict=True))
            trained, other = (
                [given[id(variable)] for variable in variables]
                for variables in (network.trainable_variables, network.non_trainable_variables)
            )
            sr = tf.clip_by_value(network.stateless_call(trained, other, lr, training=False)[0], 0.0, 255.0)
            return {"sr": tf.clip_by_value(shrinker(sr), 0.0, 255.0) if shrinker else sr}

        specs = [tf.TensorSpec(each.shape, each.dtype, name=names[id(each)]) for each in network.weights]
        self._proto = _converted(tf.function(forward, input_signature=[LR, *specs], autograph=False), network.name)
        self._names = list(names.values())

    def file(self, weights: Sequence[np.ndarray]) -> bytes:
        """The ONNX file with these weights, in the order of the network's own. May be called by several threads."""
        import onnx

        proto = onnx.ModelProto()
        proto.CopyFrom(self._proto)
        # Constants from here on: a runtime may then rearrange them once, when it loads the file.
        del proto.graph.input[1:]
        named = zip(self._names, weights, strict=True)
        proto.graph.initializer.extend(onnx.numpy_helper.from_array(np.asarray(each), name) for name, each in named)
        return proto.SerializeToString()


def _converted(forward: tf.types.experimental.GenericFunction, name: str):
    """The onnx.ModelProto of a function, its inputs in the order of the arguments."""
    import tf2onnx

    try:
        with console.hidden_native_stderr():
            return tf2onnx.convert.from_function(forward, input_signature=forward.input_signature, opset=OPSET)[0]
    except Exception as error:
        raise RunError(f"{name} cannot be converted to ONNX ({one_line(error)[:200]})") from None
