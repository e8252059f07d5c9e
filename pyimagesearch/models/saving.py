"""Saves models as .keras files whose bytes depend on the model alone."""

import json
import os
import shutil
import tempfile
import zipfile
from typing import Any

import keras

NO_DATE = "1980-01-01@00:00:00"  # the earliest that a zip archive can hold, and what Keras gives to its JSON members
CONFIG, METADATA = "config.json", "metadata.json"


def save_model(model: keras.Model, path: str) -> None:
    """Save `model` as the local .keras file `path`, whatever its suffix. Equal models give equal bytes.

    Keras stores three things that differ between equal runs: the time, in the metadata and in the archive's entries,
    and memory addresses, as the ids of objects that several layers share.
    """
    with tempfile.TemporaryDirectory() as folder:
        saved = os.path.join(folder, "model.keras")  # Keras insists on the suffix
        model.save(saved)
        _copy_without_run(saved, path)


def _copy_without_run(source: str, target: str) -> None:
    """Copy a .keras file without what tells one run from another."""
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as copy:
        for name in archive.namelist():
            entry = zipfile.ZipInfo(name)  # of 1980
            if name == CONFIG:
                copy.writestr(entry, json.dumps(_renumbered(json.loads(archive.read(name)), {})))
            elif name == METADATA:
                copy.writestr(entry, json.dumps({**json.loads(archive.read(name)), "date_saved": NO_DATE}))
            else:
                with archive.open(name) as content, copy.open(entry, "w", force_zip64=True) as place:
                    shutil.copyfileobj(content, place)


def _renumbered(config: Any, numbers: dict[int, int]) -> Any:
    """`config` with shared objects numbered from 1 in their order instead of identified by memory addresses."""
    if isinstance(config, list):
        return [_renumbered(value, numbers) for value in config]
    if not isinstance(config, dict):
        return config
    return {
        key: numbers.setdefault(value, len(numbers) + 1) if key == "shared_object_id" else _renumbered(value, numbers)
        for key, value in config.items()
    }
