"""The scores of PyPI's pyiqa, the optional extra `iqa`: LPIPS, DISTS, MUSIQ and the others of its list.

It needs PyTorch, and downloads the weights of a score when it is first used. Each score runs in a process of its own.
"""

import difflib
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scores import measured_score

WORKER = Path(__file__).with_name("iqa_worker.py")


class PyIQA:
    """One of pyiqa's scores, for scoring.py. `key` is its column; `identity` says whose it is."""

    def __init__(self, name: str):
        self._name, self.key = name, f"iqa_{name}"
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        about = self._answer()
        if about.get("missing"):
            raise InputError(f'`iqa` needs {about["missing"]}, which is missing: pip install -e ".[iqa]"')
        if "known" in about:
            near = difflib.get_close_matches(name, about["known"]) or sorted(about["known"])
            raise InputError(f"`iqa` {name}: pyiqa has no such score; it has {', '.join(near[:5])} and others")
        if "error" in about:
            raise InputError(f"`iqa` {name}: pyiqa cannot load it ({about['error']}); it downloads weights once")
        self.identity = f"pyiqa {about['version']}"
        kind = "against HR" if about["compares"] else "of SR alone"
        measured_score(
            self.key, protocol="pyiqa", quantity=name, digits=4, lower_is_better=about["lower_better"],
            definition=f"pyiqa's {name}, {kind}, of the whole RGB picture",
        )  # fmt: skip

    def __call__(self, name: str, outputs: Mapping[str, np.ndarray], hr: np.ndarray) -> dict[str, float]:
        """The score of each of `outputs`, uint8 RGB (H, W, 3); `name` is for errors."""
        return {model: self._value(name, sr, hr) for model, sr in outputs.items()}

    def _value(self, name: str, sr: np.ndarray, hr: np.ndarray) -> float:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "pictures.npz"
            np.savez(path, sr=sr, hr=hr)
            assert self._process.stdin
            self._process.stdin.write(f"{path}\n")
            self._process.stdin.flush()
            answer = self._answer()
        if "error" in answer:
            raise InputError(f"{name}: pyiqa's {self._name} fails ({answer['error']}); leave one of them out")
        return answer["value"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"error": f"its process ended with {self._process.wait()}"}

    def __del__(self) -> None:
        process = getattr(self, "_process", None)
        if process:
            process.stdin.close()  # which ends it
            process.stdout.close()
            process.wait()
