"""How much memory this process can still take."""

from pathlib import Path

from pyimagesearch.errors import InputError
from pyimagesearch.system import console

MACHINE = Path("/proc/meminfo")
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


class NoMemory(InputError):
    """Work needs more memory than is free; both in bytes."""

    def __init__(self, text: str, needed: float, free: float):
        super().__init__(text)
        self.needed, self.free = needed, free


def require(needed: float, what: str, remedy: str = "") -> None:
    """Raise NoMemory, as in "a dream needs 3 GB of memory, but 2 GB are free", where so many bytes are not free.

    what: with its verb. remedy: what to do, after the rest.
    """
    free = available()
    if needed > free:
        text = f"{what} {console.size(needed)} of memory, but {console.size(free)} are free{remedy}"
        raise NoMemory(text, needed, free)


def available() -> int:
    """Bytes that are free without swapping (Linux), within the memory limits of a container, job or service."""
    free = _numbers(MACHINE)["MemAvailable:"] * 1024
    return min([free, *(left for group in _groups() if (left := _left(group)) is not None)])


def _groups() -> list[Path]:
    """The control groups (version 2) of this process, innermost first. In a container its own group is /."""
    try:
        own = next((line[4:] for line in OWN_GROUP.read_text().splitlines() if line.startswith("0::/")), "")
    except OSError:
        own = ""
    innermost = GROUPS / own
    return [group for group in (innermost, *innermost.parents) if group.is_relative_to(GROUPS)]


def _left(group: Path) -> int | None:
    """Bytes left below the limit of a group; None if it has no limit."""
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        # The kernel counts cached files as used, but drops them when memory is needed.
        cached = _numbers(group / "memory.stat")["inactive_file"]
    except OSError:  # the root group, or control groups of version 1
        return None
    return None if limit == "max" else int(limit) - int(used) + cached


def _numbers(path: Path) -> dict[str, int]:
    """Maps the first word of every line to the number after it."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}
