"""Records by worker processes of Apache Beam: two of them, of which many are killed, and on a bucket."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers.dataset_folders import files
from helpers.gcs_emulator import LocalGCS, free_port
from PIL import Image

pytest.importorskip("apache_beam", reason='Apache Beam is not installed: pip install -e ".[beam]"')

ROOT = Path(__file__).parents[2]
# `srgan tfrecords` with smaller shards, so that few pictures take many.
COMMAND = """
import sys
from pyimagesearch.cli.libraries import load_tensorflow
from pyimagesearch.cli.main import main
load_tensorflow()
from pyimagesearch.data.dataset import shards
shards.SHARD_BYTES = 2_000_000
if __name__ == "__main__":
    sys.exit(main(["tfrecords", "--source", "folder", *sys.argv[1:]]))
"""
TWO = ("direct_num_workers=2", "direct_running_mode=multi_processing")
BY_TWO = ("--runner", "direct", *(flag for option in TWO for flag in ("--beam-option", option)))
KILLS = 10


def start(*flags: object, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", COMMAND, *map(str, flags)], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, **options,
    )  # fmt: skip


def succeed(*flags: object, **options) -> str:
    process = start(*flags, **options)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, ""), err[-2000:]
    return out


@pytest.fixture
def photos(tmp_path, noise) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(60):
        Image.fromarray(noise(400, 400, seed=number)).save(folder / f"{number:03d}.png", compress_level=1)
    return folder


def workers(command: int) -> list[int]:
    """The worker processes that descend from a process."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (ValueError, OSError):
            continue
        if arguments[1:3] == [b"-m", b"apache_beam.runners.worker.sdk_worker_main"]:
            found.append(int(entry.name))

    def descends(pid: int | None) -> bool:
        return pid is not None and (pid == command or descends(parents.get(pid)))

    return [pid for pid in found if descends(pid)]


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"  # ended, but not yet reaped
    except OSError:
        return False


def answers(folder: Path) -> int:
    """How many tasks are done, of both kinds."""
    return sum(1 for _ in folder.glob(".srgan-tasks/*/answers/*.json"))


@pytest.mark.slow
def test_ten_killed_workers_change_no_byte(photos, tmp_path):
    draw = random.Random(23)
    flags = ("--images", photos, "--crop", 32, "--compression", "png")
    succeed(*flags, "--output", tmp_path / "alone")
    out = tmp_path / "out"
    process = start(*flags, "--output", out, *BY_TWO)
    killed: set[int] = set()
    while len(killed) < KILLS:
        done = answers(out)
        while process.poll() is None:
            left = [pid for pid in workers(process.pid) if pid not in killed]
            # Every other one dies at any moment of its start, the others after a task.
            if left and (len(killed) % 2 or answers(out) != done):
                break
            time.sleep(0.05)
        assert process.poll() is None, f"the command ended after {len(killed)} kills: {process.communicate()}"
        time.sleep(draw.uniform(0, 1))
        left = [pid for pid in workers(process.pid) if pid not in killed]
        if left:
            killed.add(victim := draw.choice(left))
            os.kill(victim, signal.SIGKILL)
    said, err = process.communicate(timeout=600)
    assert (process.returncode, err) == (0, ""), err[-2000:]
    assert said.count("A worker process of Beam died") >= KILLS / 2  # two may die in one pipeline
    assert files(out) == files(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.parametrize("to", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_command_leaves_no_process_and_goes_on(photos, tmp_path, to):
    out = tmp_path / "out"
    flags = ("--images", photos, "--crop", 32, "--output", out)
    process = start(*flags, *BY_TWO)
    while not list(out.glob(".srgan-finished/*.json")) and process.poll() is None:
        time.sleep(0.05)
    left = workers(process.pid)
    process.send_signal(to)
    process.communicate()
    assert process.returncode in (-signal.SIGKILL, 128 + signal.SIGTERM)
    assert left
    deadline = time.monotonic() + 30
    while any(map(lives, left)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(lives, left))
    assert "Going on with" in succeed(*flags)  # by one process
    succeed(*flags[:-1], tmp_path / "alone")
    assert files(out) == files(tmp_path / "alone")


@pytest.mark.slow
def test_a_job_server_gets_the_pipeline_of_flink(photos, tmp_path):
    """Beam's own job server stands for Flink's: clients talk to both in the same way."""
    for picture in sorted(photos.iterdir())[10:]:
        picture.unlink()
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main", f"--job_port={port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while not listens(port) and server.poll() is None:
            time.sleep(0.1)
        options = (f"job_endpoint=localhost:{port}", "environment_type=LOOPBACK")
        flink = ("--runner", "flink", *(flag for option in options for flag in ("--beam-option", option)))
        flags = ("--images", photos, "--crop", 32, "--output")
        assert "10 pictures" in succeed(*flags, tmp_path / "flink", *flink)
        succeed(*flags, tmp_path / "alone")
        assert files(tmp_path / "flink") == files(tmp_path / "alone")
    finally:
        server.kill()
        server.wait()


def listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.slow
def test_on_a_bucket_two_workers_write_what_one_process_writes_here(photos, tmp_path):
    pictures = sorted(photos.iterdir())[:30]
    for picture in photos.iterdir():
        if picture not in pictures:
            picture.unlink()
    alone = tmp_path / "alone"
    succeed("--images", photos, "--crop", 32, "--output", alone)
    with LocalGCS(tmp_path) as gcs:
        gcs.make_bucket("lab")
        for picture in pictures:
            gcs.put("lab", f"photos/{picture.name}", picture.read_bytes())
        succeed("--images", "gs://lab/photos", "--crop", 32, "--output", "gs://lab/out", *BY_TWO, env=gcs.child())
        written = {name: gcs.read("lab", name) for name in gcs.names("lab") if name.startswith("out/")}
        assert written == {f"out/{name}": data for name, data in files(alone).items()}
        process = start("--images", "gs://none/photos", "--output", tmp_path / "no", *BY_TWO, env=gcs.child())
        _, err = process.communicate()
        assert (process.returncode, err.count("\n")) == (2, 1)
        assert err.startswith("srgan: gs://none: no such bucket")
