"""What a request may take: the defaults, and what `srgan serve` may be told instead.

bodies.py holds requests to the bytes, decode_worker.py to the pixels, line.py to the seconds, places.py to the queue.
"""

import dataclasses
import math

from pyimagesearch.errors import InputError

HIGHEST = {"seconds": 86_400, "queue": 100}  # that may be set
MOST_PICTURES = 50  # of a job
LEAST_LINE_SECONDS = 60.0  # of work that the line holds, however short `seconds` is
LINE_PICTURES = 10  # of the largest ones, which the line holds at once

ONE_TILE = 512 * 512  # pixels that a network sees at once: never too many


@dataclasses.dataclass(frozen=True)
class Limits:
    """The defaults suit a machine with 4 GB of memory and 2 cores."""

    bytes: int = 20_000_000  # of a picture's file
    pixels: int = 4_000_000  # of the picture that comes in
    seconds: float = 120.0  # of work on a picture, from its first tile
    queue: int = 50  # requests and jobs that are let in at once, with the one that is worked on

    @property
    def pictures(self) -> int:
        """Of a job."""
        return MOST_PICTURES

    @property
    def job_bytes(self) -> int:
        """Of all files of a job together."""
        return LINE_PICTURES * self.bytes

    @property
    def line_seconds(self) -> float:
        """Of work that is in line together."""
        return max(LINE_PICTURES * self.seconds, LEAST_LINE_SECONDS)

    @property
    def seen_pixels(self) -> int:
        """Of what a network sees, context around tiles included; a square picture of `pixels` needs less."""
        return max(self.pixels * 3 // 2, ONE_TILE)

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            argument = "`queue`" if name == "queue" else f"`max_{name}`"
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"{argument} must be above 0, received {value}")
            if value > HIGHEST.get(name, value):
                raise InputError(f"{argument} must be at most {HIGHEST[name]}, received {value:g}")
