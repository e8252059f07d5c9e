"""What the processor of this machine can do. Standard library only."""

from pathlib import Path

_FAST_BFLOAT16 = ("avx512_bf16", "amx_bf16")  # instruction sets, as Linux calls them


def cpu_has_bfloat16() -> bool:
    """Whether this processor multiplies in bfloat16; False where that cannot be told (not Linux)."""
    try:
        flags = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    return any(name in flags for name in _FAST_BFLOAT16)
