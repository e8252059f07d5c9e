"""The scores of PyPI's pyiqa, the optional extra `iqa`: LPIPS, DISTS, MUSIQ and the others of its list.

It needs PyTorch, and downloads the weights of a score when it is first used.
"""

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np

from pyimagesearch.errors import InputError
from pyimagesearch.evaluation.scores import measured_score


class PyIQA:
    """One of pyiqa's scores, for scoring.py. `key` is its column; `identity` says whose it is."""

    def __init__(self, name: str):
        try:
            import pyiqa
            import torch
        except ImportError as error:
            raise InputError(f'`iqa` needs {error.name}, which is missing: pip install -e ".[iqa]"') from None
        known = pyiqa.list_models()
        if name not in known:
            near = difflib.get_close_matches(name, known) or sorted(known)
            raise InputError(f"`iqa` {name}: pyiqa has no such score; it has {', '.join(near[:5])} and others")
        try:
            self._metric: Any = pyiqa.create_metric(name, device="cpu")
        except Exception as error:  # whatever its download raises
            raise InputError(
                f"`iqa` {name}: pyiqa cannot load it ({_line(error)}); it downloads weights once"
            ) from None
        self._tensor = torch.from_numpy
        self._name = name
        self.key = f"iqa_{name}"
        self.identity = f"pyiqa {pyiqa.__version__}"
        kind = "against HR" if self._compares else "of SR alone"
        measured_score(
            self.key, protocol="pyiqa", quantity=name, digits=4, lower_is_better=bool(self._metric.lower_better),
            definition=f"pyiqa's {name}, {kind}, of the whole RGB picture",
        )  # fmt: skip

    @property
    def _compares(self) -> bool:
        return self._metric.metric_mode == "FR"

    def __call__(self, name: str, outputs: Mapping[str, np.ndarray], hr: np.ndarray) -> dict[str, float]:
        """The score of each of `outputs`, uint8 RGB (H, W, 3); `name` is for errors."""
        target = [self._batch(hr)] if self._compares else []
        try:
            return {model: float(self._metric(self._batch(sr), *target)) for model, sr in outputs.items()}
        except Exception as error:  # pictures too small for its network, and whatever else it stumbles over
            raise InputError(f"{name}: pyiqa's {self._name} fails ({_line(error)}); leave one of them out") from None

    def _batch(self, picture: np.ndarray) -> Any:
        """(1, 3, H, W) float32 in [0, 1]."""
        return self._tensor(np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / 255.0)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
