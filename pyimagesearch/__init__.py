"""SRGAN super-resolution: photographs to TFRecords, two-phase training, report grids and scores.

The names of `__all__` are the public API, described in docs/python.md. Each is imported when it is first used, so that
`import pyimagesearch` loads no library.
"""

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "InputError": "errors",
    "Interrupted": "errors",
    "RunError": "errors",
    "TrainConfig": "config",
    "build_generator": "models",
    "build_discriminator": "models",
    "build_vgg": "models",
    "load_upscaler": "inference.upscaler",
    "load_mixture": "inference.mixture",
    "draw_report": "evaluation.run_report",
    "evaluate_folder": "evaluation.scoring",
    "export_model": "export.exporter",
    "DeepDreamer": "art.deep_dream",
    "StyleTransferrer": "art.style_transfer",
    "upscale_file": "inference.files",
    "upscale_folder": "inference.batches",
    "upscale_film": "inference.film.upscale",
    "get_config": "presets",
    "open_records": "data.input.loader",
    "write_records": "data.dataset.writer",
    "train": "training.run",
    "PretrainTraining": "training.srgan_training",
    "SRGANTraining": "training.srgan_training",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
