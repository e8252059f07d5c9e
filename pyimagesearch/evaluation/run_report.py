"""The picture report of a run: grid, zooms and scores.json."""

import dataclasses
import itertools
import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.pairs import Pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import figures, scoring
from pyimagesearch.evaluation.figures import GridRow, Panel
from pyimagesearch.evaluation.folders import folder_pairs
from pyimagesearch.evaluation.run_steps import trained_steps
from pyimagesearch.inference.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, load_upscaler
from pyimagesearch.system.files import check_bucket, exists, join
from pyimagesearch.system.outputs import check_report_folder, report_folder

logger = logging.getLogger(__name__)

TITLES = {BICUBIC: "bicubic", "pretrained": "pretrained", "srgan": "SRGAN"}
NO_STEPS: Mapping[str, str] = {}
IMAGES = "images"  # the folder of the report in a run folder
REPORT_FILES = re.compile(r"(grid|zoom_\w+)\.(png|pdf)|scores\.json")  # what reports consist of
FILES = {"pretrained": "pretrained_generator.keras", "srgan": "generator.keras"}  # as the run folder names them


def draw_report(
    output: str = "outputs",
    *,
    tfrecords: str = "tfrecord",
    hr: str | None = None,
    lr: str | None = None,
    rows: int = 8,
    file_format: str = "png",
) -> tuple[str, dict[str, Any]]:
    """Draw the grid, the zooms and scores.json of a run into its folder `images`.

    output: the run folder, local or gs://. tfrecords: the records whose test pictures are drawn. hr: a folder of HR
    pictures instead of those; lr: the folder of their LR pictures (None makes them by MATLAB-equivalent bicubic).
    rows: at most so many pictures. file_format: png or pdf.

    Returns the path of the grid and the scores, a report like that of `evaluate_folder`. Raises InputError where the
    run has no model, or where models and pictures have different scales.

    Example:
        path, report = draw_report("outputs/demo", tfrecords="tfrecord/demo")
    """
    if lr and not hr:
        raise InputError("`lr` belongs to `hr` DIR, which is missing")
    if rows < 1:
        raise InputError(f"`rows` must be at least 1, received {rows}")
    check_report_folder("output", join(output, IMAGES))
    upscalers, missing = load_run(output)
    for line in missing:
        logger.info(line)
    scale = upscalers[BICUBIC].scale
    pairs = folder_pairs(hr, lr, scale) if hr else _test_pictures(tfrecords, scale)
    return draw(output, upscalers, pairs, rows=rows, file_format=file_format, hr=hr or tfrecords, lr=lr)


def load_run(folder: str) -> tuple[dict[str, AnyUpscaler], list[str]]:
    """The upscalers of a run folder, bicubic first, and a line for each phase that was not trained."""
    check_bucket(folder)
    trained: dict[str, AnyUpscaler] = {}
    missing = []
    for name, file in FILES.items():
        path = join(folder, "models", file)
        if exists(path):
            trained[name] = load_upscaler(path, "float32")
        else:
            missing.append(f"{path} does not exist: the column {TITLES[name]} is left out")
    if not trained:
        raise InputError(f"{folder}: holds no trained model (models/{FILES['srgan']}); train one with train_srgan.py")
    scales = {upscaler.scale for upscaler in trained.values()}
    if len(scales) > 1:
        raise InputError(f"{folder}: the two generators have different scales {sorted(scales)}")
    return {BICUBIC: BicubicUpscaler(scales.pop()), **trained}, missing


def _test_pictures(tfrecords: str, scale: int) -> Iterable[Pair]:
    manifest = read_manifest(tfrecords)
    if manifest.scale != scale:
        raise InputError(f"{tfrecords}: records of scale {manifest.scale}, but the run's models are x{scale}")
    return read_pictures(tfrecords, manifest)


def draw(
    folder: str,
    upscalers: dict[str, AnyUpscaler],
    pairs: Iterable[Pair],
    *,
    rows: int,
    file_format: str,
    hr: str,
    lr: str | None,
) -> tuple[str, dict[str, Any]]:
    """Draw the report of these upscalers on the first `rows` usable pairs; hr and lr say in scores.json where the pairs
    come from."""
    grid_rows: list[GridRow] = []
    pictures: dict[str, scoring.Rows] = {}
    left_out: list[str] = []
    steps = trained_steps(folder)
    for pair, outputs, scores in itertools.islice(scoring.scored(pairs, upscalers, left_out), rows):
        pictures[pair.name] = scores
        grid_rows.append(row(pair, outputs, scores, upscalers[BICUBIC].scale, steps))
    report = scoring.summarize(pictures, left_out, hr=hr, lr=lr, scale=upscalers[BICUBIC].scale)
    images, name = join(folder, IMAGES), f"grid.{file_format}"
    with report_folder(images, REPORT_FILES) as filled:
        figures.save(figures.grid(grid_rows), join(filled, name))
        for model in upscalers:
            zoomed = [(_named(panels, TITLES[model]), region) for panels, region in grid_rows]
            title = " ".join(filter(None, (TITLES[model], zoomed[0][0].note)))
            figures.save(figures.zoom(title, zoomed), join(filled, f"zoom_{model}.{file_format}"))
        scoring.write_json(join(filled, "scores.json"), report)
    return join(images, name), report


def row(
    pair: Pair, outputs: scoring.Outputs, scores: scoring.Rows, scale: int, steps: Mapping[str, str] = NO_STEPS
) -> GridRow:
    """The row of one picture: panels of LR, of each model and of HR, and the region where bicubic loses most.

    steps: how long models were trained, for the line below their titles.
    """
    height, width = pair.lr.shape[:2]
    panels = [Panel("LR", figures.nearest(pair.lr, scale), f"{pair.name}  {width}x{height}")]
    for name, sr in outputs.items():
        caption = f"{scores[name]['psnr_y']:.2f} dB / {scores[name]['ssim_y']:.4f}"
        panels.append(Panel(TITLES[name], sr, caption, steps.get(name, "")))
    panels.append(Panel("HR", pair.hr, "PSNR / SSIM on Y"))
    return panels, figures.region_of_largest_error(pair.hr, outputs[BICUBIC])


def _named(panels: Sequence[Panel], title: str) -> Panel:
    """The panel of this title, whose caption begins with the name of its picture."""
    panel = next(panel for panel in panels if panel.title == title)
    return dataclasses.replace(panel, caption=f"{panels[0].caption}   {panel.caption}")
