"""Scores of whole pictures, through the upscaler that users get."""

import json
import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pyimagesearch.data.pairs import Pair, least_scored_side
from pyimagesearch.errors import InputError, MissingLibraryError
from pyimagesearch.evaluation.device import device_name
from pyimagesearch.evaluation.folders import folder_pairs, scale_of_folders
from pyimagesearch.evaluation.iqa import PyIQA
from pyimagesearch.evaluation.models import common_scale, load_upscalers
from pyimagesearch.evaluation.niqe import NIQE
from pyimagesearch.evaluation.perceptual import FeatureDistance
from pyimagesearch.evaluation.scores import SCORES, all_scores, definitions, psnr_y, ssim_y
from pyimagesearch.images import picture_io
from pyimagesearch.inference.tiles import DEFAULT_TILE
from pyimagesearch.inference.upscaler import BICUBIC, OUT_OF_MEMORY, AnyUpscaler
from pyimagesearch.models import loading
from pyimagesearch.system import console
from pyimagesearch.system.files import write_whole

logger = logging.getLogger(__name__)

Outputs = dict[str, np.ndarray]  # {model: the SR picture that it made of one LR picture}
Rows = dict[str, dict[str, float]]  # {model: {score: value}} of one picture
Measure = FeatureDistance | NIQE | PyIQA  # f(name of the pair, outputs, hr) -> {model: value}
NO_MEASURES: Mapping[str, Measure] = {}
OnScored = Callable[[Pair, Outputs, Rows], object]


def evaluate_folder(
    hr: str,
    models: str | Sequence[str] | Mapping[str, AnyUpscaler] = BICUBIC,
    lr: str | None = None,
    vgg_weights: str | None = None,
    *,
    lr_name: str | None = None,
    niqe: str | None = None,
    iqa: Sequence[str] = (),
    on_scored: OnScored = lambda *_: None,
) -> dict[str, Any]:
    """Score models on every picture of a folder, through the upscaler that users get.

    hr: folder of HR pictures. models: names (bicubic, light, photo-gan, ...) and paths of .keras files, or upscalers
    by name. lr: folder of the LR pictures; None makes them by MATLAB-equivalent bicubic. lr_name: their names where
    they are not those of a common data set, such as "{stem}_small{ext}". vgg_weights: "imagenet", "random" or an .h5
    file adds VGG19's distances. niqe: a .mat or .npz file of natural statistics, or a folder of clean photographs to
    fit them to, adds NIQE. iqa: names of pyiqa's scores, such as "lpips".
    on_scored: called after each picture with its pair, the outputs {model: uint8 RGB (scale*h, scale*w, 3)} and the
    scores {model: {score: value}}.

    Returns what `srgan evaluate --json` writes: report["models"][name]["mean"]["psnr_y"] is in dB,
    report["models"][name]["pictures"] has the scores of every picture, report["protocols"] says what each score is.
    Pictures that cannot be read or scored are left out; report["left_out"] then has a line for each. Raises InputError
    where no picture is left, where a picture has no partner, and where a model cannot be used.

    Example:
        report = evaluate_folder("Set5/HR", ["bicubic", "light"], lr="Set5/LR")
        print(report["models"]["light"]["mean"]["psnr_y"])
    """
    lr_scale = scale_of_folders(hr, lr, lr_name) if lr else None
    if isinstance(models, Mapping):
        upscalers, hashed = dict(models), []
        common_scale(upscalers, lr_scale)
    else:
        upscalers = load_upscalers([models] if isinstance(models, str) else models, lr_scale=lr_scale)
        hashed = [name for name in upscalers if name != BICUBIC]
    measures: dict[str, Measure] = {"niqe": NIQE(niqe)} if niqe else {}
    measures |= {score.key: score for score in map(PyIQA, iqa)}
    if vgg_weights:  # last: it gathers features of all pictures, so the others refuse a picture before
        measures["vgg19_distance"] = FeatureDistance(vgg_weights)
    # Before the scores, since a file may be gone or another one when they are done.
    hashes = {name: loading.file_sha256(name) for name in hashed}
    pairs = folder_pairs(hr, lr, next(iter(upscalers.values())).scale, lr_name)
    with console.progress_bar(total=len(picture_io.list_pictures(hr)), label="scoring", unit="picture") as bar:

        def show(*scored: Any) -> None:
            on_scored(*scored)
            bar.update()

        report = evaluate(pairs, upscalers, hr=hr, lr=lr, measures=measures, on_scored=show)
    report["protocols"] = definitions(report)
    for name, sha256 in hashes.items():
        report["models"][name]["sha256"] = sha256
    return report


def evaluate(
    pairs: Iterable[Pair],
    upscalers: Mapping[str, AnyUpscaler],
    *,
    hr: str,
    lr: str | None,
    measures: Mapping[str, Measure] = NO_MEASURES,
    on_scored: OnScored = lambda *_: None,
) -> dict[str, Any]:
    """Score every picture of `pairs` with every upscaler; one pair is in memory at a time.

    hr and lr say in the report where the pairs come from. on_scored is that of `evaluate_folder`.
    """
    scale = next(iter(upscalers.values())).scale
    pictures: dict[str, Rows] = {}
    left_out: list[str] = []
    for pair, outputs, rows in scored(pairs, upscalers, left_out, measures):
        pictures[pair.name] = rows
        on_scored(pair, outputs, rows)
    report = summarize(pictures, left_out, hr=hr, lr=lr, scale=scale)
    libraries = {measure.identity for measure in measures.values() if isinstance(measure, PyIQA)}
    features = measures.get("vgg19_distance")
    if isinstance(features, FeatureDistance):
        for name, distance in features.frechet().items():
            if np.isnan(distance):
                logger.info("Frechet distance: left out, since HR has not two patches of 32x32 pixels that differ")
                break
            mean = report["models"][name]["mean"] | {"vgg19_frechet": distance}
            report["models"][name]["mean"] = {key: mean[key] for key in SCORES if key in mean}  # in its column's place
    return (
        report
        | {
            "lr_from": "files" if lr else "MATLAB-equivalent bicubic",
            "vgg_weights": features.identity if features else None,
        }
        | ({"niqe_statistics": measures["niqe"].identity} if "niqe" in measures else {})
        | ({"iqa_from": libraries.pop()} if libraries else {})
    )


def scored(
    pairs: Iterable[Pair],
    upscalers: Mapping[str, AnyUpscaler],
    left_out: list[str],
    measures: Mapping[str, Measure] = NO_MEASURES,
) -> Iterator[tuple[Pair, Outputs, Rows]]:
    """Each pair with its outputs and scores, one in memory at a time; models are compiled before they are timed.

    A pair that cannot be read or scored is left out, so that it costs no scores of others: `left_out` gets a line.
    Raises InputError where none is left.
    """
    reading, done = iter(pairs), 0
    while True:
        try:
            pair = next(reading)
            check_size(pair, next(iter(upscalers.values())).scale)
            if not done:
                warm_up(upscalers, pair.lr)
            result = pair, *score_pair(pair, upscalers, measures)
        except StopIteration:
            break
        except MissingLibraryError:  # every other picture would fail too
            raise
        except InputError as error:
            left_out.append(str(error))
        except OUT_OF_MEMORY:
            left_out.append(f"{pair.name}: out of memory, even with the smallest tile")
        else:
            done += 1
            yield result
            del pair, result  # one pair is in memory at a time
    if not done and left_out:
        raise InputError(left_out[0])


def score_pair(
    pair: Pair, upscalers: Mapping[str, AnyUpscaler], measures: Mapping[str, Measure] = NO_MEASURES
) -> tuple[Outputs, Rows]:
    """The output and the scores of each upscaler on one pair; `measures` adds one by each of its keys."""
    outputs: Outputs = {}
    rows: Rows = {}
    for name, upscaler in upscalers.items():
        start = time.perf_counter()
        outputs[name] = upscaler(pair.lr)
        seconds = time.perf_counter() - start
        speed = {"seconds": seconds, "megapixels_per_s": pair.hr.shape[0] * pair.hr.shape[1] / 1e6 / seconds}
        rows[name] = compute_scores(outputs[name], pair, upscaler.scale) | speed
    for key, measure in measures.items():
        for name, value in measure(pair.name, outputs, pair.hr).items():
            rows[name][key] = value
    return outputs, rows


def compute_scores(sr: np.ndarray, pair: Pair, scale: int) -> dict[str, float]:
    """Every registered score that the pictures alone decide: of uint8 RGB sr (scale*h, scale*w, 3) and its pair.

    Equal pictures have 100 dB, not infinity: JSON and means can hold it.
    """
    return {score.key: score.compute(sr, pair, scale) for score in all_scores() if score.compute}


def scores_on_y(sr: np.ndarray, pair: Pair, scale: int) -> dict[str, float]:
    """The usual protocol alone: PSNR in dB and SSIM on Y, `scale` pixels cropped."""
    return {"psnr_y": psnr_y(sr, pair, scale), "ssim_y": ssim_y(sr, pair, scale)}


def mean_on_y(upscaler: AnyUpscaler, pairs: Sequence[Pair]) -> dict[str, float]:
    """The means of scores_on_y over whole pictures."""
    return mean_scores([scores_on_y(upscaler(pair.lr), pair, upscaler.scale) for pair in pairs])


def mean_scores(pictures: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The mean of each score over the pictures, as its definition says."""
    return {score.key: score.mean(score.key, pictures) for score in all_scores() if score.key in pictures[0]}


def check_size(pair: Pair, scale: int) -> None:
    """Raise InputError where a picture is too small for SSIM's window, or its LR picture for the consistency's crop."""
    least = least_scored_side(scale)
    if min(pair.hr.shape[:2]) < least:
        height, width = pair.hr.shape[:2]
        raise InputError(f"{pair.name}: {width}x{height} pixels are too few to score; {least} a side are needed")


def warm_up(upscalers: Mapping[str, AnyUpscaler], lr: np.ndarray) -> None:
    """Let every model compile on a corner of a picture, so that no picture's seconds contain it."""
    for upscaler in upscalers.values():
        upscaler(lr[:DEFAULT_TILE, :DEFAULT_TILE])


def summarize(
    pictures: Mapping[str, Rows], left_out: Sequence[str], *, hr: str, lr: str | None, scale: int
) -> dict[str, Any]:
    """The report of the scores of each picture by each model; `left_out` has a line for each picture without scores."""
    names = next(iter(pictures.values()))
    models = {name: {picture: rows[name] for picture, rows in pictures.items()} for name in names}
    return {
        "hr": hr,
        "lr": lr,
        "scale": scale,
        "device": device_name(),
        **({"left_out": [*left_out]} if left_out else {}),
        "models": {
            name: {"mean": mean_scores([*scores.values()]), "pictures": scores} for name, scores in models.items()
        },
    }


def write_json(path: str | os.PathLike[str], report: Mapping[str, Any]) -> None:
    """Write a report to a local or gs:// path; the file appears only when it is whole."""
    write_whole(path, json.dumps(report, indent=1) + "\n")
