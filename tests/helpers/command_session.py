"""Commands in one other process, since each process has to load TensorFlow anew."""

import json
import subprocess
import sys

from helpers.entry_points import ROOT

LOOP = """
import contextlib, io, json, sys
from pyimagesearch.cli.main import main
for line in sys.stdin:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(json.loads(line))
    print(json.dumps([code, out.getvalue(), err.getvalue().splitlines()]), flush=True)
"""


class CommandSession:
    """A process that runs one command after the other, in an environment of its own."""

    def __init__(self, environment: dict[str, str]):
        self.process = subprocess.Popen(
            [sys.executable, "-c", LOOP], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()

    def __call__(self, *arguments) -> tuple[int | None, str, list[str]]:
        """Exit code, stdout and the lines of stderr of `srgan` with these arguments; the code is None where the process
        was killed."""
        self.process.stdin.write(json.dumps([str(argument) for argument in arguments]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        return tuple(json.loads(line)) if line else (None, "", [])
