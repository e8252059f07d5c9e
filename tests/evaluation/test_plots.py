"""Plots of scores show every value once, under its name."""

import numpy as np
import pytest

from pyimagesearch.evaluation import figures, plots

SCORES = {
    "bicubic": {"a.png": 31.0, "b.png": 22.0, "c.png": 26.5},
    "light": {"a.png": 33.0, "b.png": 24.0, "c.png": 27.0},
}


def lines(figure) -> dict[str, tuple[list[float], list[float]]]:
    (axes,) = figure.axes
    return {line.get_label(): (list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines}


def ticks(axis) -> list[str]:
    return [label.get_text() for label in axis.get_ticklabels()]


def test_pictures_are_ordered_by_the_first_model_and_named():
    figure = plots.by_picture(SCORES, title="Every picture", unit="dB")
    assert lines(figure) == {"bicubic": ([0, 1, 2], [22.0, 26.5, 31.0]), "light": ([0, 1, 2], [24.0, 27.0, 33.0])}
    assert ticks(figure.axes[0].xaxis) == ["b.png", "c.png", "a.png"]


def test_many_pictures_are_counted_instead_of_named():
    many = {"bicubic": {f"{number}.png": float(number) for number in range(plots.NAMED + 1)}}
    figure = plots.by_picture(many, title="Every picture", unit="dB")
    assert not any(".png" in text for text in ticks(figure.axes[0].xaxis))
    assert figure.axes[0].get_xlabel() == "21 pictures, hardest for bicubic first"


def test_protocols_are_rows_from_top_to_bottom():
    figure = plots.by_protocol(
        {"bicubic": {"Y": 28.4, "RGB": 26.7}, "light": {"Y": 31, "RGB": 29}}, title="", unit="dB"
    )
    assert ticks(figure.axes[0].yaxis) == ["Y", "RGB"]
    assert figure.axes[0].yaxis_inverted()
    assert lines(figure)["light"][0] == [31, 29]


@pytest.mark.parametrize(
    ("speeds", "expected"),
    [((2.8, 6.4), ["2", "5", "10"]), ((0.04, 30), ["0.02", "0.05", "0.1"]), ((8, 8), ["5", "10"])],
)
def test_speeds_are_written_as_people_do(speeds, expected):
    points = {str(number): (speed, 28.0) for number, speed in enumerate(speeds)}
    figure = plots.against(points, title="", units=("MP/s", "dB"), log=True)
    assert ticks(figure.axes[0].xaxis)[: len(expected)] == expected
    assert lines(figure)["0"] == ([speeds[0]], [28.0])


def test_every_plot_can_be_drawn_and_names_its_models():
    curve = [(0.0, 23.0), (5.0, 28.0)]
    for figure in (
        plots.by_picture(SCORES, title="t", unit="dB"),
        plots.by_protocol(SCORES, title="t", unit="dB"),
        plots.against({"bicubic": (1.0, 2.0), "light": (3.0, 4.0)}, title="t", units=("x", "y")),
        plots.over_time({"bicubic": curve, "light": curve}, title="t", units=("minutes", "dB")),
    ):
        picture = figures.to_array(figure)
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 10
        (legend,) = figure.legends
        assert [text.get_text() for text in legend.get_texts()] == ["bicubic", "light"]


def test_any_name_of_a_model_or_picture_can_be_drawn():
    figure = plots.by_picture({"_a$b_$": {"c$d_$.png": 1.0, "e": 2.0}}, title="t", unit="dB")
    figures.to_array(figure)
    assert [text.get_text().strip() for text in figure.legends[0].get_texts()] == [r"_a\$b_\$"]


def test_bars_are_labelled_in_plain_figures_that_stay_inside():
    values = {
        "ours, cached": 26_512.3,
        "ours": 6_123.4,
        "the tutorial's layout": 176.4,
        "a step": 4.157,
        "slow": 0.0123,
    }
    figure = plots.bars(values, title="Loading", unit="crops/s")
    pixels = figures.to_array(figure)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.texts] == ["26,512", "6,123", "176", "4.16", "0.0123"]
    right = max(label.get_window_extent().x1 for label in axes.texts)
    assert right < pixels.shape[1] - 20


def test_bars_begin_at_zero_so_that_lengths_compare():
    (axes,) = plots.bars({"ours": 30.0, "tutorial": 10.0}, title="Loading", unit="crops/s").axes
    assert axes.get_xscale() == "linear"
    assert [bar.get_x() for bar in axes.patches] == [0, 0]
    assert axes.get_xlim()[0] == 0


def test_long_names_stay_inside_the_figure():
    path = "/work/runs/a/rather/long/path/of/an/experiment/{}/models/generator.keras"
    scores = {path.format(model): {f"{number}{'x' * 60}.png": 20.0 for number in range(9)} for model in "ab"}
    figure = plots.by_picture(scores, title="t", unit="dB")
    pixels = figures.to_array(figure)
    (legend,) = figure.legends
    box = legend.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= pixels.shape[1]
    assert figure.axes[0].get_window_extent().height > pixels.shape[0] / 3
