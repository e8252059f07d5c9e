"""The finished segments of a film that is not whole yet, in a folder beside it, with what made them.

A segment is one file: a line of JSON that lists its packets, then their bytes. It appears whole or not at all.
"""

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyimagesearch.errors import InputError
from pyimagesearch.system import files

if TYPE_CHECKING:
    import av

SETTINGS = "made_by.json"
ENDS = 1 << 20  # bytes at the start and at the end of a film by which it is known


@dataclass(frozen=True)
class Packet:
    """What an encoder gave: times in the film's time base."""

    size: int
    pts: int
    duration: int
    key: bool


class Parts:
    """The folder of the segments of `target`: `target` with .parts at its end. The caller holds its lock."""

    def __init__(self, target: Path):
        self.folder = target.with_name(target.name + ".parts")
        self._target = target

    def begin(self, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        """Keep segments that the same settings made, or start with none.

        Raises InputError where other settings made those that are there, unless `overwrite`.
        """
        files.remove_temporary(str(self.folder))
        before = self._settings()
        if before == settings:
            return
        if before and self.segments():
            differing = [name for name in settings if settings[name] != before.get(name)]
            if not overwrite:
                raise InputError(
                    f"{self.folder}: holds {len(self.segments())} finished segments of this film, made with another "
                    f"{', '.join(differing)}; give the same again, another output, or `overwrite` to begin anew"
                )
        for segment in self.segments():
            segment.unlink()
        files.write_whole(self.folder / SETTINGS, json.dumps(settings, indent=1, sort_keys=True), durable=True)

    def _settings(self) -> dict[str, Any] | None:
        try:
            settings = json.loads((self.folder / SETTINGS).read_text())
        except (FileNotFoundError, ValueError):
            return None
        return settings if isinstance(settings, dict) else None

    def segments(self) -> list[Path]:
        """The segments in order, up to the first that is missing."""
        numbered = (self.folder / f"{number:06d}.segment" for number in itertools.count())
        return list(itertools.takewhile(Path.exists, numbered))

    def kept(self, name: str) -> Any:
        """A setting of the segments that are there, or None."""
        return (self._settings() or {}).get(name)

    def frames(self) -> int:
        """How many frames are in the segments: encoders give one packet for each."""
        return sum(len(listed(segment)) for segment in self.segments())

    def add(self, packets: Sequence["av.Packet"]) -> None:
        """Keep the packets of the next segment, on the disk when this returns."""
        listed = [[packet.size, packet.pts, packet.duration or 0, int(packet.is_keyframe)] for packet in packets]
        path = self.folder / f"{len(self.segments()):06d}.segment"
        with files.appearing(path, durable=True) as beside, open(beside, "wb") as file:
            file.write(json.dumps(listed).encode() + b"\n")
            for packet in packets:
                file.write(bytes(packet))

    def remove(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def listed(segment: Path) -> list[Packet]:
    """The packets of a segment, in the order of decoding."""
    with segment.open("rb") as file:
        return [Packet(size, pts, duration, bool(key)) for size, pts, duration, key in json.loads(file.readline())]


def payloads(segment: Path) -> Iterator[bytes]:
    """The bytes of the packets that `listed` lists."""
    with segment.open("rb") as file:
        sizes = [packet[0] for packet in json.loads(file.readline())]
        yield from (file.read(size) for size in sizes)


def identity(path: Path) -> str:
    """A digest of a film's size, start and end: a rename leaves it as it is, another film has another."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(str(size).encode() + file.read(ENDS))
        file.seek(max(0, size - ENDS))
        digest.update(file.read(ENDS))
    return digest.hexdigest()
