"""HTML reports: scores with plots and worst cases; LR beside SR where there is no HR. They need no network."""

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, plots, score_tables
from pyimagesearch.evaluation.figures import GridRow, Panel, Region
from pyimagesearch.evaluation.scores import COMMON, definitions, lr_consistency, scores_in
from pyimagesearch.evaluation.scoring import Outputs, Rows
from pyimagesearch.images import picture_io, resize
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler
from pyimagesearch.system import files
from pyimagesearch.system.outputs import report_folder

WORST = 3  # pictures of each model
WINDOW = 192  # HR pixels: the height of the part of a worst case that is shown

INDEX = "index.html"
PAGE_FILES = re.compile(r"index\.html|(pictures|protocols|speed|perception)\.svg|(worst|picture)_\d+\.png")

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 88rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; } img { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; display: block; overflow-x: auto; }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid #ddd; white-space: nowrap; }
th[scope=colgroup] { text-align: center; border-left: 1px solid #ddd; }
th[scope=row], .words td { text-align: left; } .words td { white-space: normal; } .best { font-weight: bold; }
th[scope=row] { min-width: 9rem; white-space: normal; overflow-wrap: anywhere; font-weight: normal; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(32rem, 100%), 1fr)); gap: 1rem; }
.note { color: #666; }
"""


class WorstCases:
    """Collects the WORST pictures of each model by PSNR on Y. Give it to `evaluate_folder` as `on_scored`.

    It keeps a window of each picture, so that memory does not grow with the pictures.
    """

    def __init__(self) -> None:
        self._cases: dict[str, list[tuple[float, GridRow]]] = {}  # {model: [(PSNR, row)]}, lowest first

    def __call__(self, pair: Pair, outputs: Outputs, rows: Rows) -> None:
        """Take the outputs and scores of one more picture."""
        scale = pair.hr.shape[0] // pair.lr.shape[0]
        for model, scores in rows.items():
            cases = self._cases.setdefault(model, [])
            if len(cases) == WORST and scores["psnr_y"] >= cases[-1][0]:
                continue
            baseline = resize.upscale_bicubic(pair.lr, scale) if BICUBIC not in outputs else outputs[BICUBIC]
            row = worst_row(pair, {BICUBIC: baseline, model: outputs[model]}, scores, scale)
            self._cases[model] = sorted([*cases, (scores["psnr_y"], row)], key=lambda case: case[0])[:WORST]

    def rows(self) -> dict[str, list[GridRow]]:
        """{model: rows of figures.grid, worst first}"""
        return {model: [row for _, row in cases] for model, cases in self._cases.items()}


def worst_row(pair: Pair, outputs: Mapping[str, np.ndarray], scores: Mapping[str, float], scale: int) -> GridRow:
    """LR, bicubic, the model and HR, in a window around the place where the model is farthest from HR.

    `outputs` holds the model last; `scores` are the model's.
    """
    model = list(outputs)[-1]
    size = min(WINDOW, *pair.hr.shape[:2]) // scale * scale
    farthest = figures.region_of_largest_error(pair.hr, outputs[model], size)
    top, left, width = (value // scale * scale for value in (farthest.top, farthest.left, farthest.width))
    window = Region(top, left, size, width)
    small = Region(top // scale, left // scale, size // scale, width // scale)
    hr = window.of(pair.hr).copy()  # not a view, which would keep the whole picture
    shown = {name: window.of(sr).copy() for name, sr in outputs.items()}
    captions = {model: f"{scores['psnr_y']:.2f} dB / {scores['ssim_y']:.4f}"}
    panels = [Panel("LR", figures.nearest(small.of(pair.lr), scale), pair.name)]
    panels += [Panel(title, shown[name], captions.get(name, "")) for name, title in score_tables.labels(shown).items()]
    panels.append(Panel("HR", hr, f"{width}x{size} pixels at {left}, {top}"))
    return panels, figures.region_of_largest_error(hr, shown[model])


def write_scores(folder: str, report: Mapping[str, Any], worst: WorstCases) -> str:
    """Write index.html with its pictures into `folder`; returns the page's path."""
    with report_folder(folder, PAGE_FILES) as filled:
        _write(filled, "Scores", _score_sections(filled, report, worst))
    return files.join(folder, INDEX)


def _score_sections(folder: str, report: Mapping[str, Any], worst: WorstCases) -> list[str]:
    plotted = {f"{name}.svg": figure for name, figure in _plots(report).items()}
    for name, figure in plotted.items():
        figures.save(figure, files.join(folder, name))
    sections = [
        f"<h1>Scores</h1><p class=note>{escape(score_tables.origin(report))}.</p>",
        _left_out(report.get("left_out", ())),
        _table(report, score_tables.means(report), "means"),
        "<h2>Plots</h2><div class=plots>" + "".join(_image(name, name[:-4]) for name in plotted) + "</div>",
        f"<h2>Worst cases</h2><p class=note>The {WORST} pictures of each model with the lowest PSNR on Y, at the place "
        "where it is farthest from HR; below each the marked part, enlarged. PSNR and SSIM are those of the whole "
        "picture, on Y.</p>",
    ]
    for number, (model, rows) in enumerate(worst.rows().items(), start=1):
        figures.save(figures.grid(rows), files.join(folder, f"worst_{number}.png"))
        sections.append(
            f"<h3>{escape(model)}</h3>" + _image(f"worst_{number}.png", f"worst cases of {model}", len(rows[0][0]))
        )
    sections.append("<h2>Every picture</h2>")
    for model, scores in score_tables.by_picture(report).items():
        sections.append(f"<details><summary>{escape(model)}</summary>{_table(report, scores, 'picture')}</details>")
    words = "".join(
        f"<tr><th scope=row><code>{key}</code><td>{escape(text)}" for key, text in definitions(report).items()
    )
    sections.append(f"<h2>Protocols</h2><table class=words>{words}</table><p>{escape(COMMON)}</p>")
    return sections


def _left_out(lines: Sequence[str]) -> str:
    """The pictures that could not be used, with the reasons."""
    return "".join(f"<p class=note>Left out: {escape(line)}</p>" for line in lines)


def _plots(report: Mapping[str, Any]) -> dict[str, Any]:
    models = {name: report["models"][model] for model, name in score_tables.labels(report["models"]).items()}
    psnr = [score for score in scores_in(report) if score.quantity == "PSNR dB"]
    usual = "PSNR on Y, dB"
    plotted = {
        "pictures": plots.by_picture(
            {name: {picture: row["psnr_y"] for picture, row in model["pictures"].items()}
             for name, model in models.items()},
            title="Every picture", unit=usual,
        ),
        "protocols": plots.by_protocol(
            {name: {score.protocol.format(scale=report["scale"]): model["mean"][score.key] for score in psnr}
             for name, model in models.items()},
            title="The same pictures, three protocols", unit="PSNR, dB",
        ),
        "speed": plots.against(
            {name: (model["mean"]["megapixels_per_s"], model["mean"]["psnr_y"]) for name, model in models.items()},
            title="Quality and speed", units=(f"output megapixels a second ({report['device']})", usual), log=True,
        ),
    }  # fmt: skip
    if report.get("vgg_weights"):
        plotted["perception"] = plots.against(
            {name: (model["mean"]["psnr_y"], model["mean"]["vgg19_distance"]) for name, model in models.items()},
            title="Distortion and perception: lower right is better",
            units=(usual, "VGG19 feature distance"),
        )  # fmt: skip
    return plotted


def _table(report: Mapping[str, Any], rows: Mapping[str, Mapping[str, float]], first: str) -> str:
    """Scores as HTML; in the table of means, the best of each column is bold."""
    scores = scores_in(report)
    lines = {name: score_tables.cells(scores, row) for name, row in rows.items()}
    best = [
        (min if score.lower_is_better else max)(
            (line[column] for line in lines.values() if line[column]), key=float, default=""
        )
        for column, score in enumerate(scores)
    ]
    bold = first == "means" and len(rows) > 1
    groups = score_tables.groups(scores, report["scale"])
    html = "<table><tr><td>" + "".join(
        f"<th scope=colgroup colspan={len(columns)}>{escape(protocol)}" for protocol, columns in groups.items()
    )
    html += "<tr><td>" + "".join(f"<th scope=col>{score.quantity}" for score in scores)
    for name, line in lines.items():
        numbers = [f"<td{' class=best' * (bold and cell == top)}>{cell}" for cell, top in zip(line, best, strict=True)]
        html += f"<tr><th scope=row>{escape(name)}" + "".join(numbers)
    return html + "</table>"


def write_comparison(folder: str, lr: str, upscalers: Mapping[str, AnyUpscaler]) -> tuple[str, list[str]]:
    """Without HR: write a page of every picture of the folder `lr` beside each upscaler's output.

    Returns its path, and a line for each picture that could not be used. Raises InputError where none could.
    """
    scale = next(iter(upscalers.values())).scale
    sections = [
        f"<h1>LR beside SR</h1><p class=note>{escape(lr)}, x{scale}. No HR pictures were given, so nothing here says "
        "how near a picture is to the truth: LR consistency only says how far it is from having this LR (RGB PSNR "
        "between LR and the output downscaled by MATLAB-equivalent bicubic, 2 LR pixels cropped). The marked part is "
        "where the last model differs most from bicubic interpolation.</p>"
    ]
    left_out: list[str] = []
    paths = picture_io.list_pictures(lr)
    with report_folder(folder, PAGE_FILES) as filled:
        for number, path in enumerate(paths, start=1):
            try:
                row = comparison_row(path, upscalers)
            except InputError as error:
                left_out.append(str(error))
                continue
            figures.save(figures.grid([row]), files.join(filled, f"picture_{number}.png"))
            sections.append(
                f"<h2>{escape(path.name)}</h2>"
                + _image(f"picture_{number}.png", f"{path.name}, LR beside SR", len(row[0]))
            )
        if len(left_out) == len(paths):
            raise InputError(left_out[0])
        sections.insert(1, _left_out(left_out))
        _write(filled, "LR beside SR", sections)
    return files.join(folder, INDEX), left_out


def comparison_row(path: Path, upscalers: Mapping[str, AnyUpscaler]) -> GridRow:
    """The row of one LR picture: LR, bicubic, every other upscaler. Raises InputError where it cannot be used."""
    scale = next(iter(upscalers.values())).scale
    lr = picture_io.read_rgb(path)
    height, width = lr.shape[:2]
    if min(height, width) < 5:
        raise InputError(f"{path}: {width}x{height} pixels are too few to compare; 5 a side are needed")
    outputs = {BICUBIC: resize.upscale_bicubic(lr, scale)}
    outputs |= {name: upscaler(lr) for name, upscaler in upscalers.items() if name != BICUBIC}
    large = figures.nearest(lr, scale)
    panels = [Panel("LR", large, f"{width}x{height}")]
    for name, title in score_tables.labels(outputs).items():
        consistency = lr_consistency(outputs[name], lr, scale)
        panels.append(Panel(title, outputs[name], f"LR consistency {consistency:.2f} dB"))
    reference = outputs[BICUBIC] if len(outputs) > 1 else large
    return panels, figures.region_of_largest_error(list(outputs.values())[-1], reference)


def _image(name: str, text: str, columns: int = 3) -> str:
    """An <img> of `columns` panels side by side; a panel is at most 20 rem wide."""
    return f'<img src="{name}" alt="{escape(text)}" style="max-width: min(100%, {columns * 20}rem)" loading=lazy>'


def _write(folder: str, title: str, sections: Iterable[str]) -> None:
    head = f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{STYLE}</style>"
    viewport = '<meta name=viewport content="width=device-width">'
    files.write_whole(files.join(folder, INDEX), head + viewport + "\n".join(sections) + "\n")
