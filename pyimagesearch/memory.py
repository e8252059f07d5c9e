"""How much memory is free, for this process and its container."""

from pathlib import Path

MACHINE = Path("/proc/meminfo")
CONTAINER = Path("/sys/fs/cgroup")


def available() -> int:
    """Bytes that can still be taken without swapping (Linux), within the container's limit where there is one."""
    free = _numbers(MACHINE)["MemAvailable:"] * 1024
    try:
        limit, used = ((CONTAINER / name).read_text().strip() for name in ("memory.max", "memory.current"))
        # Files that were read or written count as used, and make room when it is needed.
        cached = _numbers(CONTAINER / "memory.stat")["inactive_file"]
    except OSError:  # no container, or one of the old kind
        return free
    return free if limit == "max" else min(free, int(limit) - int(used) + cached)


def _numbers(path: Path) -> dict[str, int]:
    """The first number of every line by the word before it."""
    lines = (line.split() for line in path.read_text().splitlines())
    return {name: int(number) for name, number, *_ in lines}
