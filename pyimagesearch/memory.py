"""How much memory is free, for this process and its container."""

from pathlib import Path


def available() -> int:
    """Bytes that can still be taken without swapping (Linux), within the container's limit where there is one."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    (free,) = (int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    group = Path("/sys/fs/cgroup")
    try:
        limit, used = ((group / name).read_text().strip() for name in ("memory.max", "memory.current"))
        return free if limit == "max" else min(free, int(limit) - int(used))
    except OSError:  # no container, or one of the old kind
        return free
