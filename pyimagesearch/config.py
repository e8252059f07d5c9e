"""The configuration of a training run: a frozen dataclass that refuses nonsense. Standard library only.

`finetune.rate` is the field `rate` of the group `finetune`. Names of networks and losses are checked where these are
looked up, since knowing them takes Keras.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyimagesearch.config_groups import (
    DataConfig,
    DiscriminatorConfig,
    FinetuneConfig,
    IntervalsConfig,
    NetworkConfig,
    PretrainConfig,
    at_least,
    one_of,
)
from pyimagesearch.errors import InputError

SMALLEST_CROP = 16  # HR pixels a side
OPTIMIZERS = ("adam", "muon")
COMPRESSIONS = ("none", "png")  # of the pixels in the records
PRECISIONS = ("auto", "float32", "bfloat16", "float16")
XLA = ("auto", "on", "off")
DEVICES = ("gpu", "tpu", "cpu")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One training run. Fields without a default are what a preset has to decide."""

    preset: str
    network: NetworkConfig
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    data: DataConfig
    pretrain: PretrainConfig
    finetune: FinetuneConfig
    intervals: IntervalsConfig = field(default_factory=IntervalsConfig)
    seed: int = 42  # of initial weights, order of the samples, augmentation
    sync_batch_norm: bool = True  # BatchNorm statistics over the global batch, not one replica's part
    optimizer: str = "adam"  # of the generator, one of OPTIMIZERS; muon gains in short runs, a step costs more
    adam_beta1: float = 0.9  # of every Adam: the decay of its mean of the gradients, per step
    ema: float = 0.0  # decay of the moving average of the generator's weights per step, less at first; 0 keeps none
    precision: str = "auto"  # one of PRECISIONS
    xla: str = "auto"  # one of XLA; auto: on for a TPU and for a single GPU

    def __post_init__(self) -> None:
        one_of("optimizer", self.optimizer, OPTIMIZERS)
        one_of("precision", self.precision, PRECISIONS)
        one_of("xla", self.xla, XLA)
        at_least("seed", self.seed, 0)
        if self.seed > 2**31:
            raise InputError(f"seed must be at most {2**31}, received {self.seed}")
        for name in ("ema", "adam_beta1"):
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 0 and below 1, received {getattr(self, name)}")
        check_crop(self.data.crop, self.network.scale, "data.crop")

    def to_dict(self) -> dict[str, Any]:
        """Nested dictionaries of plain values, for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "TrainConfig":
        """The inverse of `to_dict`. Raises InputError, also where groups or fields are missing."""
        try:
            groups = {name: GROUPS[name](**value) if name in GROUPS else value for name, value in values.items()}
            return cls(**groups)
        except (TypeError, AttributeError) as error:
            raise InputError(f"not a training configuration ({error})") from None

    def with_values(self, values: Mapping[str, Any]) -> "TrainConfig":
        """A copy with some fields changed, by their dotted names. Another network loses the options of the one before.

        Example: config.with_values({"finetune.rate": 2e-4, "network.filters": 32, "finetune.losses.pixel": 0.1})
        """
        nested = self.to_dict()
        for group in ("network", "discriminator"):
            if values.get(f"{group}.name", nested[group]["name"]) != nested[group]["name"]:
                nested[group]["options"] = {}  # another network begins with the defaults of its own
        for name, value in values.items():
            holder, key = _place(nested, name)
            holder[key] = value
            if isinstance(value, int | float) and not value and name.startswith("finetune.content_layers."):
                del holder[key]  # a layer of weight 0 is left out
        return TrainConfig.from_dict(nested)

    def with_settings(self, settings: list[str]) -> "TrainConfig":
        """A copy with every `FIELD=VALUE` of `settings` applied; FIELD is a dotted name."""
        values: dict[str, Any] = {}
        for setting in settings:
            name, equals, text = setting.partition("=")
            if not equals:
                raise InputError(f"--set takes FIELD=VALUE, received {setting}")
            values[name] = _parse(name, text, _place(self.to_dict(), name))
        return self.with_values(values)


GROUPS: dict[str, type] = {
    "network": NetworkConfig,
    "discriminator": DiscriminatorConfig,
    "data": DataConfig,
    "pretrain": PretrainConfig,
    "finetune": FinetuneConfig,
    "intervals": IntervalsConfig,
}
MAPPINGS = {"options", "losses", "content_layers"}


def field_names() -> list[str]:
    """The dotted names of all fields but `preset`."""
    names = []
    for own in dataclasses.fields(TrainConfig):
        group = GROUPS.get(own.name)
        names += [f"{own.name}.{inner.name}" for inner in dataclasses.fields(group)] if group else [own.name]
    return [name for name in names if name != "preset"]


def check_crop(crop: int, scale: int, name: str = "`crop`") -> None:
    """Raise InputError, which calls it `name`, unless `crop` HR pixels align with LR pixels and suit the networks."""
    if crop < SMALLEST_CROP or crop % scale:
        wanted = f"at least {SMALLEST_CROP} and a multiple of the scale {scale}"
        raise InputError(f"{name} must be {wanted}, received {crop}")


def _place(nested: dict[str, Any], name: str) -> tuple[dict[str, Any], str]:
    """The dictionary and the key that a dotted name means. Raises InputError for a name that is none."""
    if name in MOVED:
        raise InputError(f"--set: {name} is called {MOVED[name]} now")
    group, _, rest = name.partition(".")
    if not rest and group in nested and group not in GROUPS and group != "preset":
        return nested, group
    if group in GROUPS and rest:
        key, _, inner = rest.partition(".")
        if not inner and key in nested[group]:
            return nested[group], key
        if inner and key in MAPPINGS and key in nested[group]:
            return nested[group][key], inner
        if not inner and "options" in nested[group] and key.isidentifier():
            return nested[group]["options"], key  # the network's function says whether it has such an argument
    raise InputError(f"--set: unknown field {name}; valid fields: {', '.join(sorted(field_names()))}")


def _parse(name: str, text: str, place: tuple[dict[str, Any], str]) -> Any:
    """The value of a setting, of the type of the value that it replaces."""
    holder, key = place
    before = holder.get(key, 0.0 if name.startswith("finetune.") else None)
    if isinstance(before, bool):
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise InputError(f"{name} must be true or false, received {text}")
    if isinstance(before, str):
        return text
    try:
        if isinstance(before, dict):
            value = json.loads(text)
            if isinstance(value, dict):
                return value
            raise ValueError
        return type(before)(text) if before is not None else _literal(text)
    except ValueError:
        kind = {int: "a whole number", dict: 'a JSON object such as {"name": 1}'}.get(type(before), "a number")
        raise InputError(f"{name} must be {kind}, received {text}") from None


def _literal(text: str) -> Any:
    """The value of an option that the preset does not give: a number, true, false or text."""
    try:
        return json.loads(text.lower() if text.lower() in ("true", "false") else text)
    except ValueError:
        return text


# The flat names of version 0.1 and what they are called now.
MOVED = {
    "generator": "network.name",
    "filters": "network.filters",
    "blocks": "network.blocks",
    "upsample_filters": "network.upsample_filters",
    "residual_scale": "network.residual_scale",
    "scale": "network.scale",
    "start": "network.start",
    "discriminator_filters": "discriminator.filters",
    "crop": "data.crop",
    "augment": "data.augment",
    "batch": "data.batch",
    "global_batch": "data.global_batch",
    "pretrain_steps": "pretrain.steps",
    "pretrain_loss": "pretrain.loss",
    "pretrain_rate": "pretrain.rate",
    "pretrain_decay": "pretrain.decay",
    "finetune_steps": "finetune.steps",
    "finetune_rate": "finetune.rate",
    "finetune_decay": "finetune.decay",
    "adversarial_weight": "finetune.losses.adversarial",
    "content_weight": "finetune.losses.content",
    "pixel_weight": "finetune.losses.pixel",
    "grid_weight": "finetune.losses.grid",
    "content_layer": "finetune.content_layers",
    "content_scale": "finetune.content_scale",
    "content_input": "finetune.content_input",
    "discriminator_loss": "finetune.discriminator_loss",
    "concatenate_batches": "finetune.concatenate_batches",
    "vgg_weights": "finetune.vgg_weights",
    **{name.name: f"intervals.{name.name}" for name in dataclasses.fields(IntervalsConfig)},
}
