"""A style transfer that was stopped: what is kept beside its picture, so that the same command goes on from there."""

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.art.descent import State
from pyimagesearch.art.style_transfer import Snapshot
from pyimagesearch.errors import InputError
from pyimagesearch.system.files import appearing

SUFFIX = ".unfinished"
_HEAD = "head"  # the array that holds everything but arrays, as JSON


def path_of(target: Path) -> Path:
    """Where the state of the picture `target` is kept."""
    return target.with_name(target.name + SUFFIX)


def settings_of(pictures: Mapping[str, str | os.PathLike[str]], others: Mapping[str, Any]) -> dict[str, Any]:
    """What a transfer is told, with the content of its picture files instead of their names, as JSON stores it."""
    hashes = {name: hashlib.sha256(Path(path).read_bytes()).hexdigest() for name, path in pictures.items()}
    return json.loads(json.dumps({**hashes, **others}))


def save(target: Path, snapshot: Snapshot, settings: Mapping[str, Any]) -> None:
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
    text = json.dumps({**head, "memory": kept, "settings": settings})
    with appearing(path_of(target)) as beside, open(beside, "wb") as file:
        np.savez(file, allow_pickle=False, **arrays, **{_HEAD: np.array(text)})


def load(target: Path, settings: Mapping[str, Any]) -> Snapshot | None:
    """The snapshot beside `target`; None where there is none.

    Raises InputError where the file is damaged, or is of a transfer that was told something else.
    """
    path = path_of(target)
    if not path.exists():
        return None
    try:
        with np.load(path, allow_pickle=False) as stored:
            head = json.loads(str(stored[_HEAD]))
            memory = {
                name: stored[name] if count is None else tuple(stored[f"{name}/{number}"] for number in range(count))
                for name, count in head["memory"].items()
            }
            snapshot = Snapshot(head["done"], head["level"], State(stored["picture"], head["step"], memory), head["loss"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        raise InputError(f"{path}: is damaged; remove it, or `overwrite` begins anew") from None
    different = sorted(name for name in settings if head["settings"].get(name) != settings[name])
    if different:
        raise InputError(
            f"{path}: belongs to a transfer with another {', '.join(different)}; give the same to go on, or "
            "`overwrite` to begin anew"
        )
    return snapshot


def remove(target: Path) -> None:
    """Remove what is kept beside `target`."""
    path_of(target).unlink(missing_ok=True)
