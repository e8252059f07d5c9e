"""What a request may take."""

import dataclasses
import math

from pyimagesearch.errors import InputError

MOST = {"seconds": 86_400, "queue": 100}


@dataclasses.dataclass(frozen=True)
class Limits:
    """The command line's defaults serve a machine with 4 GB of memory and 2 cores."""

    bytes: int  # of a picture's file
    pixels: int  # of the picture that comes in
    seconds: float  # from a request's beginning to the result; sending that may take as long again
    queue: int  # requests that are let in at once, with the one that is computed

    def __post_init__(self) -> None:
        for name, value in dataclasses.asdict(self).items():
            argument = "`queue`" if name == "queue" else f"`max_{name}`"
            if not (value > 0 and math.isfinite(value)):
                raise InputError(f"{argument} must be above 0, received {value}")
            if value > MOST.get(name, value):
                raise InputError(f"{argument} must be at most {MOST[name]}, received {value:g}")
