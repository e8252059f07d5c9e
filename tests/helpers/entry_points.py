"""The three entry points as processes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def entry_point(name: str, *arguments, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **kwargs)
