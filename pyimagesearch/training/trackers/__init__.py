"""Services that keep records of experiments: one module a service, which registers itself. Standard library only."""

import os
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from pyimagesearch.errors import InputError
from pyimagesearch.system.gcs import on_bucket
from pyimagesearch.system.registry import Registry

Outcome = Literal["finished", "stopped", "failed"]


@dataclass(frozen=True)
class RunInfo:
    """What a service is told of a run when its record begins or goes on."""

    id: str  # the same at every start of the run, and of no other run
    name: str
    config: Mapping[str, Any]  # nested, of plain values; of paths only the last part
    folder: str  # the run folder, local or gs://


@dataclass(frozen=True)
class Point:
    """What a run has at one step of a phase."""

    phase: str  # "pretrain" or "finetune"
    step: int  # of the phase
    total_step: int  # grows from point to point over both phases
    values: Mapping[str, float]  # a row of history.csv; empty where there is only a sample
    sample: str | None  # the path of the picture in samples/


class Tracker(ABC):
    """The record of one run with one service.

    It is opened, updated and finished in one thread. It may raise whatever its library does: the caller says so in one
    line, goes on, and comes back with all points at the next checkpoint.
    """

    title: ClassVar[str]
    libraries: ClassVar[tuple[str, ...]]
    extra: ClassVar[str]
    elsewhere: ClassVar[tuple[str, str]]  # the variable that names another place than the run folder, and a value of it
    where: str  # where the record is found, for a line to the user; no passwords

    @classmethod
    def check(cls, folder: str) -> None:
        """Raise InputError where no record of a run in `folder` can be kept here."""
        missing = [library for library in cls.libraries if not _installed(library)]
        if missing:
            raise InputError(f'{cls.title} needs {", ".join(missing)}: pip install -e ".[{cls.extra}]"')
        variable, value = cls.elsewhere
        if on_bucket(folder) and not os.environ.get(variable):
            raise InputError(f"{cls.title} writes to a disk, but `output` is {folder}; set {variable} to {value}")

    @abstractmethod
    def __init__(self, run: RunInfo):
        """Begin the record of the run, or go on with the one that has its id."""

    @abstractmethod
    def update(self, points: Sequence[Point]) -> None:
        """Add the points that the record does not have. They are all of the run, in their order."""

    @abstractmethod
    def finish(self, models: Sequence[str], outcome: Outcome) -> None:
        """Close the record, with these .keras files, local or gs://."""


TRACKERS: Registry[type[Tracker]] = Registry("`log` service", "pyimagesearch.training.trackers")


def check_trackers(names: Sequence[str], folder: str) -> None:
    """Raise InputError for a service that is unknown, or that cannot be used for a run in `folder`."""
    for name in names:
        TRACKERS[name].check(folder)


def without_passwords(text: str) -> str:
    """The text with the addresses in it as they are without a name and a password."""
    return re.sub(r"(?<=://)\S*@", "", text)  # a password may hold a slash


def _installed(library: str) -> bool:
    """Whether it is there, and is no mere folder of that name: both libraries make such folders where they are used."""
    found = find_spec(library)
    return found is not None and found.origin is not None
