"""The config.json of version 0.1, whose fields lay flat, in today's groups."""

from collections.abc import Mapping
from typing import Any

from pyimagesearch.config import GROUPS, MOVED

OF_OTHER_NETWORKS = {"light": ("upsample_filters", "residual_scale"), "srresnet": ("residual_scale",),
                     "faces": ("residual_scale",), "edsr": ("upsample_filters",),
                     "srcnn": ("blocks", "upsample_filters", "residual_scale")}  # fmt: skip


def grouped(values: Mapping[str, Any]) -> dict[str, Any]:
    """The groups of a configuration: `values` as they are where they have groups, otherwise each field in its place.

    Raises KeyError, TypeError or ValueError where they are no configuration.
    """
    if isinstance(values.get("network"), dict):
        return dict(values)
    left_out = {*OF_OTHER_NETWORKS[values["generator"]], "label_border"}  # srcnn's follows from its scale now
    nested: dict[str, Any] = {group: {} for group in GROUPS}
    for name, value in values.items():
        if name in left_out:
            continue
        if name == "content_layer":
            parts = (part.partition(":") for part in value.split(","))
            nested["finetune"]["content_layers"] = {layer: float(weight or 1) for layer, _, weight in parts}
        elif name == "discriminator":
            nested["discriminator"]["name"] = value
        elif name not in MOVED:
            nested[name] = value
        else:
            _put(nested, MOVED[name], value)
    return nested


def _put(nested: dict[str, Any], name: str, value: Any) -> None:
    group, key, *inner = name.split(".")
    if inner:
        nested[group].setdefault(key, {})
        if value:  # a loss of weight 0 is not among the losses
            nested[group][key][inner[0]] = value
    elif name in ("network.filters", "network.blocks", "network.upsample_filters", "network.residual_scale",
                  "discriminator.filters"):  # fmt: skip
        nested[group].setdefault("options", {})[key] = value
    else:
        nested[group][key] = value


def dotted(nested: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `to_dict` by their dotted names."""
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        flat |= {f"{name}.{inner}": v for inner, v in value.items()} if name in GROUPS else {name: value}
    return flat
