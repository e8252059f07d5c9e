"""`srgan benchmark flicker`: how much the still parts of a film change from frame to frame, ours over bicubic's."""

import logging
from itertools import islice, pairwise
from pathlib import Path

import numpy as np
from scipy import ndimage

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scoring import write_json
from pyimagesearch.inference.film.pictures import rgb_of
from pyimagesearch.inference.film.source import open_film
from pyimagesearch.inference.reuse import ReusingUpscaler
from pyimagesearch.inference.upscaler import BICUBIC, load_upscaler
from pyimagesearch.system import console

WINDOW = 9  # LR pixels a side over which a change is averaged: noise averages out, motion does not
STILL = 1.5  # levels of that average, of 255, up to which a place stands still
LEAST = 0.05  # of a film's pixels that must stand still for the figure to mean something

logger = logging.getLogger(__name__)


def run(*, film: str, models: list[str], frames: int, json_path: str | None) -> None:
    """Log and write the flicker of bicubic and of each model on the first `frames` frames of a film."""
    if frames < 2:
        raise InputError(f"`frames` must be at least 2, received {frames}")
    with open_film(Path(film)) as opened:
        pictures = [rgb_of(frame, opened.description.coding) for frame in islice(opened.frames(), frames)]
    if len(pictures) < 2:
        raise InputError(f"{film}: has one frame alone, which cannot flicker; name a longer film")
    masks = [still_places(*pair) for pair in pairwise(pictures)]
    still = float(np.mean([mask.mean() for mask in masks]))
    if still < LEAST:
        raise InputError(f"{film}: only {still:.1%} of its pixels stand still; name a film from a camera at rest")
    found: dict[str, dict[str, float]] = {}
    for name in [BICUBIC, *models]:
        found[name] = _measured(name, pictures, masks)
        found[name]["ratio"] = found[name]["flicker"] / max(found[BICUBIC]["flicker"], 1e-9)
    logger.info(f"{len(pictures)} frames, {still:.0%} of them still. Mean change from frame to frame there, in levels:")
    for name, figures in found.items():
        logger.info(
            f"  {name:12} {figures['flicker']:.3f}, {figures['ratio']:.2f}x bicubic's; "
            f"{figures['computed']:.0%} of the pixels were computed"
        )
    if json_path:
        write_json(json_path, {"film": film, "frames": len(pictures), "still": still, "models": found})


def still_places(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """bool (H, W): where the mean change of a window between two LR frames, uint8 or uint16 (H, W, 3), is small."""
    unit = np.iinfo(before.dtype).max / 255
    change = (after.astype(np.float32) - before).mean(axis=2) / unit
    moving = np.abs(ndimage.uniform_filter(change, WINDOW)) > STILL
    return ~ndimage.binary_dilation(moving, iterations=WINDOW)


def flicker(before: np.ndarray, after: np.ndarray, still: np.ndarray) -> float:
    """Mean absolute difference of two SR frames, (H, W, 3), in levels of 255, where `still` (H / s, W / s) is true."""
    scale = before.shape[0] // still.shape[0]
    places = still.repeat(scale, axis=0).repeat(scale, axis=1)
    unit = np.iinfo(before.dtype).max / 255
    return float(np.abs(after[places].astype(np.float32) - before[places]).mean() / unit)


def _measured(name: str, pictures: list[np.ndarray], masks: list[np.ndarray]) -> dict[str, float]:
    reusing = ReusingUpscaler(load_upscaler(name))
    changes = []
    before = reusing(pictures[0])
    pairs = zip(pictures[1:], masks, strict=True)
    for lr, still in console.progress(pairs, total=len(masks), label=name, unit="frame"):
        after = reusing(lr)
        if still.any():
            changes.append(flicker(before, after, still))
        before = after
    return {"flicker": float(np.mean(changes)), "computed": reusing.computed / reusing.seen}
