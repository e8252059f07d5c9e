"""The same run on one device, on several and in two processes; kills; a worker that stops or is lost.

Logical CPU devices stand for GPUs, and processes over loopback for hosts.
"""

import csv
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pytest
import skimage.data

from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.evaluation.scoring import mean_on_y
from pyimagesearch.images import resize
from pyimagesearch.inference.upscaler import BicubicUpscaler, load_upscaler
from pyimagesearch.models.loading import load_generator
from pyimagesearch.training.strategy import make_strategy
from pyimagesearch.training.workers import check_tf_config

ROOT = Path(__file__).resolve().parents[2]
# The tutorial's rates. A bias before a BatchNorm has no gradient but rounding errors, which Adam turns into steps as
# large as the rate; the moving mean follows late. Ten times the second rate lets pictures drift by 0.07 of 255.
RUN = ["--preset", "smoke", "--precision", "float32", "--set", "data.global_batch=4",
       "--set", "pretrain.rate=1e-4", "--set", "finetune.rate=1e-5"]  # fmt: skip
MIRRORED = """
import sys
import tensorflow as tf
from pyimagesearch.cli.main import main
from pyimagesearch.training import strategy
devices = int(sys.argv[1])
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * devices)
strategy.make_strategy = lambda *_: tf.distribute.MirroredStrategy([f"/cpu:{number}" for number in range(devices)])
sys.exit(main(["train", "--device", "cpu", *sys.argv[2:]]))
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for listener in sockets:
        listener.bind(("127.0.0.1", 0))
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def start(records, output, *flags, devices=1, **environment):
    """A run of `devices` logical CPUs in a process of its own; what it says goes to a file beside `output`."""
    door = [str(ROOT / "train_srgan.py"), "--device", "cpu"] if devices == 1 else ["-c", MIRRORED, str(devices)]
    with Path(f"{output}.{environment.pop('name', 'said')}").open("w") as said:
        return subprocess.Popen(
            [sys.executable, *door, *RUN, "--tfrecords", records, "--output", str(output), *flags],
            stdout=said, stderr=said, env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )  # fmt: skip


def start_workers(records, output, *flags):
    """Two workers over loopback."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    return [
        start(
            records, output, *flags, name=f"worker{index}",
            TF_CONFIG=json.dumps({"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}),
        )
        for index in range(2)
    ]  # fmt: skip


def said(output, name):
    return Path(f"{output}.{name}").read_text()


def losses(output):
    with (output / "history.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["step"] != "0"]  # which holds a validation alone
        return [[float(row[key] or 0) for key in row if "loss" in key] for row in rows]


def output_of(run, name):
    picture = resize.downscale(skimage.data.astronaut(), 4)[None].astype(np.float32)
    return load_generator(str(run / "models" / f"{name}.keras"))(picture, training=False).numpy()


def weights(run, name):
    return keras.models.load_model(run / "models" / f"{name}.keras", compile=False).get_weights()


def wait(*processes, seconds=600):
    return [process.wait(timeout=seconds) for process in processes]


def wait_until(condition, *processes, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert all(process.poll() is None for process in processes), "a run ended too soon"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def newest(output, phase="pretrain"):
    """The step of the newest checkpoint of a phase, -1 where there is none."""
    indices = (output / "checkpoints" / phase).glob("*.index")
    return max((int(path.stem.rpartition("-")[2]) for path in indices), default=-1)


@pytest.mark.slow
def test_one_device_several_and_two_processes_train_alike(records, tmp_path):
    steps = ("--pretrain-steps", "20", "--finetune-steps", "20", "--deterministic")
    for devices in (1, 2):
        assert wait(start(records, tmp_path / str(devices), *steps, devices=devices)) == [0]
    recorded = ("--log", "mlflow") if find_spec("mlflow") else ()
    assert wait(*start_workers(records, tmp_path / "workers", *steps, *recorded)) == [0, 0]
    said_of_it = [said(tmp_path / "workers", f"worker{index}").count("--log mlflow: MLflow run") for index in range(2)]
    assert said_of_it == ([1, 0] if recorded else [0, 0])  # the first alone writes
    one = tmp_path / "1"
    assert len(losses(one)) == 20
    for other in ("2", "workers"):
        np.testing.assert_allclose(losses(tmp_path / other), losses(one), rtol=1e-4)
        for name in ("pretrained_generator", "generator"):
            assert np.abs(output_of(tmp_path / other, name) - output_of(one, name)).max() <= 0.05


@pytest.mark.slow
def test_a_run_on_two_replicas_scores_as_one_on_one(records, tmp_path):
    """A run long enough to learn, in the precision of its preset, where rounding takes the two apart."""
    flags = ("--preset", "demo", "--precision", "bfloat16", "--pretrain-steps", "400", "--finetune-steps", "30",
             "--set", "data.crop=32", "--set", "data.global_batch=8", "--set", "pretrain.rate=5e-4",
             "--set", "finetune.rate=1e-4")  # fmt: skip
    pairs = [job() for source in [SampleSource(scale=4, crop=32)] for job in source.jobs(source.entries[-2:])]
    bicubic = mean_on_y(BicubicUpscaler(4), pairs)["psnr_y"]
    for devices in (1, 2):
        assert wait(start(records, tmp_path / str(devices), *flags, devices=devices)) == [0]
    for name in ("pretrained_generator", "generator"):
        one, two = (
            mean_on_y(load_upscaler(str(tmp_path / devices / "models" / f"{name}.keras")), pairs)["psnr_y"]
            for devices in ("1", "2")
        )
        print(f"{name}: {one:.3f} dB on one replica, {two:.3f} dB on two, bicubic {bicubic:.3f} dB")
        assert one > bicubic + 0.2  # otherwise there would be nothing to compare
        assert abs(one - two) <= 0.05


@pytest.mark.slow
def test_a_worker_that_is_asked_to_stop_stops_all_and_a_lost_one_is_said_within_a_minute(records, tmp_path):
    output = tmp_path / "run"
    flags = ("--pretrain-steps", "5000", "--finetune-steps", "0", "--set", "intervals.checkpoint_every=20")
    workers = start_workers(records, output, *flags)
    wait_until(lambda: newest(output) >= 20, *workers)
    workers[1].send_signal(signal.SIGTERM)
    assert wait(*workers, seconds=120) == [143, 143]
    stopped = newest(output)
    assert f"Stopped by another worker at step {stopped} of pretrain" in said(output, "worker0")
    assert f"Stopped by SIGTERM at step {stopped} of pretrain" in said(output, "worker1")

    workers = start_workers(records, output, *flags)
    wait_until(lambda: newest(output) > stopped, *workers)
    workers[1].kill()
    killed = time.monotonic()
    assert wait(workers[0], seconds=90) == [1]
    assert time.monotonic() - killed < 60
    last = said(output, "worker0").strip().splitlines()[-1]
    assert last.startswith("train_srgan.py: another of the 2 workers is gone")
    assert "start all of them again with the same command" in last
    wait(workers[1])
    assert f"Resuming pretrain at step {stopped}" in said(output, "worker0")


WRITER = {1: "said", 2: "worker0"}  # the file in which the one that writes the run folder speaks, by their number
INTERVAL = 10  # of checkpoints, in steps
EXACT = ("--deterministic", "--set", f"intervals.checkpoint_every={INTERVAL}", "--set", "intervals.log_every=2",
         "--set", "intervals.validate_every=100", "--set", "intervals.sample_every=1000")  # fmt: skip


def reached(text, phase):
    """The last step of a phase that a run has logged."""
    return max((int(step) for step in re.findall(rf"^{phase} step (\d+) of", text, re.MULTILINE)), default=0)


def kill_at_random(processes, victim, output, phase, chance, span):
    """Kill one of the processes a random time after this start's first checkpoint; gives phase and step to go on at."""
    before = max(newest(output, phase), 0)
    wait_until(lambda: newest(output, phase) > before, *processes)
    time.sleep(chance.uniform(0, span))
    assert victim.poll() is None, "it ended before it could be killed"
    victim.kill()
    wait(*processes, seconds=180)
    phase = "finetune" if newest(output, "finetune") >= 0 else "pretrain"
    assert reached(said(output, WRITER[len(processes)]), phase) - newest(output, phase) <= INTERVAL
    return phase, newest(output, phase)


def check_kills(start_all, tmp_path, phases, span):
    """Kill a run once in each of `phases`, one process after the other; it ends as one that is left in peace."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert set(wait(*start_all(whole))) == {0}
    chance, left = random.Random(3), None
    for number, phase in enumerate([*phases, None]):
        processes, expected = start_all(killed), left
        if phase:
            victim = processes[number % len(processes)]
            left = kill_at_random(processes, victim, killed, phase, chance, span)
        else:
            assert set(wait(*processes)) == {0}
        if expected:
            assert "Resuming {} at step {}".format(*expected) in said(killed, WRITER[len(processes)])
    models = sorted(path.stem for path in (whole / "models").iterdir())
    assert len(models) == (3 if "finetune" in phases else 1)
    for name in models:
        for one, other in zip(weights(killed, name), weights(whole, name), strict=True):
            np.testing.assert_array_equal(one, other)


LONG = ("--pretrain-steps", "200", "--finetune-steps", "200")


@pytest.mark.slow
def test_kills_in_both_phases_change_no_bit(records, tmp_path):
    phases = ["pretrain", "finetune"]
    check_kills(lambda output: [start(records, output, *EXACT, *LONG)], tmp_path, phases, span=0.5)


@pytest.mark.slow
def test_killing_workers_changes_no_bit(records, tmp_path):
    phases = ["pretrain", "pretrain"]  # worker 0, which writes, then worker 1
    steps = ("--pretrain-steps", "200", "--finetune-steps", "0")
    check_kills(lambda output: start_workers(records, output, *EXACT, *steps), tmp_path, phases, span=1.0)


def test_tf_config_tells_how_many_workers_there_are():
    assert check_tf_config({}) == 1
    config = {"cluster": {"worker": ["a:1", "b:1", "c:1"]}, "task": {"type": "worker", "index": 2}}
    assert check_tf_config({"TF_CONFIG": json.dumps(config)}) == 3


def test_what_one_machine_does_by_itself_waits_for_no_workers(monkeypatch):
    """Grids are drawn in the shell in which TF_CONFIG was set for training."""
    cluster = {"worker": ["127.0.0.1:1", "127.0.0.1:2"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}}))
    said: list[str] = []
    assert make_strategy("cpu", said.append, alone=True).num_replicas_in_sync == 1
    assert said == []
