"""Plots of numbers: scores by model, curves, bars.

A model has the same colour and mark in every plot that is given the same models in the same order.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pyimagesearch.evaluation.captions import fitted, plain, widest

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")  # Paul Tol's "bright"
MARKS = "osD^vPX"  # one more than colours, so that 42 models differ in one or the other
NAMED = 20  # pictures; the names of more do not fit
NAME, LEGEND, SMALL = 1.8, 5.4, 8  # inches of a picture's name and of a line of the legend; points


def by_picture(scores: Mapping[str, Mapping[str, float]], *, title: str, unit: str) -> Figure:
    """{model: {picture: score}}: the pictures side by side, the one with the first model's lowest score first."""
    first = next(iter(scores.values()))
    order = sorted(first, key=first.__getitem__)
    figure, axes = _axes(title)
    for number, (model, values) in enumerate(scores.items()):
        heights = [values[picture] for picture in order]
        axes.plot(range(len(order)), heights, **_look(number), linewidth=1, markersize=5, label=_label(model))
    if len(order) <= NAMED:
        names = [fitted(picture, NAME, SMALL) for picture in order]
        axes.set_xticks(range(len(order)), names, rotation=40, ha="right", rotation_mode="anchor", fontsize=SMALL)
    else:
        axes.set_xlabel(f"{len(order)} pictures, hardest for {fitted(next(iter(scores)), LEGEND / 2, SMALL)} first")
    axes.set_ylabel(unit)
    axes.grid(axis="y", alpha=0.3)
    _legend(figure, scores)
    return figure


def by_protocol(scores: Mapping[str, Mapping[str, float]], *, title: str, unit: str) -> Figure:
    """{model: {protocol: score}}: a row a protocol, a mark a model."""
    protocols = list(next(iter(scores.values())))
    figure, axes = _axes(title)
    for number, (model, values) in enumerate(scores.items()):
        # Shifted a little, so that equal scores do not hide each other.
        shift = (number - (len(scores) - 1) / 2) * 0.12
        rows = [row + shift for row in range(len(protocols))]
        axes.plot(
            [values[protocol] for protocol in protocols],
            rows,
            **_look(number),
            linestyle="",
            label=_label(model),
        )
    axes.set_yticks(range(len(protocols)), protocols)
    axes.set_ylim(len(protocols) - 0.5, -0.5)
    axes.set_xlabel(unit)
    axes.grid(axis="x", alpha=0.3)
    _legend(figure, scores)
    return figure


def against(
    points: Mapping[str, tuple[float, float]], *, title: str, units: tuple[str, str], log: bool = False
) -> Figure:
    """{model: (x, y)}: a mark a model; `log` is for x."""
    figure, axes = _axes(title)
    for number, (model, (x, y)) in enumerate(points.items()):
        axes.plot([x], [y], **_look(number), linestyle="", markersize=9, label=_label(model))
    axes.set(xlabel=units[0], ylabel=units[1])
    axes.margins(0.25)
    if log:
        _logarithmic(axes, [x for x, _ in points.values()])
    axes.grid(alpha=0.3)
    _legend(figure, points)
    return figure


def over_time(curves: Mapping[str, Sequence[tuple[float, float]]], *, title: str, units: tuple[str, str]) -> Figure:
    """{model: [(x, y), ...]}: a line a model."""
    figure, axes = _axes(title)
    for number, (model, points) in enumerate(curves.items()):
        axes.plot(*zip(*points, strict=True), **_look(number), markersize=4, label=_label(model))
    axes.set(xlabel=units[0], ylabel=units[1])
    axes.grid(alpha=0.3)
    _legend(figure, curves)
    return figure


def bars(values: Mapping[str, float], *, title: str, unit: str) -> Figure:
    """A horizontal bar for each value, all from zero, so that lengths compare."""
    figure = Figure(figsize=(7, 0.9 + 0.45 * len(values)), dpi=150, layout="constrained")
    axes = figure.add_subplot()
    drawn = axes.barh([plain(name) for name in values], list(values.values()), color="#4477aa")
    axes.bar_label(drawn, labels=[_three_digits(value) for value in values.values()], padding=4)
    axes.set(title=title, xlabel=unit, xlim=(0, max(values.values()) * 1.15))  # the rest is for the label
    axes.xaxis.set_major_formatter("{x:,g}")
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def _axes(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4), dpi=150, facecolor="white", layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title, loc="left", fontsize=11, weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _logarithmic(axes: Axes, values: Sequence[float]) -> None:
    """Make the x axis logarithmic, with plain numbers at 1, 2, 5, 10 and so on."""
    low, high = min(values) / 2, max(values) * 2
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [digit * 10.0**exponent for exponent in exponents for digit in (1, 2, 5)]
    axes.set(xscale="log", xlim=(low, high))
    axes.set_xticks([tick for tick in ticks if low <= tick <= high], minor=False)
    axes.set_xticks([], minor=True)
    axes.xaxis.set_major_formatter("{x:g}")


def _look(number: int) -> dict[str, Any]:
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKS[number % len(MARKS)]}


def _label(model: str) -> str:
    return fitted(model, LEGEND, SMALL)


def _legend(figure: Figure, models: Iterable[str]) -> None:
    """Below the plot, in as many columns as the longest name leaves room for."""
    names = [_label(model) for model in models]
    columns = max(1, min(len(names), 3, int(LEGEND / (widest(names, SMALL) + 0.5))))  # the rest is for the mark
    figure.legend(loc="outside lower center", ncols=columns, frameon=False, fontsize=SMALL)


def _three_digits(value: float) -> str:
    """`26,512`, `176`, `17.5`, `0.123`: whole from 100 on, three significant digits below."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
