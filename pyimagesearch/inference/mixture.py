"""Generators between trained ones: the weighted mean of their weights, at the cost of one network.

Wang et al., "Deep Network Interpolation for Continuous Imagery Effect Transition", CVPR 2019 (arXiv 1811.10515). It
works between networks of which one was trained from the other, or both from a third.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import keras
import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.inference.precision import for_inference
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, Upscaler, load_upscaler
from pyimagesearch.models import loading

# From faithful to crisp in a row, from clean pictures to damaged photographs over the rows.
SHIPPED = (("light", "light-gan"), ("photo", "photo-gan"))
RELATED = 0.3  # least cosine between the kernels of two networks that can be mixed; without training in common it is 0


class Single:
    """One model, as a mixture that cannot be changed."""

    sliders: tuple[str, ...] = ()

    def __init__(self, name: str, precision: str = "auto"):
        self.names = [name]
        self._upscaler = load_upscaler(name, precision)
        self.scale = self._upscaler.scale

    def at(self, **amounts: float) -> AnyUpscaler:
        """The upscaler. Raises InputError where an amount is given."""
        _check(self.sliders, amounts)
        return self._upscaler

    def weights(self) -> list[np.ndarray]:
        """The weights of the network; none of bicubic."""
        return self._upscaler.model.get_weights() if isinstance(self._upscaler, Upscaler) else []


class Mixture:
    """The upscalers of every mix of the models in a grid of names. Models are loaded when a mix needs them.

    grid: rows of (faithful, GAN); of two rows the first was trained on clean pictures, the second on damaged ones.
    precision: as that of load_upscaler.
    """

    def __init__(self, grid: Sequence[tuple[str, str]], precision: str = "auto"):
        self.names = [name for row in grid for name in row]
        self.sliders = ("clean", "crisp") if len(grid) > 1 else ("crisp",)
        if BICUBIC in self.names:
            raise InputError("`gan_model` and `crisp` mix two trained models; bicubic is none")
        self._grid = grid
        self._precision = for_inference(precision)
        self._carrier: tuple[str, keras.Model, Upscaler] | None = None
        self._weights: dict[str, list[np.ndarray]] = {}

    @property
    def scale(self) -> int:
        """How many times larger results are."""
        return self._load(self.names[-1]).scale

    def at(self, **amounts: float) -> Upscaler:
        """The upscaler of a mix. The next call changes the weights of the same upscaler.

        clean: 0 for the row of clean pictures, 1 for that of damaged ones (a grid of two rows alone).
        crisp: 0 for faithful, 1 for the GAN models. What is missing is 1. Raises InputError.
        """
        weights = self.weights(**amounts)
        assert self._carrier
        _, network, upscaler = self._carrier
        for variable, weight in zip(network.weights, weights, strict=True):
            variable.assign(weight)
        return upscaler

    def weights(self, **amounts: float) -> list[np.ndarray]:
        """The weights of a mix, in the order of the network's own, which are not changed. Raises InputError."""
        shares = self._shares(amounts)
        for _, name in shares:
            self._load(name)
        mixed = ([share * weight for weight in self._weights[name]] for share, name in shares)
        return [sum(rows[1:], start=rows[0]) for rows in zip(*mixed, strict=True)]

    def _shares(self, amounts: dict[str, float]) -> list[tuple[float, str]]:
        """How much of which model a mix has, without those of which it has nothing. Raises InputError."""
        _check(self.sliders, amounts)
        clean, crisp = amounts.get("clean", 1.0), amounts.get("crisp", 1.0)
        rows = (1.0 - clean, clean) if len(self._grid) > 1 else (1.0,)
        return [
            (row * column, name)
            for names, row in zip(self._grid, rows, strict=True)
            for name, column in zip(names, (1.0 - crisp, crisp), strict=True)
            if row * column
        ]

    def _load(self, name: str) -> Upscaler:
        """Keep the weights of a model; the first one's network carries every mix. Raises InputError."""
        if name not in self._weights:
            model = loading.load_generator(name, self._precision)
            if not self._carrier:
                self._carrier = (name, model, Upscaler(model, loading.generator_scale(model)))
            else:
                _check_related(*self._carrier[:2], name, model)
            self._weights[name] = [weight.numpy() for weight in model.weights]
        assert self._carrier
        return self._carrier[2]


AnyModels = Single | Mixture


@dataclass(frozen=True)
class Choice:
    """Which upscaler, as the flags of `srgan upscale` name it, so that other processes can load the same one.

    model, gan_model: those of load_models. amounts: of `clean` and `crisp`, where they are given. scale: how many times
    larger results are, None for what the model makes. precision: as that of load_upscaler; this process decides what
    auto is, so that others do the same.
    """

    model: str | None = None
    gan_model: str | None = None
    amounts: Mapping[str, float] = field(default_factory=dict)
    scale: int | None = None
    precision: str = "auto"

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", for_inference(self.precision))

    def load(self) -> AnyUpscaler:
        """The upscaler. Raises InputError where there is none."""
        upscaler = load_models(self.model, self.gan_model, self.precision).at(**self.amounts)
        return upscaler if self.scale is None else upscaler.at_scale(self.scale)


def load_models(model: str | None = None, gan_model: str | None = None, precision: str = "auto") -> AnyModels:
    """One model, two that can be mixed, or, without names, the four that ship, in a precision of load_upscaler.

    Raises InputError.
    """
    if gan_model and not model:
        raise InputError("`gan_model` is the crisp end of a mix whose other end is missing; name it by `model`")
    if not model:
        return Mixture(SHIPPED, precision)
    return Mixture([(model, gan_model)], precision) if gan_model else Single(model, precision)


def load_mixture(clean: float = 1.0, crisp: float = 1.0, precision: str = "auto") -> Upscaler:
    """The upscaler of a mix of the four models that ship.

    Args:
        clean: from 0, trained on clean pictures (light, light-gan), to 1, on damaged photographs (photo, photo-gan).
        crisp: from 0, the least error (light, photo), to 1, likely detail (light-gan, photo-gan).
        precision: as that of load_upscaler.

    Returns:
        A callable as that of load_upscaler. Its network is as fast as that of any of the four.

    Raises:
        InputError: an amount is not in [0, 1].

    Example:
        sr = load_mixture(clean=0.5, crisp=0.8)(lr)  # (30, 40, 3) uint8 to (120, 160, 3) uint8
    """
    return Mixture(SHIPPED, precision).at(clean=clean, crisp=crisp)


def _check(sliders: Sequence[str], amounts: dict[str, float]) -> None:
    for name, amount in amounts.items():
        if not 0 <= amount <= 1:
            raise InputError(f"`{name}` must be at least 0 and at most 1, received {amount}")
        if name not in sliders:
            needs = "`gan_model` beside `model`" if name == "crisp" else "the models that ship: leave `model` out"
            raise InputError(f"`{name}` mixes models, and needs {needs}")


def _check_related(name: str, model: keras.Model, other_name: str, other: keras.Model) -> None:
    """Raise InputError where the mean of two networks' weights would make no sense."""
    pair = f"{name} and {other_name} cannot be mixed"
    scales = [loading.generator_scale(each) for each in (model, other)]
    if scales[0] != scales[1]:
        raise InputError(f"{pair}: x{scales[0]} and x{scales[1]}; name models of one scale")
    shapes = [[tuple(weight.shape) for weight in each.weights] for each in (model, other)]
    kinds = [[type(layer) for layer in each.layers] for each in (model, other)]
    if shapes[0] != shapes[1] or kinds[0] != kinds[1]:
        raise InputError(f"{pair}: their networks differ; name models of one network, such as both of a training run")
    first, second = (
        np.concatenate([weight.numpy().ravel() for weight in each.weights if len(weight.shape) == 4])
        for each in (model, other)
    )
    if first @ second < RELATED * np.linalg.norm(first) * np.linalg.norm(second):
        raise InputError(
            f"{pair}: neither was trained from the other, so the mean of their weights is no picture; name both of "
            "one training run, or models that were trained from one `network.start`"
        )
