"""Muon: its matrices, its steps against Keras' own, and what it leaves to Adam."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.models import build_generator
from pyimagesearch.presets import get_config
from pyimagesearch.training.optimizers import Muon, hidden_kernels, orthogonalized
from pyimagesearch.training.phases import build_pretrain

SMOKE = get_config("smoke")
MUON = SMOKE.with_values({"network.name": "light", "network.filters": 8, "network.blocks": 2, "optimizer": "muon"})


@pytest.mark.parametrize("shape", [(27, 8), (8, 27), (16, 16), (432, 48)])
def test_orthogonalized_keeps_the_directions_and_evens_out_their_sizes(shape):
    """Against numpy's SVD: in the basis of its singular vectors the result is about the identity."""
    matrix = np.random.default_rng(0).normal(size=shape).astype("float32") * 1e-3
    u, _, v = np.linalg.svd(matrix, full_matrices=False)
    found = u.T @ keras.ops.convert_to_numpy(orthogonalized(tf.constant(matrix))) @ v.T
    assert np.all((np.diag(found) > 0.6) & (np.diag(found) < 1.25))
    np.testing.assert_allclose(found - np.diag(np.diag(found)), 0, atol=1e-3)


def test_a_gradient_of_zeros_gives_a_step_of_zeros():
    assert not np.any(orthogonalized(tf.zeros((9, 4))))


@pytest.mark.skipif(not hasattr(keras.optimizers, "Muon"), reason="Keras has its own Muon from 3.12 on")
@pytest.mark.parametrize("shape", [(3, 3, 8, 16), (1, 1, 16, 8)])
def test_a_kernel_is_updated_as_keras_muon_updates_its_matrix(shape):
    rng = np.random.default_rng(1)
    start = rng.normal(size=shape).astype("float32")
    kernel, matrix = keras.Variable(start), keras.Variable(start.reshape(-1, shape[-1]))
    ours = Muon([kernel], learning_rate=1e-2)
    theirs = keras.optimizers.Muon(1e-2, weight_decay=0.0, adam_weight_decay=0.0, rms_rate=0.2)
    for _ in range(3):
        gradient = rng.normal(size=shape).astype("float32")
        ours.apply([tf.constant(gradient)], [kernel])
        theirs.apply([tf.constant(gradient.reshape(-1, shape[-1]))], [matrix])
    assert np.abs(kernel.numpy() - start).max() > 1e-3
    np.testing.assert_allclose(kernel.numpy().reshape(matrix.shape), matrix.numpy(), atol=1e-5)


def test_what_is_not_hidden_is_updated_by_adam():
    rng = np.random.default_rng(2)
    start = rng.normal(size=(3, 3, 4, 4)).astype("float32")
    hidden, left, reference = (keras.Variable(start) for _ in range(3))
    muon, adam = Muon([hidden], learning_rate=1e-2, beta_1=0.8), keras.optimizers.Adam(1e-2, beta_1=0.8)
    for _ in range(3):
        gradient = tf.constant(rng.normal(size=start.shape).astype("float32"))
        muon.apply([gradient, gradient], [hidden, left])
        adam.apply([gradient], [reference])
    np.testing.assert_array_equal(left.numpy(), reference.numpy())
    assert np.abs(hidden.numpy() - left.numpy()).max() > 1e-3


def test_hidden_kernels_are_those_between_the_first_and_the_last_layer():
    kernels = hidden_kernels(build_generator(MUON))
    assert [tuple(kernel.shape) for kernel in kernels] == [(3, 3, 8, 8)] * 5  # two blocks of two, and one after them


def test_the_configuration_chooses_the_optimizer_of_phase_1():
    one = tf.distribute.OneDeviceStrategy("/cpu:0")
    assert isinstance(build_pretrain(MUON, one, "float32").training.optimizer, Muon)
    adam = build_pretrain(MUON.with_values({"optimizer": "adam"}), one, "float32").training.optimizer
    assert type(adam) is keras.optimizers.Adam
