"""The optimizers and their learning rates.

Muon for convolutions takes steps of equal size in every direction of a kernel's matrix.

Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the step size of Liu et al., "Muon
is Scalable for LLM Training" (arXiv 2502.16982), under which Adam's learning rates fit. Keras' own Muon, from 3.12 on,
leaves convolutions to Adam.
"""

from collections.abc import Callable

import keras
import tensorflow as tf
from keras import ops

from pyimagesearch.system.registry import Registry

COEFFICIENTS = 3.4445, -4.7750, 2.0315  # Jordan et al.: steep at 0, so that few iterations do
ITERATIONS = 5
MOMENTUM = 0.95
ADAM_SIZE = 0.2  # root mean square of Adam's usual steps, in learning rates (Liu et al., section 2.2)


class Muon(keras.optimizers.Adam):
    """Adam, but Muon on the kernels in `hidden`.

    hidden: kernels of convolutions, (h, w, cin, cout) float32; each is updated as a matrix (h*w*cin, cout). Jordan et
    al. leave the first and the last layer, and all that is no matrix, to Adam.
    """

    def __init__(self, hidden: list[keras.Variable], **kwargs):
        super().__init__(**kwargs)
        self._hidden = hidden
        self._hidden_indices: set[int] = set()

    def build(self, variables):
        super().build(variables)
        self._hidden_indices = {self._get_variable_index(kernel) for kernel in self._hidden}

    def update_step(self, gradient, variable, learning_rate):
        index = self._get_variable_index(variable)
        if index not in self._hidden_indices:
            super().update_step(gradient, variable, learning_rate)
            return
        momentum = self._momentums[index]
        self.assign_add(momentum, gradient + (MOMENTUM - 1) * momentum)
        ahead = ops.reshape(gradient + MOMENTUM * momentum, (-1, variable.shape[-1]))  # Nesterov's
        size = ADAM_SIZE * max(ahead.shape) ** 0.5
        step = ops.cast(learning_rate, variable.dtype) * size * orthogonalized(ahead)
        self.assign_sub(variable, ops.reshape(step, variable.shape))


def orthogonalized(matrix):
    """Of (m, n) = U S V', about U V': Newton-Schulz iterations bring all but tiny singular values to around 1."""
    if matrix.shape[0] > matrix.shape[1]:
        return ops.transpose(orthogonalized(ops.transpose(matrix)))
    a, b, c = COEFFICIENTS
    x = matrix / (ops.norm(matrix) + 1e-7)
    for _ in range(ITERATIONS):
        gram = ops.matmul(x, ops.transpose(x))
        x = a * x + ops.matmul(b * gram + c * ops.matmul(gram, gram), x)
    return x


def hidden_kernels(model: keras.Model) -> list[keras.Variable]:
    """The kernels of the model's convolutions but the first, which reads a picture, and the last, which draws one."""
    return [variable for variable in model.trainable_variables if len(variable.shape) == 4][1:-1]


# f(rate, steps) -> a function from the step to the learning rate. Names for pretrain.decay and finetune.decay.
DECAYS: Registry[Callable] = Registry("decay of the learning rate")


@DECAYS.register("constant")
def _constant(rate: float, _steps: int) -> Callable:
    return lambda _: rate


@DECAYS.register("cosine")
def _cosine(rate: float, steps: int) -> Callable:
    """Down to 0 at the last step."""
    return keras.optimizers.schedules.CosineDecay(rate, max(steps, 1))


@DECAYS.register("fifths")
def _fifths(rate: float, steps: int) -> Callable:
    """Halved after each fifth, as ESRGAN is pretrained."""
    return _halved(rate, [steps * part / 5 for part in range(1, 5)])


@DECAYS.register("eighths")
def _eighths(rate: float, steps: int) -> Callable:
    """Halved after an eighth, a quarter, a half and three quarters, as ESRGAN is finetuned."""
    return _halved(rate, [steps * part for part in (1 / 8, 1 / 4, 1 / 2, 3 / 4)])


def _halved(rate: float, boundaries: list[float]) -> Callable:
    rates = [rate / 2**times for times in range(len(boundaries) + 1)]
    return keras.optimizers.schedules.PiecewiseConstantDecay([round(step) for step in boundaries], rates)


class RateSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """The schedule of a learning rate, times a variable that slows it down.

    rate: at the first step. decay: one of DECAYS. steps: of the phase.
    """

    def __init__(self, rate: float, decay: str, steps: int, slowdown: tf.Variable):
        super().__init__()
        self._schedule, self._slowdown = DECAYS[decay](rate, steps), slowdown

    def __call__(self, step):
        return self._schedule(step) * self._slowdown


def build_optimizer(
    kind: str, rate: RateSchedule, model: keras.Model, *, beta_1: float, precision: str
) -> keras.Optimizer:
    """Adam or Muon for the weights of `model`, with its variables made; in float16 with a scaled loss.

    kind: one of config.OPTIMIZERS. beta_1: Adam's decay of its mean of the gradients.
    """
    settings = {"learning_rate": rate, "beta_1": beta_1}
    optimizer = Muon(hidden_kernels(model), **settings) if kind == "muon" else keras.optimizers.Adam(**settings)
    if precision == "float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(model.trainable_variables)  # before the first step: inside a tf.function it would fail
    return optimizer
