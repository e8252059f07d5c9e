"""How a style transfer walks downhill: Adam, or L-BFGS.

Both are functions of the state before: `advance` takes a state with the loss and the gradient (H, W, 3) at its picture,
and returns the next state. A state holds all that goes on, so that one which was stored goes on as if nothing had been.
Pictures are float32 (H, W, 3), and stay in [0, 1].
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

RATE, BETA_1, BETA_2, EPSILON = 2e-2, 0.99, 0.999, 0.1  # of Adam
HISTORY = 10  # pairs of differences that L-BFGS keeps
FIRST_CHANGE = 2e-2  # of a sample at L-BFGS' first step, at most
HALVINGS = 8  # of a step of L-BFGS, before it begins anew with the gradient


Arrays = tuple[np.ndarray, ...]
Memory = dict[str, Any]  # arrays, and tuples of arrays


@dataclass(frozen=True)
class State:
    """picture: where the loss is to be asked next. memory: what else the method keeps, by name."""

    picture: np.ndarray
    step: int = 0
    memory: Memory = field(default_factory=dict)


Advance = Callable[[State, float, np.ndarray], State]


def adam(state: State, _: float, gradient: np.ndarray) -> State:
    """Adam (Kingma and Ba, ICLR 2015) with Keras' place of epsilon; samples are clipped to [0, 1] after each step."""
    step = state.step + 1
    mean, square = (state.memory.get(name, np.zeros_like(gradient)) for name in ("mean", "square"))
    mean = mean + (gradient - mean) * np.float32(1 - BETA_1)
    square = square + (np.square(gradient) - square) * np.float32(1 - BETA_2)
    rate = np.float32(RATE * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step))
    picture = np.clip(state.picture - rate * mean / (np.sqrt(square) + np.float32(EPSILON)), 0.0, 1.0)
    return State(picture, step, {"mean": mean, "square": square})


def lbfgs(state: State, loss: float, gradient: np.ndarray) -> State:
    """L-BFGS (Nocedal 1980) whose steps are clipped to [0, 1], and halved until the loss falls."""
    memory = state.memory
    if not memory or loss < memory["loss"]:
        memory = _accepted(memory, state.picture, loss, gradient)
    else:
        tries = memory["tries"] + 1
        misled = tries == HALVINGS and memory["moves"]
        memory = _downhill(memory) if misled else {**memory, "tries": tries, "length": memory["length"] / 2}
    point, length = memory["point"], np.float32(memory["length"])
    return State(np.clip(point + length * memory["direction"], 0.0, 1.0), state.step + 1, memory)


METHODS: dict[str, Advance] = {"adam": adam, "lbfgs": lbfgs}


def lowest(state: State) -> np.ndarray:
    """The picture to show: that of the least loss where the method knows it, else the latest."""
    return state.memory.get("point", state.picture)


def _accepted(memory: Memory, point: np.ndarray, loss: float, gradient: np.ndarray) -> Memory:
    """What is known at a new lowest point, with the direction from there."""
    moves, turns = memory.get("moves", ()), memory.get("turns", ())
    if memory:
        move, turn = point - memory["point"], gradient - memory["gradient"]
        if _dot(move, turn) > 0:  # the loss is convex along the move, as the method supposes
            moves, turns = (*moves, move)[-HISTORY:], (*turns, turn)[-HISTORY:]
    memory = {"point": point, "loss": np.float64(loss), "gradient": gradient, "moves": moves, "turns": turns}
    if not moves:
        return _downhill(memory)
    # A sample at a bound that would leave it takes no part.
    free = ~(((point <= 0) & (gradient > 0)) | ((point >= 1) & (gradient < 0)))
    direction = -_curved(gradient * free, moves, turns) * free
    if _dot(direction, gradient) >= 0:
        return _downhill(memory)
    return {**memory, "direction": direction, "length": np.float64(1), "tries": np.int64(0)}


def _downhill(memory: Memory) -> Memory:
    """Forget the history: against the gradient, with a step of FIRST_CHANGE."""
    gradient = memory["gradient"]
    length = FIRST_CHANGE / max(float(np.abs(gradient).max()), 1e-30)
    return {**memory, "moves": (), "turns": (), "direction": -gradient, "length": np.float64(length),
            "tries": np.int64(0)}  # fmt: skip


def _curved(gradient: np.ndarray, moves: Arrays, turns: Arrays) -> np.ndarray:
    """The gradient times the inverse Hessian that the history tells: the two loops of Nocedal and Wright 2006, 7.4."""
    vector = gradient.copy()
    parts = []
    for move, turn in zip(moves[::-1], turns[::-1], strict=True):
        part = _dot(move, vector) / _dot(move, turn)
        vector -= np.float32(part) * turn
        parts.append(part)
    vector *= np.float32(_dot(moves[-1], turns[-1]) / _dot(turns[-1], turns[-1]))
    for move, turn, part in zip(moves, turns, reversed(parts), strict=True):
        vector += np.float32(part - _dot(turn, vector) / _dot(move, turn)) * move
    return vector


def _dot(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.einsum("hwc,hwc->", a, b, dtype=np.float64))
