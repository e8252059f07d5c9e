"""The curves of a run: losses and validation over the steps of each phase, out of history.csv."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pyimagesearch.evaluation.plots import COLOURS

TITLES = {"pretrain": "Phase 1", "finetune": "Phase 2"}
VALIDATION = {
    "validation_psnr_y": "PSNR on Y, dB",
    "validation_vgg19_distance": "VGG19 distance",
    "validation_vgg19_frechet": "VGG19 Frechet distance",
}


def draw(rows: Sequence[Mapping[str, str]], bicubic: Mapping[str, float]) -> Figure:
    """rows: of history.csv. bicubic: its scores on the validation pictures, drawn as lines."""
    phases = [phase for phase in TITLES if any(row["phase"] == phase for row in rows)]
    figure = Figure(
        figsize=(14 if any(row.get("validation_vgg19_distance") for row in rows) else 9, 3.4 * len(phases)),
        dpi=110,
        facecolor="white",
        layout="constrained",
    )
    for line, phase in enumerate(phases):
        here = [row for row in rows if row["phase"] == phase]
        losses = [name for name in here[-1] if name.endswith("loss") and any(row.get(name) for row in here)]
        shown = [name for name in VALIDATION if any(row.get(name) for row in here)]
        cells = 1 + max(1, len(shown))
        left = figure.add_subplot(len(phases), cells, line * cells + 1)
        _losses(left, here, losses, TITLES[phase])
        for column, name in enumerate(shown):
            panel = figure.add_subplot(len(phases), cells, line * cells + 2 + column)
            _curve(panel, here, name, COLOURS[column])
            panel.set(title=VALIDATION[name], xlabel="step")
            score = bicubic.get(name.removeprefix("validation_"))
            if score is not None:
                panel.axhline(score, color="#777777", linestyle="--", linewidth=1, label="bicubic")
                panel.legend(frameon=False, fontsize=8)
    return figure


def _losses(axes: Axes, rows: Sequence[Mapping[str, str]], names: Sequence[str], title: str) -> None:
    for number, name in enumerate(names):
        _curve(axes, rows, name, COLOURS[number % len(COLOURS)], label=name.removesuffix("_loss"))
    axes.set(title=f"{title}: losses", xlabel="step", yscale="log")
    axes.legend(frameon=False, fontsize=8)


def _curve(axes: Axes, rows: Sequence[Mapping[str, str]], name: str, colour: str, label: str | None = None) -> None:
    points = [(int(row["step"]), float(row[name])) for row in rows if row.get(name)]
    axes.plot(
        *zip(*points, strict=True), color=colour, linewidth=1.3, marker="." if len(points) < 30 else "", label=label
    )
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
