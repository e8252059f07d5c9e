"""Scores of whole pictures, through the upscaler that users get."""

import json
import os
import platform
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from pyimagesearch.data.pairs import Pair, lr_of, match_lr, read_pair
from pyimagesearch.errors import InputError
from pyimagesearch.evaluation import metrics
from pyimagesearch.evaluation.perceptual import FeatureDistance
from pyimagesearch.evaluation.score_definitions import SCORES
from pyimagesearch.images import picture_io, resize
from pyimagesearch.inference.upscaler import BICUBIC, TILE, AnyUpscaler, BicubicUpscaler, load_upscaler
from pyimagesearch.system.files import write_whole

Rows = dict[str, dict[str, float]]  # the scores of one picture by each model
Watcher = Callable[[Pair, dict[str, np.ndarray], Rows], None]


def scores_on_y(sr: np.ndarray, hr: np.ndarray, scale: int) -> dict[str, float]:
    """The usual protocol: PSNR in dB and SSIM on Y, `scale` pixels cropped, of uint8 RGB (H, W, 3)."""
    return {
        "psnr_y": float(metrics.psnr_y(sr[None], hr[None], scale)[0]),
        "ssim_y": float(metrics.ssim_y(sr[None], hr[None], scale)[0]),
    }


def mean_on_y(upscaler: AnyUpscaler, pairs: Sequence[Pair]) -> dict[str, float]:
    """The means of scores_on_y over whole pictures."""
    rows = [scores_on_y(upscaler(pair.lr), pair.hr, upscaler.scale) for pair in pairs]
    return {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}


def scores(sr: np.ndarray, pair: Pair, scale: int) -> dict[str, float]:
    """PSNR in dB and SSIM by every protocol, and lr_consistency_db; protocols.SCORES defines each.

    Equal pictures have 100 dB, not infinity: JSON and means can hold it.
    """
    a, b = sr[None], pair.hr[None]
    return scores_on_y(sr, pair.hr, scale) | {
        "psnr_rgb": float(metrics.psnr_rgb(a, b, scale)[0]),
        "ssim_rgb": float(metrics.ssim_rgb(a, b, scale)[0]),
        "psnr_rgb_whole": float(metrics.psnr_rgb(a, b, 0)[0]),
        "ssim_rgb_whole": float(metrics.ssim_rgb(a, b, 0)[0]),
        "lr_consistency_db": lr_consistency(sr, pair.lr, scale),
    }


def lr_consistency(sr: np.ndarray, lr: np.ndarray, scale: int) -> float:
    """RGB PSNR in dB between the LR picture and the bicubic-downscaled SR picture, 2 LR pixels cropped."""
    return float(metrics.psnr_rgb(resize.downscale(sr, scale)[None], lr[None], 2)[0])


def check_size(pair: Pair, scale: int) -> None:
    """Raise InputError where a picture is too small for SSIM's window, or its LR picture for the consistency's crop."""
    least = max(11 + 2 * scale, 5 * scale)
    if min(pair.hr.shape[:2]) < least:
        height, width = pair.hr.shape[:2]
        raise InputError(f"{pair.name}: {width}x{height} pixels are too few to score; {least} a side are needed")


def score_pair(
    pair: Pair, upscalers: Mapping[str, AnyUpscaler], features: FeatureDistance | None = None
) -> tuple[dict[str, np.ndarray], Rows]:
    """The SR picture and the scores of each upscaler on one pair; vgg19_distance where `features` are given."""
    outputs: dict[str, np.ndarray] = {}
    found: Rows = {}
    for name, upscaler in upscalers.items():
        check_size(pair, upscaler.scale)
        outputs[name], seconds = timed(upscaler, pair.lr)
        speed = {"seconds": seconds, "megapixels_per_s": pair.hr.shape[0] * pair.hr.shape[1] / 1e6 / seconds}
        found[name] = scores(outputs[name], pair, upscaler.scale) | speed
    if features:
        for name, distance in features(pair.name, outputs, pair.hr).items():
            found[name]["vgg19_distance"] = distance
    return outputs, found


def timed(upscaler: AnyUpscaler, lr: np.ndarray) -> tuple[np.ndarray, float]:
    """The SR picture and the seconds of the call that made it."""
    start = time.perf_counter()
    sr = upscaler(lr)
    return sr, time.perf_counter() - start


def warm_up(upscalers: Mapping[str, AnyUpscaler], lr: np.ndarray) -> None:
    """Let every model compile on a corner of a picture, so that no picture's seconds contain it."""
    for upscaler in upscalers.values():
        upscaler(lr[:TILE, :TILE])


def device() -> str:
    """What computes, since seconds mean nothing without it: `AMD EPYC, 2 cores`, or the name of the GPU."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "GPU") for gpu in gpus[:1]]
    return names[0] if names else f"{_processor()}, {os.cpu_count()} cores"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:  # not Linux
        lines = []
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "CPU"


def summarize(pictures: Mapping[str, Rows], *, hr: str, lr: str | None, scale: int) -> dict[str, Any]:
    """The JSON of `srgan evaluate` from the scores of each picture by each model."""
    names = next(iter(pictures.values()))
    models = {name: {picture: found[name] for picture, found in pictures.items()} for name in names}
    return {
        "hr": hr,
        "lr": lr,
        "scale": scale,
        "device": device(),
        "models": {name: {"mean": mean_scores(rows.values()), "pictures": rows} for name, rows in models.items()},
    }


def scored(
    pairs: Iterable[Pair], upscalers: Mapping[str, AnyUpscaler], features: FeatureDistance | None = None
) -> Iterator[tuple[Pair, dict[str, np.ndarray], Rows]]:
    """Each pair with its SR pictures and scores, one in memory at a time; no speed has compilation in it."""
    for number, pair in enumerate(pairs):
        if number == 0:
            warm_up(upscalers, pair.lr)
        yield pair, *score_pair(pair, upscalers, features)


def evaluate(
    pairs: Iterable[Pair],
    upscalers: Mapping[str, AnyUpscaler],
    *,
    hr: str,
    lr: str | None,
    features: FeatureDistance | None = None,
    watch: Watcher = lambda *_: None,
) -> dict[str, Any]:
    """Score every picture of `pairs` with every upscaler; one pair is in memory at a time.

    `watch` is shown each pair with its SR pictures and scores.
    """
    scale = next(iter(upscalers.values())).scale
    pictures: dict[str, Rows] = {}
    for pair, outputs, rows in scored(pairs, upscalers, features):
        pictures[pair.name] = rows
        watch(pair, outputs, rows)
    report = summarize(pictures, hr=hr, lr=lr, scale=scale)
    return report | {
        "lr_from": "files" if lr else "MATLAB-equivalent bicubic",
        "vgg_weights": features.identity if features else None,
    }


def mean_scores(pictures: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over the pictures; megapixels_per_s is all megapixels over all seconds."""
    rows = list(pictures)
    means = {score.key: float(np.mean([row[score.key] for row in rows])) for score in SCORES if score.key in rows[0]}
    seconds = [row["seconds"] for row in rows]
    speeds = [row["megapixels_per_s"] for row in rows]
    return means | {"megapixels_per_s": float(np.average(speeds, weights=seconds))}


def load_upscalers(names: Sequence[str], *, lr_scale: int | None = None) -> dict[str, AnyUpscaler]:
    """The upscaler of each name or path; bicubic takes the scale of the others, or of the LR pictures."""
    loaded: dict[str, AnyUpscaler] = {name: load_upscaler(name) for name in names if name != BICUBIC}
    found = {name: upscaler.scale for name, upscaler in loaded.items()}
    if len(set(found.values())) > 1:
        raise InputError("--model: models of different scales: " + ", ".join(f"{n} x{s}" for n, s in found.items()))
    scale = next(iter(found.values()), lr_scale or 4)
    if lr_scale not in (None, scale):
        raise InputError(f"--lr: these pictures are 1/{lr_scale} of the HR ones, but the models are x{scale}")
    return {name: loaded.get(name) or BicubicUpscaler(scale) for name in names}


def scale_of_folders(hr: str, lr: str) -> int:
    """How many times larger the first HR picture is than its LR picture."""
    path = picture_io.list_pictures(hr)[0]
    by_stem = {lr_path.stem: lr_path for lr_path in picture_io.list_pictures(lr)}
    problem = InputError(f"{lr}: no LR picture for {path.name} (looked for {path.stem} and {path.stem}x2, x3, x4, x8)")
    for scale in (2, 3, 4, 8):
        lr_path = lr_of(path, by_stem, scale)
        if lr_path is None:
            continue
        hr_shape, lr_shape = picture_io.read_rgb(path).shape, picture_io.read_rgb(lr_path).shape
        if all(abs(small * scale - big) < scale for big, small in zip(hr_shape[:2], lr_shape[:2], strict=True)):
            return scale
        problem = InputError(
            f"{lr_path}: {lr_shape[1]}x{lr_shape[0]} pixels are not 1/2, 1/3, 1/4 or 1/8 of "
            f"{path.name}'s {hr_shape[1]}x{hr_shape[0]}"
        )
    raise problem


def folder_pairs(hr: str, lr: str | None, scale: int) -> Iterator[Pair]:
    """The pairs of a folder of HR pictures; LR from `lr`, or by MATLAB-equivalent bicubic."""
    paths = picture_io.list_pictures(hr)
    lr_paths = match_lr(paths, lr, scale) if lr else {}
    alone = sorted(set(picture_io.list_pictures(lr)) - set(lr_paths.values())) if lr else []
    if alone:
        more = f" (nor for {len(alone) - 1} more)" if len(alone) > 1 else ""
        raise InputError(f"{hr}: no HR picture for {alone[0]}{more}; give folders of the same pictures")
    return (read_pair(path, lr_paths.get(path.name), scale) for path in paths)


def write_json(path: str | os.PathLike[str], report: Mapping[str, Any]) -> None:
    """Write a report to a local or gs:// path; the file appears only when it is whole."""
    write_whole(path, json.dumps(report, indent=1) + "\n")
