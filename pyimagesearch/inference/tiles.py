"""The size of a tile: how many LR pixels a side go through the network at once.

A tile is chosen by memory: as large as fits into a budget together with the context around it, between the bounds
below. `tile` of upscale_file and `srgan upscale --tile` set it instead.
"""

import keras
import tensorflow as tf

from pyimagesearch.system import memory

DEFAULT_TILE = 384  # at least, until `for_free_memory` is asked or the caller sets one
LARGEST_TILE = 512  # chosen by memory at most; keeps a picture of 12 megapixels under 3 GB
LEAST_TILE = 32  # smaller ones spend nearly all their work on the context
TILE_MEMORY = 1 << 30  # bytes that a network may take for one tile
PROBE = 64  # LR pixels a side of the graph whose memory is counted


def default(bytes_per_pixel: float, context: int) -> int:
    """The tile before anybody has looked at the free memory. context: LR pixels around a tile."""
    return max(DEFAULT_TILE, _within(TILE_MEMORY, bytes_per_pixel, context))


def for_free_memory(bytes_per_pixel: float, context: int, reserved: int) -> int:
    """The tile for half of the memory that is free beside `reserved` bytes, and for TILE_MEMORY at most."""
    budget = min(max(0, memory.available() - reserved) // 2, TILE_MEMORY)
    return max(LEAST_TILE, _within(budget, bytes_per_pixel, context))


def _within(budget: int, bytes_per_pixel: float, context: int) -> int:
    """The largest tile that takes at most `budget` bytes with its context."""
    return min(LARGEST_TILE, int((budget / bytes_per_pixel) ** 0.5) - 2 * context)


def bytes_per_pixel(model: keras.Model) -> float:
    """About the bytes that the network needs for an LR pixel: the tensors of its largest operation, and half as much
    again for what else is alive then."""
    traced = tf.function(lambda lr: model(lr, training=False), autograph=False)
    graph = traced.get_concrete_function(tf.TensorSpec([1, PROBE, PROBE, 3], tf.float32)).graph
    largest = max(sum(map(_bytes, [*op.inputs, *op.outputs])) for op in graph.get_operations())
    return 1.5 * largest / PROBE**2


def _bytes(tensor: tf.Tensor) -> int:
    return (tensor.shape.num_elements() or 0) * tensor.dtype.size
