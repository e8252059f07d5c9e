"""The two ways downhill: against Keras' Adam, and against SciPy's L-BFGS-B."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.optimize import minimize

from pyimagesearch.art.descent import METHODS, State, lowest
from pyimagesearch.art.style_settings import OPTIMIZERS

SHAPE = (6, 7, 3)
START = np.random.default_rng(0).random(SHAPE, np.float32)
# A quadratic whose lowest point lies outside of [0, 1] for some samples.
AIM = np.random.default_rng(1).uniform(-0.5, 1.5, SHAPE).astype(np.float32)
STEEPNESS = np.random.default_rng(2).uniform(0.1, 50.0, SHAPE).astype(np.float32)


def bowl(picture: np.ndarray) -> tuple[float, np.ndarray]:
    """A loss and its gradient, in which each sample also pulls at the next one."""
    away = picture - AIM
    pull = np.roll(away, 1, axis=1)
    loss = float((STEEPNESS * away**2).sum(dtype=np.float64) / 2 + (away * pull).sum(dtype=np.float64) / 40)
    return loss, STEEPNESS * away + (pull + np.roll(away, -1, axis=1)) / 40


def walk(method: str, steps: int, state: State | None = None) -> list[State]:
    states, state = [], state or State(START)
    for _ in range(steps):
        state = METHODS[method](state, *bowl(state.picture))
        states.append(state)
    return states


def test_adam_takes_the_steps_of_keras():
    optimizer = keras.optimizers.Adam(2e-2, beta_1=0.99, epsilon=0.1)
    variable = tf.Variable(START)
    for state in walk("adam", 30):
        optimizer.apply([bowl(variable.numpy())[1]], [variable])
        variable.assign(tf.clip_by_value(variable, 0.0, 1.0))
        np.testing.assert_allclose(state.picture, variable, atol=1e-5)


def test_lbfgs_finds_the_lowest_point_within_the_bounds_that_scipy_finds():
    expected = minimize(
        lambda x: bowl(x.reshape(SHAPE).astype(np.float32))[0],
        START.ravel(), jac=lambda x: bowl(x.reshape(SHAPE).astype(np.float32))[1].ravel().astype(np.float64),
        method="L-BFGS-B", bounds=[(0, 1)] * START.size,
    )  # fmt: skip
    found = lowest(walk("lbfgs", 80)[-1])
    assert bowl(found)[0] == pytest.approx(expected.fun, rel=1e-4)
    np.testing.assert_allclose(found.ravel(), expected.x, atol=0.01)


def test_the_lowest_picture_of_lbfgs_never_gets_worse():
    losses = [bowl(lowest(state))[0] for state in walk("lbfgs", 40)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0]


def test_lbfgs_leaves_a_loss_that_misled_it():
    # The gradient points uphill: no step helps, and the picture stays where it was.
    state = State(START)
    for _ in range(60):
        loss, gradient = bowl(state.picture)
        state = METHODS["lbfgs"](state, loss, -gradient)
    np.testing.assert_array_equal(lowest(state), START)


@pytest.mark.parametrize("method", OPTIMIZERS)
def test_pictures_stay_in_range_and_a_state_goes_on_bit_for_bit(method):
    states = walk(method, 25)
    assert all(state.picture.min() >= 0 and state.picture.max() <= 1 for state in states)
    assert states[-1].picture.dtype == np.float32
    again = walk(method, 10, states[14])
    np.testing.assert_array_equal(again[-1].picture, states[-1].picture)
    assert [state.step for state in again] == list(range(16, 26))
