"""The run folder: config.json, models/, images/, checkpoints/, logs/ and history.csv.

Every file is whole or not there. A bucket, which neither appends nor renames cheaply, gets whole objects.
"""

import json
import platform
import re
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from pyimagesearch.config import TrainConfig
from pyimagesearch.data.dataset.recipe import differences
from pyimagesearch.errors import InputError
from pyimagesearch.models import complete, saving
from pyimagesearch.system.files import (
    appearing,
    check_disk,
    exists,
    is_folder,
    join,
    local_copy,
    paths_in,
    read_text,
    remove_temporary,
    write_whole,
)
from pyimagesearch.system.locks import Held, hold
from pyimagesearch.training.old_config import dotted, grouped

# What may differ between two starts of one run without changing what it means.
FREE_FIELDS = {"intervals.patience", "intervals.steps_per_call", "intervals.log_every", "intervals.validate_every",
               "intervals.sample_every",
               "intervals.checkpoint_every", "intervals.keep_checkpoints", "finetune.vgg_weights", "precision",
               "pretrain.rate", "finetune.rate", "xla"}  # fmt: skip
GROWING_FIELDS = ("pretrain.steps", "finetune.steps")
START_FIELDS = ("network.start", "discriminator.start")  # paths, which may change; the weights there may not

PRETRAINED = "pretrained_generator"
GENERATOR = "generator"
DISCRIMINATOR = "discriminator"
PATTERN = "[*?\\"  # what tf.io.gfile.glob does not take for itself; restoring a checkpoint looks for it that way


class RunFolder:
    """A local or gs:// folder that one training run owns."""

    def __init__(self, path: str):
        self.path = path
        self.news: list[str] = []  # what this start changes in the run, in words
        self.id = ""  # of the run, once the folder is held; the same at every start
        self._lock: Held | None = None

    def file(self, *parts: str) -> str:
        return join(self.path, *parts)

    def check(self, identity: dict[str, Any]) -> None:
        """Raise InputError unless the folder is free for a run, or holds the same one."""
        self._before(identity)

    def _before(self, identity: dict[str, Any]) -> dict[str, Any]:
        """What config.json says of the run that the folder holds, empty where it holds none. Raises as `check`.

        identity: `config` (the fields of a TrainConfig) and whatever else makes a run what it is.
        """
        if any(character in self.path for character in PATTERN):
            raise InputError(
                f"--output {self.path}: TensorFlow takes {' '.join(PATTERN)} in a folder's name for a pattern and "
                "would not find its own checkpoints there; give another name"
            )
        path = self.file("config.json")
        started = any(is_folder(self.file(name)) for name in ("checkpoints", "models"))
        if exists(path):  # one that is not a run's is never written over
            before = _parse(path, read_text(path))
            if started:
                self._check_same(before, identity)
                return before
        elif started:
            raise InputError(
                f"--output {self.path}: holds models or checkpoints but no config.json; give another folder"
            )
        return {}

    @contextmanager
    def held(self, identity: dict[str, Any]) -> Iterator[None]:
        """Hold the folder for this process alone, with a config.json that says `identity`.

        Raises InputError if another process holds it, or where `check` does: another run may have begun in between.
        """
        versions = {"python": platform.python_version(), "tensorflow": tf.__version__, "keras": keras.__version__}
        with hold(self.path, what="run") as self._lock:
            before = self._before(identity)
            for folder in (self.path, self.file("models")):
                remove_temporary(folder)
            known = {name: identity["starts"][name] or before.get("starts", {}).get(name) for name in START_FIELDS}
            changes = [*before.get("rates", []), *self._changed_rates(before, identity)]
            self.id = str(before.get("id") or secrets.token_hex(8))
            said = {"id": self.id, **identity, "starts": known, "rates": changes, "versions": versions}
            text = json.dumps(said, indent=1) + "\n"
            write_whole(self.file("config.json"), text, durable=True)
            yield

    def _changed_rates(self, before: dict[str, Any], identity: dict[str, Any]) -> list[dict[str, Any]]:
        """The learning rates that differ from those of the last start, each with the step from which it holds."""
        changes = []
        for phase in ("pretrain", "finetune") if before else ():
            old, new = (config[phase]["rate"] for config in (before["config"], identity["config"]))
            done = max(map(step_of, self.checkpoints(phase)), default=0)
            if new != old and 0 < done < identity["config"][phase]["steps"]:
                changes.append({"field": f"{phase}.rate", "step": done, "from": old, "to": new})
                self.news.append(f"{phase}.rate: {old:g} until step {done}, {new:g} from there on")
        return changes

    def check_there(self) -> None:
        """Raise RunError where the folder was removed, or taken over on a bucket, while the run went on."""
        if self._lock:
            self._lock.check()

    def has_model(self, name: str) -> bool:
        """Whether models/NAME.keras is there and whole."""
        if not exists(self.model_path(name)):
            return False
        with local_copy(self.model_path(name)) as local:
            return zipfile.is_zipfile(local)

    def _check_same(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        def refuse(name: str, old: Any, new: Any) -> None:
            raise InputError(
                f"--output {self.path}: holds a different run ({name} {old} there, {new} here); "
                "give another --output, or the same settings to go on with that run"
            )

        there, here = dotted(before["config"]), dotted(now["config"])
        for name in [*here, *(there.keys() - here.keys())]:
            old, new = there.get(name), here.get(name)
            if name in GROWING_FIELDS:
                if (new or 0) < (old or 0):
                    refuse(name, old, new)
            elif name in START_FIELDS:
                hashes = before.get("starts", {}).get(name), now["starts"][name]
                if all(hashes) and hashes[0] != hashes[1]:
                    refuse(name, f"{old} (SHA-256 {hashes[0][:12]})", f"{new} (SHA-256 {hashes[1][:12]})")
                if bool(old) != bool(new):
                    refuse(name, old or "none", new or "none")
            elif name not in FREE_FIELDS and new != old:
                refuse(name, old, new)
        if here["pretrain.steps"] > there["pretrain.steps"] and self.checkpoints("finetune"):
            refuse("pretrain.steps", there["pretrain.steps"], here["pretrain.steps"])
        if now["dataset"] != before.get("dataset"):
            raise InputError(
                f"--output {self.path}: holds a run on other records ({_records_differ(before, now)}); give another "
                f"--output, or the records of that run (--tfrecords {before.get('tfrecords')}) to go on with it"
            )
        for name in ("vgg", "precision"):
            if name == "vgg" and before.get(name) is None:
                continue  # no phase 2 yet
            if now[name] != before.get(name):
                refuse(name, before.get(name), now[name])

    def checkpoints(self, phase: str) -> list[str]:
        """The index files of a phase's checkpoints."""
        paths = paths_in(self.file("checkpoints", phase), ".index")
        return [path for path in paths if re.search(r"/step-\d+\.index$", path)]  # others are not of this program

    def write_text(self, name: str, text: str) -> None:
        write_whole(self.file(name), text)

    def model_path(self, name: str) -> str:
        return self.file("models", f"{name}.keras")

    def save_model(self, model: keras.Model, name: str) -> None:
        """Save `model` as models/NAME.keras."""
        with appearing(self.model_path(name), durable=True) as beside:
            saving.save_model(model, beside)

    def check_disk(self, needed: int) -> None:
        """Raise InputError unless `needed` bytes are free."""
        check_disk(self.path, needed, "checkpoints and models")


def step_of(path: str) -> int:
    """The step in the name of a checkpoint, or of its index file."""
    return int(path.removesuffix(".index").rpartition("-")[2])


def _records_differ(before: dict[str, Any], now: dict[str, Any]) -> str:
    """In what the records of two runs differ, whose shards are not the same."""
    there, here = before.get("records"), now["records"]
    if not isinstance(there, dict):
        return "its config.json, of an older version, does not say in what"
    found = differences(there, here)
    versions = f"of the same pictures, written by {there.get('versions')} there, {here['versions']} here"
    return "; ".join(found) or versions


def _parse(path: str, text: str) -> dict[str, Any]:
    """What a config.json says, its configuration completed with the defaults of fields that are newer than it."""
    try:
        values = json.loads(text)
        config = complete(TrainConfig.from_dict(grouped(values["config"])))
        return {**values, "config": config.to_dict()}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise InputError(f"{path}: not the config.json of a run; give another `output`") from None
