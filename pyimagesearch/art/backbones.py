"""The networks whose layers dreams amplify, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import tensorflow as tf

from pyimagesearch.errors import InputError
from pyimagesearch.models.inception import INCEPTION_LAYERS, build_inception
from pyimagesearch.models.vgg import VGG_LAYERS, build_vgg

PROBE = 128  # pixels a side of the graph whose memory is counted
FEATURES = ("Conv2D", "FusedBatchNormV3", "Relu", "MaxPool", "AvgPool", "ConcatV2")  # operations that make some
BYTES = 3.0  # of memory for each number of the features; 2.1 were measured for VGG19 and 2.9 for InceptionV3


@dataclass(frozen=True)
class Backbone:
    """A network.

    layers: the pixels a side that each layer needs at least. default: the layers that are amplified unless told
    otherwise. build: (names of layers, weights, argument=...) -> an extractor of RGB in [0, 255].
    """

    layers: dict[str, int]
    default: tuple[str, ...]
    build: Callable[..., keras.Model]


BACKBONES = {
    "inception_v3": Backbone(INCEPTION_LAYERS, ("mixed3", "mixed5"), build_inception),
    "vgg19": Backbone(VGG_LAYERS, ("block4_conv3", "block5_conv2"), build_vgg),
}


def find_backbone(name: str) -> Backbone:
    """The network of this name. Raises InputError, which lists the names."""
    if name not in BACKBONES:
        raise InputError(f"`backbone` must be {' or '.join(BACKBONES)}, received {name}")
    return BACKBONES[name]


def chosen_layers(name: str, layers: Sequence[str] | None) -> tuple[str, ...]:
    """The layers of a network that are named, or its default. Raises InputError, which lists the valid ones."""
    backbone = find_backbone(name)
    if layers is None:
        return backbone.default
    unknown = [layer for layer in layers if layer not in backbone.layers]
    if unknown or not layers or len(set(layers)) < len(layers):
        wrong = f"{name} has no layer {unknown[0]}" if unknown else "takes one or more layers, each once"
        raise InputError(f"`layers` {','.join(layers)}: {wrong}; valid for {name}: {', '.join(backbone.layers)}")
    return tuple(layers)


def gradient_bytes(extractor: keras.Model) -> float:
    """About the bytes that the gradient of the features needs for each pixel of a tile."""
    traced = tf.function(lambda rgb: extractor(rgb, training=False), autograph=False)
    graph = traced.get_concrete_function(tf.TensorSpec([1, PROBE, PROBE, 3], tf.float32)).graph
    features = [op.outputs[0] for op in graph.get_operations() if op.type in FEATURES]
    return BYTES * sum(feature.shape.num_elements() or 0 for feature in features) / PROBE**2
