"""Commands that are stopped by a signal leave nothing half written, and go on."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.entry_points import ROOT
from helpers.smoke_runs import weights
from PIL import Image


def test_sigterm_while_writing_records_leaves_nothing_half_written(tmp_path):
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number in range(60):
        noise = np.random.default_rng(number).integers(0, 256, (512, 512, 3), np.uint8)
        Image.fromarray(noise).save(pictures / f"{number}.bmp")
    command = [sys.executable, str(ROOT / "create_tfrecords.py"), "--source", "folder", "--images", str(pictures)]
    process = subprocess.Popen(
        [*command, "--output", str(tmp_path / "records")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for(lambda: list(tmp_path.glob("records/train/*.part")), process)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.strip().splitlines() == ["create_tfrecords.py: stopped by SIGTERM"]
    left = {path.name for path in (tmp_path / "records").rglob("*") if path.is_file()}
    assert left == {"unfinished.json"}


def start_training(records: str, output: Path, *more: str) -> subprocess.Popen:
    command = [sys.executable, str(ROOT / "train_srgan.py"), "--device", "cpu", "--preset", "smoke", "--deterministic"]
    command += ["--tfrecords", records, "--output", str(output), *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def wait_for(condition, process: subprocess.Popen, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def checkpoints(output: Path, phase: str) -> list[Path]:
    return list((output / "checkpoints" / phase).glob("*.index"))


@pytest.mark.slow
def test_ctrl_c_saves_and_the_same_command_goes_on(records, tmp_path):
    output = tmp_path / "run"
    more = ["--pretrain-steps", "200", "--finetune-steps", "0"]
    for setting in (
        "intervals.steps_per_call=1",
        "intervals.checkpoint_every=50",
        "intervals.validate_every=200",
        "intervals.sample_every=200",
        "intervals.log_every=50",
    ):
        more += ["--set", setting]
    process = start_training(records, output, *more)
    wait_for(lambda: checkpoints(output, "pretrain"), process)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    again = start_training(records, output, *more)
    assert any(line.startswith("Resuming pretrain at step ") for line in again.stdout)
    again.wait(120)
    assert again.returncode == 0


@pytest.mark.slow
def test_a_run_with_degradations_that_is_killed_twice_ends_bit_for_bit_as_one_that_was_not(records, tmp_path):
    more = ["--pretrain-steps", "300", "--finetune-steps", "0"]
    for setting in (
        "data.degradations=full",
        "network.name=light",
        "network.filters=8",
        "intervals.steps_per_call=5",
        "intervals.checkpoint_every=20",
        "intervals.validate_every=100",
        "intervals.sample_every=300",
    ):
        more += ["--set", setting]
    assert start_training(records, tmp_path / "whole", *more).wait(300) == 0
    killed = tmp_path / "killed"
    for step in (60, 180):
        process = start_training(records, killed, *more)
        wait_for(lambda step=step: any(at_step(path) >= step for path in checkpoints(killed, "pretrain")), process)
        process.kill()
        process.wait()
    again = start_training(records, killed, *more)
    said = again.communicate()[0]
    assert again.returncode == 0
    resumed = int(re.search(r"Resuming pretrain at step (\d+)", said)[1])
    assert 180 <= resumed < 300
    for ours, expected in zip(
        *(weights(run, "pretrained_generator") for run in (killed, tmp_path / "whole")), strict=True
    ):
        np.testing.assert_array_equal(ours, expected)


def at_step(checkpoint: Path) -> int:
    """The step of a file such as step-60.index."""
    return int(checkpoint.stem.partition("-")[2])
