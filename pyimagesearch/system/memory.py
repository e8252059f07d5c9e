"""How much memory is free, for this process and what it runs in."""

from pathlib import Path

MACHINE = Path("/proc/meminfo")
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def available() -> int:
    """Bytes that can still be taken without swapping (Linux), within the limits of a container, a job or a service."""
    free = _numbers(MACHINE)["MemAvailable:"] * 1024
    return min([free, *(left for group in _groups() if (left := _left(group)) is not None)])


def _groups() -> list[Path]:
    """The control groups (version 2) that this process is in, the innermost first. A container sees its own as /."""
    try:
        own = next((line[4:] for line in OWN_GROUP.read_text().splitlines() if line.startswith("0::/")), "")
    except OSError:
        own = ""
    innermost = GROUPS / own
    return [group for group in (innermost, *innermost.parents) if group.is_relative_to(GROUPS)]


def _left(group: Path) -> int | None:
    """Bytes that a group's limit leaves; None where it has none."""
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        # Files that were read or written count as used, and make room when it is needed.
        cached = _numbers(group / "memory.stat")["inactive_file"]
    except OSError:  # the machine as a whole, or groups of the old kind
        return None
    return None if limit == "max" else int(limit) - int(used) + cached


def _numbers(path: Path) -> dict[str, int]:
    """The first number of every line by the word before it."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}
