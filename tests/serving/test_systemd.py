"""The unit for systemd in docs/operations.md: systemd's own tools accept it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pyimagesearch.cli.main import build_parser

DOCS = (Path(__file__).parents[2] / "docs/operations.md").read_text()
PROGRAM = "/opt/srgan/.venv/bin/srgan"
MOST_EXPOSED = 20  # tenths, of systemd-analyze security: 0 nothing to 100


def unit():
    return re.search(r"```ini\n(.*?)```", DOCS, re.DOTALL)[1]


def test_the_command_of_the_unit_has_flags_that_exist():
    command = re.search(rf"^ExecStart={PROGRAM} (.*)", unit(), re.MULTILINE)[1]
    args = build_parser().parse_args(command.split())
    assert args.token_file == "${CREDENTIALS_DIRECTORY}/tokens"
    assert "LoadCredential=tokens:" in unit()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze on this machine")
def test_systemd_accepts_it_and_finds_it_hardened(tmp_path):
    path = tmp_path / "srgan.service"
    path.write_text(unit().replace(PROGRAM, sys.executable))  # verify wants a program that is there
    for command in (["verify"], ["security", "--offline=true", f"--threshold={MOST_EXPOSED}", "--no-pager"]):
        done = subprocess.run(["systemd-analyze", *command, path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
