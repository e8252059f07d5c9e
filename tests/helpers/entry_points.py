"""The three entry points as processes, and commands in this one."""

import subprocess
import sys
from pathlib import Path

from pyimagesearch.cli.main import main

ROOT = Path(__file__).parents[2]


def entry_point(name: str, *arguments, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / f"{name}.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **kwargs)


def run_command(capsys, *arguments) -> tuple[int, str, list[str]]:
    """The exit code of `srgan` with these arguments, its stdout, and the lines of its stderr."""
    capsys.readouterr()
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err.splitlines()
