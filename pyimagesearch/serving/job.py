"""A job: one or several pictures, how far they are, and the files that belong to them."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.formats import PNG, Kind
from pyimagesearch.serving.places import Place
from pyimagesearch.serving.task import Task
from pyimagesearch.serving.ticket import Ticket

PictureState = Literal["waiting", "working", "done", "failed"]
JobState = Literal["waiting", "working", "done", "failed", "cancelled"]
SECONDS_KEPT = 600.0  # after the end of a job


class Version(NamedTuple):
    """The file of a result: its MIME type, its quality, and its width in pixels; None for the result's own."""

    mime: str
    quality: int | None = None
    width: int | None = None

    @classmethod
    def of(cls, mime: str, quality: int | None, width: int | None = None) -> "Version":
        """The version of which the quality counts only where the format has one, so that a PNG is made once."""
        return cls(mime, None if [mime] == PNG else quality, width)


class Stored(NamedTuple):
    """Samples on the disk."""

    path: Path
    kind: Kind


@dataclass
class Picture:
    """One picture of a job.

    height, width, kind: of the result; None until the picture is decoded. inputs: what it is made of, until it is
    made. files: of the result, by their format. downloaded: whether a client has received one of them.
    """

    index: int
    name: str
    error: ServiceError | None = None
    height: int | None = None
    width: int | None = None
    kind: Kind | None = None
    metadata: bytes = b""
    inputs: list[Stored] = field(default_factory=list)
    ticket: Ticket | None = None
    files: dict[Version, Path] = field(default_factory=dict)
    bytes: int = 0  # on the disk: at first the most that they may become
    downloaded: bool = False
    encoding: asyncio.Lock = field(default_factory=asyncio.Lock)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> PictureState:
        """How far it is."""
        if self.ended.is_set():
            return "failed" if self.error else "done"
        return "working" if self.ticket and self.ticket.begun else "waiting"

    @property
    def progress(self) -> float:
        """Of its tiles, by their pixels."""
        if self.ended.is_set():
            return 1.0
        return self.ticket.done_pixels / self.ticket.pixels if self.ticket else 0.0

    @property
    def model_seconds(self) -> float:
        """That the networks took."""
        return self.ticket.worked if self.ticket else 0.0

    def fail(self, error: ServiceError) -> None:
        """It ends without a result."""
        self.error = error
        self.ended.set()

    def count_bytes(self) -> None:
        """Take account of what is on the disk now."""
        self.bytes = sum(path.stat().st_size for path in self.files.values())

    def remove_files(self) -> None:
        """Remove what is on the disk of it."""
        self.remove_inputs()
        _remove(self.files.values())
        self.files = {}

    def remove_inputs(self) -> None:
        """Remove what it is made of from the disk."""
        _remove(stored.path for stored in self.inputs)
        self.inputs = []


class Job:
    """Pictures that came together, and what is wanted of them."""

    def __init__(self, task: Task, place: Place, *, kept: bool):
        """kept: whether the results are kept for downloads, SECONDS_KEPT long."""
        self.id = secrets.token_urlsafe(24)
        self.task, self.place, self.kept = task, place, kept
        self.pictures: list[Picture] = []
        self.cancelled = False
        self.ended_at: float | None = None
        self.forgetting: asyncio.TimerHandle | None = None
        self.finishing: asyncio.Task[None] | None = None  # the wait for its pictures, until they have ended

    @property
    def state(self) -> JobState:
        """How far it is; with several pictures "done" if at least one has a result."""
        states = [picture.state for picture in self.pictures]
        if self.cancelled:
            return "cancelled"
        if all(picture.ended.is_set() for picture in self.pictures):
            return "done" if "done" in states else "failed"
        return "waiting" if set(states) <= {"waiting", "failed"} else "working"

    @property
    def is_ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in ("done", "failed", "cancelled")

    @property
    def progress(self) -> float:
        """Of its pictures, by their pixels."""
        whole = sum(picture.ticket.pixels for picture in self.pictures if picture.ticket)
        done = sum(picture.progress * picture.ticket.pixels for picture in self.pictures if picture.ticket)
        return done / whole if whole else 1.0

    @property
    def bytes(self) -> int:
        """That it takes on the disk at most."""
        return sum(picture.bytes for picture in self.pictures)

    @property
    def seconds_kept(self) -> float | None:
        """Until it is forgotten; None before its end."""
        return None if self.ended_at is None else max(0.0, self.ended_at + SECONDS_KEPT - time.monotonic())

    def done_pictures(self) -> list[Picture]:
        """Those that have a result."""
        return [picture for picture in self.pictures if picture.state == "done"]

    def add_failed(self, name: str, error: ServiceError) -> None:
        """A picture that cannot be worked on."""
        picture = Picture(len(self.pictures), name)
        picture.fail(error)
        self.pictures.append(picture)

    async def wait(self) -> None:
        """Return when all its pictures have ended."""
        await asyncio.gather(*(picture.ended.wait() for picture in self.pictures))


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
