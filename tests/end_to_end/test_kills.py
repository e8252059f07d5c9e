"""A writer that is killed at any moment and started again leaves the folder of an uninterrupted one, byte for byte."""

import json
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from helpers.dataset_folders import files
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.dataset import shards

# Small shards, so that a kill finds some finished and some not. The flags are the program's own.
PROGRAM = """
import sys
from pyimagesearch.cli.main import main
from pyimagesearch.data.dataset import shards
shards.SHARD_BYTES = 1_500_000
sys.exit(main(["tfrecords", *sys.argv[1:]]))
"""


@pytest.fixture
def pictures(tmp_path):
    """60 pictures: with SHARD_BYTES, 40 shards or so."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(60):
        noise = np.random.default_rng(number).integers(0, 256, (500, 620, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png", compress_level=1)
    return folder


def start(pictures, output):
    command = [sys.executable, "-c", PROGRAM, "--source", "folder", "--images", str(pictures), "--output", str(output)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)


def kill_while_writing(pictures, output, delay):
    """Start the writer, wait until it writes, and kill it `delay` seconds later; True where that was before its end."""
    process = start(pictures, output)
    for line in process.stdout:
        if line.startswith(("Writing", "Going on")):
            break
    timer = threading.Timer(delay, process.kill)
    timer.start()
    process.wait()
    timer.cancel()
    process.stdout.close()
    return process.returncode == -signal.SIGKILL and not (output / "manifest.json").exists()


def seconds_of_writing(pictures, output, monkeypatch):
    """How long an uninterrupted run writes. It runs in this process, which has loaded TensorFlow."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 1_500_000)
    began = time.monotonic()
    assert main(["tfrecords", "--source", "folder", "--images", str(pictures), "--output", str(output)]) == 0
    return time.monotonic() - began


def recorded(output):
    """How many shards a writer says that it finished: one is there for a moment before it says so."""
    unfinished = output / "unfinished.json"
    return len(json.loads(unfinished.read_text())["shards"]) if unfinished.exists() else 0


def check(pictures, tmp_path, monkeypatch, kills):
    seconds = seconds_of_writing(pictures, tmp_path / "whole", monkeypatch)
    whole = files(tmp_path / "whole")
    count = len(whole) - 1  # and the manifest
    assert count > 30
    killed = tmp_path / "killed"
    chance = random.Random(1)
    landed = runs = 0
    while landed < kills or not 0 < recorded(killed) < count:
        runs += 1
        assert runs < 3 * kills + 5, f"only {landed} of {runs} kills came before the end"
        if kill_while_writing(pictures, killed, chance.uniform(0, seconds / (kills + 2))):
            landed += 1
        else:  # The machine was quicker than before: a whole folder, after all kills until then. Begin another.
            assert files(killed) == whole
            shutil.rmtree(killed)
    process = start(pictures, killed)
    said = process.communicate()[0]
    assert process.returncode == 0
    assert "Going on with" in said
    assert files(killed) == whole


def test_killed_once(pictures, tmp_path, monkeypatch):
    check(pictures, tmp_path, monkeypatch, kills=1)


@pytest.mark.slow
def test_killed_eight_times(pictures, tmp_path, monkeypatch):
    check(pictures, tmp_path, monkeypatch, kills=8)
