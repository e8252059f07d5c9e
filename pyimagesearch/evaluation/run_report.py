"""The picture report of a run: grid, zooms and scores.json."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, scoring
from pyimagesearch.evaluation.figures import Panel, Region
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, load_upscaler
from pyimagesearch.system.files import check_bucket, exists, join

TITLES = {BICUBIC: "bicubic", "pretrained": "pretrained", "srgan": "SRGAN"}
FILES = {"pretrained": "pretrained_generator.keras", "srgan": "generator.keras"}  # as the run folder names them


def load_run(folder: str) -> tuple[dict[str, AnyUpscaler], list[str]]:
    """The upscalers of a run folder, bicubic first, and a line for each phase that was not trained."""
    check_bucket(folder)
    found: dict[str, AnyUpscaler] = {}
    missing = []
    for name, file in FILES.items():
        path = join(folder, "models", file)
        if exists(path):
            found[name] = load_upscaler(path)
        else:
            missing.append(f"{path} does not exist: the column {TITLES[name]} is left out")
    if not found:
        raise InputError(f"{folder}: holds no trained model (models/{FILES['srgan']}); train one with train_srgan.py")
    scales = {upscaler.scale for upscaler in found.values()}
    if len(scales) > 1:
        raise InputError(f"{folder}: the two generators have different scales {sorted(scales)}")
    return {BICUBIC: BicubicUpscaler(scales.pop()), **found}, missing


Row = tuple[list[Panel], Region]


def row(pair: Pair, outputs: dict[str, np.ndarray], scores: scoring.Rows, scale: int) -> Row:
    """The panels of one picture: LR, a model each, HR; and the region to enlarge."""
    height, width = pair.lr.shape[:2]
    panels = [Panel("LR", figures.nearest(pair.lr, scale), f"{pair.name}  {width}x{height}")]
    for name, sr in outputs.items():
        panels.append(Panel(TITLES[name], sr, f"{scores[name]['psnr_y']:.2f} dB / {scores[name]['ssim_y']:.4f}"))
    panels.append(Panel("HR", pair.hr, "PSNR / SSIM on Y"))
    return panels, figures.telling_region(pair.hr, outputs[BICUBIC])


def draw(
    folder: str, upscalers: dict[str, AnyUpscaler], pairs: Iterable[Pair], *, file_format: str, hr: str, lr: str | None
) -> tuple[str, dict[str, Any]]:
    """Write images/grid.*, a zoom per model and scores.json into the run folder; the grid's path and the scores."""
    rows: list[Row] = []
    scores: dict[str, scoring.Rows] = {}
    for pair, outputs, found in scoring.scored(pairs, upscalers):
        scores[pair.name] = found
        rows.append(row(pair, outputs, found, upscalers[BICUBIC].scale))
    grid_path = join(folder, "images", f"grid.{file_format}")
    figures.save(figures.grid(rows), grid_path)
    first, region = rows[0]
    for name in upscalers:
        panel = next(panel for panel in first if panel.title == TITLES[name])
        figures.save(figures.zoom(panel, region), join(folder, "images", f"zoom_{name}.{file_format}"))
    report = scoring.summarize(scores, hr=hr, lr=lr, scale=upscalers[BICUBIC].scale)
    scoring.write_json(join(folder, "images", "scores.json"), report)
    return grid_path, report
