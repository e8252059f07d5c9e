"""Computes one of pyiqa's scores, in a process of its own: PyTorch and TensorFlow do not always load into one.

    python -P iqa_worker.py NAME

The first line of its output describes the score; for each line of its input, the path of an .npz file with the pictures
sr and hr, uint8 RGB (H, W, 3), it prints a line with the value. All lines are JSON; {"error": ...} says what failed.
"""

import json
import os
import sys
from typing import Any, TextIO

import numpy as np


def main() -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    try:
        metric = _load(sys.argv[1], answers)
    except Exception as error:  # whatever an import or a download raises
        _say(answers, error=_line(error), missing=error.name if isinstance(error, ImportError) else None)
        return
    for path in sys.stdin:
        try:
            with np.load(path.strip()) as pictures:
                _say(answers, value=_value(metric, pictures["sr"], pictures["hr"]))
        except Exception as error:  # pictures too small for its network, and whatever else it stumbles over
            _say(answers, error=_line(error))


def _load(name: str, answers: TextIO) -> Any:
    import pyiqa

    known = pyiqa.list_models()
    if name not in known:
        _say(answers, known=list(known))
        raise SystemExit
    metric = pyiqa.create_metric(name, device="cpu")
    _say(
        answers, version=pyiqa.__version__, compares=metric.metric_mode == "FR", lower_better=bool(metric.lower_better)
    )
    return metric


def _value(metric: Any, sr: np.ndarray, hr: np.ndarray) -> float:
    import torch

    batches = [
        torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / 255.0)
        for picture in ((sr, hr) if metric.metric_mode == "FR" else (sr,))
    ]
    with torch.no_grad():
        return float(metric(*batches))


def _say(answers: TextIO, **values: Any) -> None:
    answers.write(json.dumps(values) + "\n")


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


if __name__ == "__main__":
    main()
