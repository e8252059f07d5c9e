"""Scores of whole pictures, through the upscaler that users get."""

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pyimagesearch import images, metrics
from pyimagesearch.data.pairs import Pair, match_lr, read_pair
from pyimagesearch.errors import UserError
from pyimagesearch.files import write_whole
from pyimagesearch.upscaler import BICUBIC, AnyUpscaler, BicubicUpscaler, load_upscaler

SCORES = ("psnr_y", "ssim_y", "psnr_rgb", "lr_consistency_db", "seconds")


def scores(sr: np.ndarray, pair: Pair, scale: int) -> dict[str, float]:
    """psnr_y, ssim_y and psnr_rgb with `scale` pixels cropped; lr_consistency_db with 2 LR pixels cropped.

    lr_consistency_db is the RGB PSNR between the LR picture and the bicubic-downscaled SR picture.
    """
    back = images.downscale(sr, scale)
    return {
        "psnr_y": float(metrics.psnr_y(sr[None], pair.hr[None], scale)[0]),
        "ssim_y": float(metrics.ssim_y(sr[None], pair.hr[None], scale)[0]),
        "psnr_rgb": float(metrics.psnr_rgb(sr[None], pair.hr[None], scale)[0]),
        "lr_consistency_db": float(metrics.psnr_rgb(back[None], pair.lr[None], 2)[0]),
    }


def check_size(pair: Pair, scale: int) -> None:
    """Raise UserError where a picture is too small for SSIM's window, or its LR picture for the consistency's crop."""
    least = max(11 + 2 * scale, 5 * scale)
    if min(pair.hr.shape[:2]) < least:
        height, width = pair.hr.shape[:2]
        raise UserError(f"{pair.name}: {width}x{height} pixels are too few to score; {least} a side are needed")


def score_pair(
    pair: Pair, upscalers: Mapping[str, AnyUpscaler]
) -> tuple[dict[str, np.ndarray], dict[str, dict[str, float]]]:
    """The SR picture and the scores of each upscaler on one pair."""
    outputs, found = {}, {}
    for name, upscaler in upscalers.items():
        check_size(pair, upscaler.scale)
        start = time.perf_counter()
        outputs[name] = upscaler(pair.lr)
        seconds = time.perf_counter() - start
        found[name] = {**scores(outputs[name], pair, upscaler.scale), "seconds": seconds}
    return outputs, found


def summarize(pictures: Mapping[str, Mapping[str, Any]], *, hr: str, lr: str | None, scale: int) -> dict[str, Any]:
    """The JSON of `srgan evaluate` from the scores of each picture by each model."""
    names = next(iter(pictures.values()))
    models = {name: {picture: found[name] for picture, found in pictures.items()} for name in names}
    return {
        "hr": hr,
        "lr": lr,
        "scale": scale,
        "models": {name: {"mean": mean_scores(rows.values()), "pictures": rows} for name, rows in models.items()},
    }


def evaluate(pairs: Iterable[Pair], upscalers: Mapping[str, AnyUpscaler], *, hr: str, lr: str | None) -> dict[str, Any]:
    """Score every picture of `pairs` with every upscaler."""
    scale = next(iter(upscalers.values())).scale
    return summarize({pair.name: score_pair(pair, upscalers)[1] for pair in pairs}, hr=hr, lr=lr, scale=scale)


def mean_scores(pictures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over the pictures."""
    rows = list(pictures)
    return {score: float(np.mean([row[score] for row in rows])) for score in SCORES}


def load_upscalers(names: Sequence[str], *, lr_scale: int | None = None) -> dict[str, AnyUpscaler]:
    """The upscaler of each name or path; bicubic takes the scale of the others, or of the LR pictures."""
    loaded: dict[str, AnyUpscaler] = {name: load_upscaler(name) for name in names if name != BICUBIC}
    found = {name: upscaler.scale for name, upscaler in loaded.items()}
    if len(set(found.values())) > 1:
        raise UserError("--model: models of different scales: " + ", ".join(f"{n} x{s}" for n, s in found.items()))
    scale = next(iter(found.values()), lr_scale or 4)
    if lr_scale not in (None, scale):
        raise UserError(f"--lr: these pictures are 1/{lr_scale} of the HR ones, but the models are x{scale}")
    return {name: loaded.get(name) or BicubicUpscaler(scale) for name in names}


def scale_of_folders(hr: str, lr: str) -> int:
    """How many times larger the first HR picture is than its LR picture."""
    path = images.list_pictures(hr)[0]
    problem: UserError | None = None
    for scale in (2, 3, 4, 8):
        try:
            lr_path = match_lr([path], lr, scale)[path.name]
        except UserError as error:
            problem = problem or error
            continue
        hr_shape, lr_shape = images.read(path).shape, images.read(lr_path).shape
        if all(abs(small * scale - big) < scale for big, small in zip(hr_shape[:2], lr_shape[:2], strict=True)):
            return scale
        problem = UserError(
            f"{lr_path}: {lr_shape[1]}x{lr_shape[0]} pixels are not 1/2, 1/3, 1/4 or 1/8 of "
            f"{path.name}'s {hr_shape[1]}x{hr_shape[0]}"
        )
    assert problem is not None
    raise problem


def folder_pairs(hr: str, lr: str | None, scale: int) -> Iterator[Pair]:
    """The pairs of a folder of HR pictures; LR from `lr`, or by MATLAB-equivalent bicubic."""
    paths = images.list_pictures(hr)
    lr_paths = match_lr(paths, lr, scale) if lr else {}
    return (read_pair(path, lr_paths.get(path.name), scale) for path in paths)


def table(report: Mapping[str, Any]) -> str:
    """The means of a report as text."""
    width = max(len(name) for name in report["models"])
    lines = [f"{'':{width}}  PSNR-Y dB  SSIM-Y  PSNR-RGB dB  LR consistency dB  s/picture"]
    for name, model in report["models"].items():
        m = model["mean"]
        lines.append(
            f"{name:{width}}  {m['psnr_y']:9.2f}  {m['ssim_y']:6.4f}  {m['psnr_rgb']:11.2f}  "
            f"{m['lr_consistency_db']:17.2f}  {m['seconds']:9.3f}"
        )
    count = len(next(iter(report["models"].values()))["pictures"])
    return "\n".join([*lines, f"(means over {count} pictures; {report['scale']} pixels cropped on every side)"])


def write_json(path: str | os.PathLike[str], report: Mapping[str, Any]) -> None:
    """Write a report to a local or gs:// path; the file appears only when it is whole."""
    write_whole(path, json.dumps(report, indent=1) + "\n")
