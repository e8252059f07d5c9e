"""A style transfer that was stopped: what is kept beside its picture, so that the same command goes on from there."""

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.art.descent import State
from pyimagesearch.art.style_settings import StyleSettings
from pyimagesearch.art.transfer import Snapshot
from pyimagesearch.errors import InputError
from pyimagesearch.models import weights_identity
from pyimagesearch.models.pretrained import check_exists
from pyimagesearch.system.files import appearing, sha256_of

SUFFIX = ".unfinished"
_HEAD = "head"  # the array that holds everything but arrays, as JSON


def path_of(target: Path) -> Path:
    """Where the state of the picture `target` is kept."""
    return target.with_name(target.name + SUFFIX)


def told(pictures: Mapping[str, Path], settings: StyleSettings) -> dict[str, Any]:
    """What decides how a result looks, as JSON stores it: the contents of the pictures, by what these are, and the
    settings, by their arguments."""
    if settings.weights not in ("imagenet", "random"):
        check_exists(settings.weights, "`weights`")
    hashes = {name: sha256_of(path) for name, path in pictures.items()}
    values = {f"`{name}`": value for name, value in asdict(settings).items()}
    return json.loads(json.dumps({**hashes, **values, "`weights`": weights_identity(settings.weights)}))


def save(target: Path, snapshot: Snapshot, told: Mapping[str, Any]) -> None:
    """Keep a snapshot beside `target`; the file appears whole or not at all."""
    state = snapshot.state
    arrays: dict[str, np.ndarray] = {"picture": state.picture}
    kept: dict[str, Any] = {}
    for name, value in state.memory.items():
        if isinstance(value, tuple):
            kept[name] = len(value)
            arrays |= {f"{name}/{number}": array for number, array in enumerate(value)}
        else:
            kept[name] = None
            arrays[name] = value
    head = {"done": snapshot.done, "level": snapshot.level, "step": state.step, "loss": snapshot.loss}
    text = json.dumps({**head, "memory": kept, "told": told})
    with appearing(path_of(target)) as beside, open(beside, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays, **{_HEAD: np.array(text)})


def load(target: Path, told: Mapping[str, Any], *, overwrite: bool) -> Snapshot | None:
    """The snapshot beside `target` to go on from; None where there is none.

    Where the file is damaged, or of a transfer that was told something else, it does not count if it may be replaced
    (overwrite), and else raises InputError.
    """
    if not path_of(target).exists():
        return None
    try:
        return _load(path_of(target), told)
    except InputError:
        if overwrite:
            return None
        raise


def _load(path: Path, told: Mapping[str, Any]) -> Snapshot:
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(str(stored[_HEAD]))
            memory = {
                name: stored[name] if count is None else tuple(stored[f"{name}/{number}"] for number in range(count))
                for name, count in head["memory"].items()
            }
            snapshot = Snapshot(
                head["done"], head["level"], State(stored["picture"], head["step"], memory), head["loss"]
            )
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path}: is damaged; remove it, or `overwrite` begins anew") from None
    before = head["told"]
    different = sorted(name for name in {*told, *before} if before.get(name) != told.get(name))
    if different:
        raise InputError(
            f"{path}: belongs to a transfer with another {' and '.join(different)}; give the same to go on, or "
            "`overwrite` to begin anew"
        )
    return snapshot


def remove(target: Path) -> None:
    """Remove what is kept beside `target`."""
    path_of(target).unlink(missing_ok=True)
