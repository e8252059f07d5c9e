"""How long the phases of a run were trained, as its folder says."""

import contextlib
import csv
import io
import json
import re

from pyimagesearch.system.files import exists, join, paths_in, read_text

PHASES = {"pretrained": "pretrain", "srgan": "finetune"}  # of each model of a report, as the run folder names it


def trained_steps(folder: str) -> dict[str, str]:
    """{model: "15 of 25,000 steps"} of a local or gs:// run folder; "25,000 steps" of a phase that is at its end.

    What the folder does not say, because files are missing or of another program, is left out.
    """
    planned = _planned(folder)
    done = {phase: max(_checkpoints(folder, phase), _logged(folder, phase)) for phase in PHASES.values()}
    return {model: _text(done[phase], planned.get(phase, 0)) for model, phase in PHASES.items() if done[phase]}


def _text(done: int, planned: int) -> str:
    return f"{done:,} of {planned:,} steps" if done < planned else f"{done:,} step{'s' if done > 1 else ''}"


def _planned(folder: str) -> dict[str, int]:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        config = json.loads(_read(folder, "config.json"))["config"]
        return {phase: int(config[phase]["steps"]) for phase in PHASES.values()}
    return {}


def _checkpoints(folder: str, phase: str) -> int:
    """The step of a phase's last checkpoint, 0 without any."""
    paths = paths_in(join(folder, "checkpoints", phase), ".index")
    return max((int(found[1]) for path in paths if (found := re.search(r"/step-(\d+)\.index$", path))), default=0)


def _logged(folder: str, phase: str) -> int:
    """The step of a phase's last row in history.csv, 0 without any."""
    with contextlib.suppress(ValueError, KeyError, TypeError, csv.Error):
        rows = csv.DictReader(io.StringIO(_read(folder, "history.csv")))
        return max((int(row["step"]) for row in rows if row["phase"] == phase), default=0)
    return 0


def _read(folder: str, name: str) -> str:
    path = join(folder, name)
    return read_text(path) if exists(path) else ""
