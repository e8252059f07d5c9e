"""Style transfer from picture files to a picture file: checks, progress, interruptions, what the file keeps."""

import dataclasses
import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pyimagesearch.art import unfinished
from pyimagesearch.art.style_transfer import Snapshot, StyleTransferrer, Transfer
from pyimagesearch.errors import InputError, Interrupted
from pyimagesearch.images import picture_io
from pyimagesearch.images.picture_io import Picture
from pyimagesearch.inference.jobs import Job, plan_jobs
from pyimagesearch.system import console, memory
from pyimagesearch.system.console import duration

BYTES_OF_TILE = 2600  # of a float32 VGG19 and its gradients for a pixel that goes through it
BYTES_OF_PICTURE = {"adam": 150, "lbfgs": 420}  # for each pixel of the result: copies, and what the method keeps

FilePath = str | os.PathLike[str]
logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class StyleJob:
    """The files of one transfer."""

    content: Path
    styles: tuple[Path, ...]
    target: Path
    mask: Path | None = None

    def named(self) -> dict[str, Path]:
        """The pictures that are read, by what they are."""
        named = {"content": self.content} | ({"mask": self.mask} if self.mask else {})
        return named | {f"style {number}": path for number, path in enumerate(self.styles, 1)}


def plan_style(content: str, styles: Sequence[str], output: str, mask: str | None = None) -> StyleJob:
    """The job of these files. Raises InputError where one does not exist or the result cannot be written."""
    if Path(content).is_dir():
        raise InputError(f"{content}: is a folder, but one picture at a time is stylised; name a picture")
    jobs: list[Job] = plan_jobs([content], output, recursive=False)
    if len(jobs) > 1:
        raise InputError(f"{content}: names {len(jobs)} pictures, but one at a time is stylised; name one")
    job = StyleJob(jobs[0].source, tuple(map(Path, styles)), jobs[0].target, Path(mask) if mask else None)
    for path in job.named().values():
        if not path.is_file():
            raise InputError(f"{path}: no such picture")
        if path.exists() and job.target.exists() and path.samefile(job.target):
            raise InputError(f"{path}: would be replaced by the result; name another output")
    return job
