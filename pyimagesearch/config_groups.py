"""The groups of a training configuration. Standard library only."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyimagesearch.errors import InputError

SCALES = (2, 3, 4, 8)
CONTENT_INPUTS = ("imagenet", "signed")
CONTENT_CRITERIA = ("mse", "l1")
AUGMENTATIONS = ("dihedral", "flip")
CONTENT_LAYERS = tuple(
    f"block{block}_conv{conv}" for block, convs in enumerate((2, 2, 4, 4, 4), start=1) for conv in range(1, convs + 1)
)
Options = Mapping[str, int | float | bool | str]


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """The generator."""

    name: str  # one of models.GENERATORS
    options: Options = field(default_factory=dict)  # arguments of its function, such as filters and blocks
    scale: int = 4  # HR size over LR size
    start: str = ""  # a shipped model or a .keras file whose weights training starts from; empty: random weights

    def __post_init__(self) -> None:
        one_of("network.scale", self.scale, SCALES)


@dataclass(frozen=True, kw_only=True)
class DiscriminatorConfig:
    """The discriminator of phase 2."""

    name: str = "tutorial"  # one of models.DISCRIMINATORS
    options: Options = field(default_factory=dict)  # arguments of its function, such as filters
    start: str = ""  # a .keras file whose weights training starts from, as a run leaves it; empty: random weights


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What a training batch is made of."""

    crop: int = 96  # side of an HR training crop, pixels
    augment: str = "dihedral"  # all 8 flips and turns of the square; "flip": left-right alone
    batch: int  # crops per replica and step
    degradations: str = ""  # one of DEGRADATION_PRESETS, by which LR is made of the HR crops; empty: the records' LR
    global_batch: int = 0  # crops per step over all replicas; 0: batch times the number of replicas

    def __post_init__(self) -> None:
        one_of("data.augment", self.augment, AUGMENTATIONS)
        at_least("data.batch", self.batch, 1)
        at_least("data.global_batch", self.global_batch, 0)


@dataclass(frozen=True, kw_only=True)
class PretrainConfig:
    """Phase 1: the generator against a pixel loss."""

    steps: int
    loss: str = "mse"  # one of losses.PIXEL_LOSSES
    sharpen: bool = False  # compare with HR after unsharp masking (losses.sharpened)
    rate: float = 1e-4  # learning rate
    decay: str = "constant"  # of the rate over all of the phase's steps, one of optimizers.DECAYS

    def __post_init__(self) -> None:
        at_least("pretrain.steps", self.steps, 0)
        above("pretrain.rate", self.rate, 0)


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """Phase 2: generator and discriminator against each other."""

    steps: int
    rate: float = 1e-4  # learning rate of generator and discriminator
    decay: str = "constant"  # of the rate over all of the phase's steps, one of optimizers.DECAYS
    # The weight of each of the generator's losses, by their names in losses.GENERATOR_LOSSES. What has no weight, or 0,
    # is not computed. The defaults are those of Ledig et al., eq. 3.
    losses: Mapping[str, float] = field(default_factory=lambda: {"content": 1.0, "adversarial": 1e-3})
    sharpen: bool = False  # the pixel and the content loss compare with HR after unsharp masking (losses.sharpened)
    # The weight of each of VGG19's layers in the content loss; names of CONTENT_LAYERS.
    content_layers: Mapping[str, float] = field(default_factory=lambda: {"block5_conv4": 1.0})
    content_scale: float = 1 / 12.75  # the features are multiplied by it (Ledig et al., section 3.2)
    content_input: str = "imagenet"  # VGG19 sees pictures as it was trained on them; "signed": RGB in [-1, 1]
    content_criterion: str = "mse"  # of the features, one of CONTENT_CRITERIA
    content_before_relu: bool = False  # the features before the ReLU of their layers, as ESRGAN compares them
    discriminator_loss: str = "bce"  # one of losses.GAN_LOSSES
    concatenate_batches: bool = False  # the discriminator sees fakes and reals as one batch (one BatchNorm statistic)
    vgg_weights: str = "imagenet"  # "imagenet", "random" or the path of an .h5 file

    def __post_init__(self) -> None:
        at_least("finetune.steps", self.steps, 0)
        above("finetune.rate", self.rate, 0)
        above("finetune.content_scale", self.content_scale, 0)
        one_of("finetune.content_input", self.content_input, CONTENT_INPUTS)
        one_of("finetune.content_criterion", self.content_criterion, CONTENT_CRITERIA)
        for name, weight in self.losses.items():
            at_least(f"finetune.losses.{name}", weight, 0)
        if not self.content_layers:
            raise InputError(f"finetune.content_layers must name one or several of {', '.join(CONTENT_LAYERS)}")
        for layer, weight in self.content_layers.items():
            one_of("finetune.content_layers", layer, CONTENT_LAYERS)
            above(f"finetune.content_layers.{layer}", weight, 0)


@dataclass(frozen=True, kw_only=True)
class IntervalsConfig:
    """Steps between events, and how many checkpoints and validation pictures there are.

    They change no weights; what is validated, and when, chooses the best model of each phase.
    """

    steps_per_call: int = 20  # at most so many steps run inside one tf.function call
    log_every: int = 100
    validate_every: int = 1000
    validation_pictures: int = 10  # the first so many of the test split
    sample_every: int = 5000
    checkpoint_every: int = 1000
    keep_checkpoints: int = 3
    patience: int = 0  # validations without a better one after which a phase ends early; 0: it takes all of its steps

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            at_least(f"intervals.{name}", value, 0 if name == "patience" else 1)


def one_of(name: str, value: Any, choices: tuple) -> None:
    if value not in choices:
        raise InputError(f"{name} must be one of {', '.join(map(str, choices))}; received {value}")


def at_least(name: str, value: float, least: float) -> None:
    if not least <= value < float("inf"):
        raise InputError(f"{name} must be at least {least}, received {value}")


def above(name: str, value: float, bound: float) -> None:
    if not bound < value < float("inf"):
        raise InputError(f"{name} must be above {bound}, received {value}")
