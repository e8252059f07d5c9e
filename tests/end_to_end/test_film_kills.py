"""`srgan upscale` of a film that is stopped in three ways goes on each time, to the same file."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.optional_extras import need_video

need_video()

from helpers.entry_points import ROOT  # noqa: E402
from helpers.films import moving_pictures, write_film  # noqa: E402


def start(film: Path, target: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "pyimagesearch", "upscale", str(film), "-o", str(target), "--model", "bicubic"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def stop(film: Path, target: Path, signal_number: int, segments: int) -> tuple[int, str]:
    """Start, and stop once there are more than `segments`; the exit code and stderr."""
    process = start(film, target)
    deadline = time.monotonic() + 120
    while len(list(target.with_name(target.name + ".parts").glob("*.segment"))) <= segments:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal_number)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.slow
def test_a_film_that_is_stopped_three_times_ends_as_one_that_was_not(tmp_path):
    film = write_film(tmp_path / "film.mp4", moving_pictures(900, 90, 160), sound="aac")
    whole, target = tmp_path / "whole.mp4", tmp_path / "stopped.mp4"
    assert start(film, whole).wait(300) == 0
    code, said = stop(film, target, signal.SIGINT, 0)
    assert code == 130
    assert said.strip().startswith("srgan: stopped by SIGINT; ")
    assert "upscaled frames are kept in" in said
    code, said = stop(film, target, signal.SIGTERM, 2)
    assert code == 143
    assert said.strip().startswith("srgan: stopped by SIGTERM; ")
    assert stop(film, target, signal.SIGKILL, 4)[0] == -signal.SIGKILL
    process = start(film, target)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    assert "goes on after" in said
    assert target.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["film.mp4", "stopped.mp4", "whole.mp4"]
