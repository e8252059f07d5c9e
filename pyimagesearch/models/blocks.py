"""Layers that Keras lacks, and what several networks are made of. keras.ops only, so that all run on every backend."""

import keras
import numpy as np
from keras import layers, ops

from pyimagesearch.images import resize

PACKAGE = "pyimagesearch"
# What each scale is made of: one upsampling stage a factor.
STAGES = {2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}


def conv(filters: int, size: int = 3, **kwargs) -> layers.Layer:
    """A convolution that keeps height and width (but for its strides)."""
    return layers.Conv2D(filters, size, padding="same", **kwargs)


def batch_norm(synchronized: bool, **kwargs) -> layers.Layer:
    """BatchNorm with Keras' defaults (momentum 0.99, epsilon 1e-3); only TensorFlow can synchronise replicas."""
    return layers.BatchNormalization(synchronized=synchronized and keras.backend.backend() == "tensorflow", **kwargs)


@keras.saving.register_keras_serializable(PACKAGE)
class PixelShuffle(keras.layers.Layer):
    """Sub-pixel convolution's shuffle (Shi et al. 2016): (B, H, W, f*f*C) -> (B, f*H, f*W, C)."""

    def __init__(self, factor: int, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return ops.depth_to_space(x, self.factor, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        *larger, channels = _larger(input_shape, self.factor)
        return (*larger, channels // self.factor**2)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(PACKAGE)
class NearestUpsample(keras.layers.Layer):
    """Each pixel factor x factor times: (B, H, W, C) -> (B, factor*H, factor*W, C).

    Keras' UpSampling2D reshapes by the picture's size, after which a TFLite file no longer knows the channels.
    """

    def __init__(self, factor: int, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        x = ops.concatenate([x] * self.factor**2, axis=-1)
        return ops.depth_to_space(x, self.factor, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        return _larger(input_shape, self.factor)

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(PACKAGE)
class MirrorPad(keras.layers.Layer):
    """`border` pixels more at each side, mirrored with the outermost: (B, H, W, C) -> (B, H+2*border, W+2*border, C).

    H and W are at least `border`.
    """

    def __init__(self, border: int, **kwargs):
        super().__init__(**kwargs)
        self.border = border

    def call(self, x):
        return _mirrored(_mirrored(x, self.border, axis=1), self.border, axis=2)

    def compute_output_shape(self, input_shape):
        batch, height, width, channels = input_shape
        height, width = (None if side is None else side + 2 * self.border for side in (height, width))
        return batch, height, width, channels

    def get_config(self):
        return {**super().get_config(), "border": self.border}


def _mirrored(x, border: int, axis: int):
    """By slices: the ONNX of a symmetric pad crashes OpenCV 5.0, and PyTorch has neither that nor negative steps."""

    def line(at: int):
        return x[(slice(None),) * axis + (slice(at, at + 1 or None),)]

    before, after = map(line, reversed(range(border))), (line(-1 - at) for at in range(border))
    return ops.concatenate([*before, x, *after], axis=axis)


def _larger(shape, factor: int):
    """The shape of pictures `factor` times as large."""
    batch, height, width, channels = shape
    height, width = (None if side is None else side * factor for side in (height, width))
    return batch, height, width, channels


@keras.saving.register_keras_serializable(PACKAGE)
class SpectralConv2D(layers.Conv2D):
    """A convolution whose kernel, as a matrix, is divided by its largest singular value.

    Miyato et al., "Spectral Normalization for GANs", ICLR 2018 (arXiv 1802.05957): a power iteration a training call.
    The gradient passes through the division, as in the paper. Keras' SpectralNormalization overwrites the kernel with
    the divided one in every forward pass instead.
    """

    def build(self, input_shape):
        super().build(input_shape)
        # All replicas compute the same vector.
        self.singular_vector = self.add_weight(
            name="singular_vector", shape=(1, self.filters), initializer="random_normal", trainable=False,
            aggregation="only_first_replica",
        )  # fmt: skip

    def call(self, x, training=False):
        kernel = ops.cast(self.kernel, "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        fixed = ops.stop_gradient(matrix)
        left = _unit(ops.matmul(ops.cast(self.singular_vector, "float32"), ops.transpose(fixed)))
        right = _unit(ops.matmul(left, fixed))
        if training:
            self.singular_vector.assign(right)
        largest = ops.matmul(ops.matmul(left, matrix), ops.transpose(right))[0, 0]
        x = self.convolution_op(x, ops.cast(kernel / largest, x.dtype))
        x = x if self.bias is None else x + self.bias
        return x if self.activation is None else self.activation(x)


def _unit(vector):
    return vector / (ops.norm(vector) + 1e-12)


@keras.saving.register_keras_serializable(PACKAGE)
class BicubicUpsample(keras.layers.Layer):
    """Bicubic interpolation (Keys, a = -0.5, mirrored borders) as a fixed convolution and a pixel shuffle.

    (B, H, W, 3) -> (B, scale*H, scale*W, 3). A convolution compiles under XLA and exports everywhere, which the
    resize operations do not. Needs H and W of at least 2.
    """

    def __init__(self, scale: int, **kwargs):
        super().__init__(**kwargs)
        self.scale = scale
        self._kernel = _bicubic_kernel(scale)

    def call(self, x):
        x = _mirrored(_mirrored(x, 2, axis=1), 2, axis=2)
        x = ops.conv(x, ops.cast(self._kernel, x.dtype), padding="valid", data_format="channels_last")
        return ops.depth_to_space(x, self.scale, data_format="channels_last")

    def compute_output_shape(self, input_shape):
        return _larger(input_shape, self.scale)

    def get_config(self):
        return {**super().get_config(), "scale": self.scale}


def _bicubic_kernel(scale: int) -> np.ndarray:
    """(5, 5, 3, scale*scale*3): for each of the scale x scale phases of an output pixel, its 5x5 weights."""
    phase = (np.arange(scale) + 0.5) / scale - 0.5  # where the output pixels lie around an input pixel
    weights = resize.cubic(phase[:, None] - np.arange(-2, 3))  # (scale, 5)
    kernel = np.einsum("yi,xj,cd->ijcyxd", weights, weights, np.eye(3))
    return kernel.reshape(5, 5, 3, scale * scale * 3).astype("float32")
