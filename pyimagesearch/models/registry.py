"""Where generators and discriminators register, and what each declares of itself."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras

from pyimagesearch.errors import InputError
from pyimagesearch.system.registry import Registry

Build = Callable[..., keras.Model]


def stacked_convolutions(model: keras.Model) -> int:
    """The receptive field of a plain stack of convolutions: LR pixels around a pixel, counted at LR size."""
    convolutions = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    return sum(max(layer.kernel_size) // 2 for layer in convolutions)


@dataclass(frozen=True)
class Generator:
    """A generator and what it declares.

    build(scale=..., **options) gives the model, which is called by the registered name.
    receptive_field(model): how many LR pixels around a pixel decide its SR pixels, at most; None where it has to be
        measured.
    label_border(scale): HR pixels at each side of a crop that pretraining leaves out of the loss.
    """

    build: Build
    receptive_field: Callable[[keras.Model], int] | None
    label_border: Callable[[int], int]


GENERATORS: Registry[Generator] = Registry("generator", "pyimagesearch.models.generators")
DISCRIMINATORS: Registry[Build] = Registry("discriminator", "pyimagesearch.models.discriminators")


def register_generator(
    name: str,
    *,
    receptive_field: Callable[[keras.Model], int] | None = None,
    label_border: Callable[[int], int] = lambda _: 0,
) -> Callable[[Build], Build]:
    """A decorator for a function that builds a generator; its keyword arguments are the network's options."""

    def add(build: Build) -> Build:
        GENERATORS.register(name)(Generator(build, receptive_field, label_border))
        return build

    return add


def register_discriminator(name: str) -> Callable[[Build], Build]:
    """A decorator for a function that builds a discriminator; its keyword arguments are the network's options."""
    return DISCRIMINATORS.register(name)


def call_with_options(group: str, build: Build, options: Mapping[str, Any], **given: Any) -> keras.Model:
    """build(**given, **options), without those of `given` that it does not take.

    Raises InputError for an option that is none of its arguments, is not of its type, or is no positive number.
    """
    arguments = inspect.signature(build).parameters
    choices = [name for name in arguments if name not in given]
    for name, value in options.items():
        if name not in choices:
            raise InputError(f"`{group}.{name}`: no option of this network; valid: {', '.join(choices)}")
        _check_option(f"`{group}.{name}`", value, arguments[name].annotation)
    return build(**{name: value for name, value in given.items() if name in arguments}, **options)


def default_options(build: Build, *given: str) -> dict[str, Any]:
    """The options of a network and their defaults; `given` are arguments that are none of its options."""
    arguments = inspect.signature(build).parameters.values()
    return {argument.name: argument.default for argument in arguments if argument.name not in given}


def _check_option(name: str, value: Any, kind: Any) -> None:
    if kind is bool or isinstance(value, bool):
        if kind is not type(value):
            raise InputError(f"{name} must be {'true or false' if kind is bool else 'a number'}, received {value}")
    elif kind in (int, float):
        if not isinstance(value, int | kind):
            raise InputError(f"{name} must be a {'whole ' if kind is int else ''}number, received {value}")
        if kind is int and value < 1:
            raise InputError(f"{name} must be at least 1, received {value}")
        if not 0 < value < float("inf"):
            raise InputError(f"{name} must be above 0, received {value}")


def check_multiple_of_4(name: str, value: int) -> None:
    """Raise InputError unless `value` channels can be shuffled into four pixels."""
    if value % 4:
        raise InputError(f"`{name}` must be a multiple of 4, received {value}")
