"""`srgan upscale --runner`: Apache Beam's own runner, in this process and with worker processes that are killed."""

import errno
import functools
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from helpers.entry_points import ROOT, run_command
from helpers.result_folders import files
from PIL import Image

pytest.importorskip("apache_beam")
pytestmark = pytest.mark.slow

RUNNER = ("--runner", "direct")
TWO_PROCESSES = (
    *RUNNER, "--beam-option", "direct_num_workers=2", "--beam-option", "direct_running_mode=multi_processing",
)  # fmt: skip
THREADS = (*RUNNER, "--beam-option", "direct_num_workers=2", "--beam-option", "direct_running_mode=multi_threading")


@pytest.fixture
def upscale(capsys, many, tmp_path):
    """upscale(output, *flags) makes the pictures larger: exit code, last line of stdout, lines of stderr."""

    def run(output, *flags):
        code, out, err = run_command(capsys, *command(many, tmp_path / output, *flags))
        return code, out.splitlines()[-1].partition(" (")[0], err

    return run


@pytest.fixture
def many(tmp_path, noise):
    """A folder of 30 pictures, one of them animated, one broken, some in a folder inside it."""
    folder = tmp_path / "many"
    (folder / "deeper").mkdir(parents=True)
    for number in range(28):
        Image.fromarray(noise(64 + number, 64, number)).save(folder / ("deeper" * (number % 2)) / f"{number:02d}.png")
    frames = [Image.fromarray(noise(8, 9, number)) for number in range(3)]
    frames[0].save(folder / "moves.gif", save_all=True, append_images=frames[1:], duration=40)
    (folder / "broken.png").write_bytes((folder / "00.png").read_bytes()[:300])
    return folder


def command(source, output, *flags):
    return "upscale", str(source), "-r", "-o", str(output), "--model", "light", *flags


def visible(folder):
    """The results and their bytes, without hidden files that a killed process leaves."""
    return {name: (folder / name).read_bytes() for name in files(folder) if not os.path.basename(name).startswith(".")}


def start(many, output, *flags):
    """Start a command, and return once there are results that were not there before."""
    before = len(visible(output)) if output.is_dir() else 0
    started = subprocess.Popen(
        [sys.executable, "-m", "pyimagesearch", *command(many, output, *flags)], cwd=ROOT, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    while not (output.is_dir() and len(visible(output)) > before) and started.poll() is None:
        time.sleep(0.05)
    return started


def test_killed_worker_processes_go_on_to_what_one_process_makes(upscale, many, tmp_path):
    code, said, err = upscale("alone")
    assert (code, said, len(err)) == (1, "29 of 30 picture(s) upscaled, 1 failed", 2)

    killed = start(many, tmp_path / "shared", *TWO_PROCESSES)
    below = psutil.Process(killed.pid).children(recursive=True)
    killed.kill()
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL, "it ended before it was killed"
    assert len(below) >= 3  # a driver and two workers
    assert psutil.wait_procs(below, timeout=60)[1] == [], "processes outlive the command"
    before = visible(tmp_path / "shared")
    expected = visible(tmp_path / "alone")
    assert 0 < len(before) < len(expected)

    again = start(many, tmp_path / "shared", *TWO_PROCESSES)
    below = psutil.Process(again.pid).children(recursive=True)
    next(each for each in below if "apache_beam.runners.worker.sdk_worker_main" in each.cmdline()).kill()
    out, said = again.communicate(timeout=900)
    assert (again.returncode, said.splitlines()) == (code, err)
    assert "A worker process of Beam died; starting the workers again for what is left" in out
    # What the dead worker had finished is not done "before": it was made by this call.
    made = f"{29 - len(before)} of 30 picture(s) upscaled, {len(before)} done before, 1 failed"
    assert out.splitlines()[-1].startswith(made)
    assert visible(tmp_path / "shared") == expected


def test_threads_stopped_by_ctrl_c_go_on_to_what_one_process_makes(upscale, many, tmp_path):
    stopped = start(many, tmp_path / "shared", *THREADS)
    stopped.send_signal(signal.SIGINT)
    _, said = stopped.communicate(timeout=120)
    assert (stopped.returncode, said) == (130, "srgan: stopped by SIGINT\n")
    before = visible(tmp_path / "shared")
    assert 0 < len(before) < 29
    hidden = {path.name for path in (tmp_path / "shared").rglob(".*")}
    assert hidden == {".srgan-results.jsonl"}

    answers = [upscale("alone"), upscale("shared", *RUNNER)]
    made = f"{29 - len(before)} of 30 picture(s) upscaled, {len(before)} done before, 1 failed"
    assert answers[1] == (answers[0][0], made, answers[0][2])
    assert visible(tmp_path / "shared") == visible(tmp_path / "alone")
    assert {path.name for path in (tmp_path / "shared").rglob(".*")} == hidden
    assert upscale("shared", *RUNNER)[1] == "0 of 30 picture(s) upscaled, 29 done before, 1 failed"


def test_settings_are_those_of_a_call_without_a_runner(srgan, photos, tmp_path, save_generator):
    """Sizes, mixes and --overwrite: the same bytes, and what differs from a result that exists is said."""
    model, other = save_generator("light", 4)[0], save_generator("light", 4, seed=1)[0]
    run = functools.partial(srgan, photos, "-r", model=model)
    flags = ("--size", "x30", "--tile", "32")
    assert run("-o", tmp_path / "a", *flags)[0] == run("-o", tmp_path / "b", *flags, *RUNNER)[0] == 0
    assert visible(tmp_path / "a") == visible(tmp_path / "b")
    code, _, err = srgan(photos, "-r", "-o", tmp_path / "b", *flags, *RUNNER, model=other)
    assert code == 1
    assert "made by another model or mix of models; --overwrite makes it again" in err[0]
    assert srgan(photos, "-r", "-o", tmp_path / "b", *flags, *RUNNER, "--overwrite", model=other)[0] == 0
    assert visible(tmp_path / "a") != visible(tmp_path / "b")


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        (["{photos}/a.png", "-o", "{photos}/big.png"], "--runner writes results to folders; name a folder as --output"),
        (["{photos}/a.png", "-o", "-"], "--runner is for folders; leave it out"),
        (["{photos}/film.mp4", "-o", "{photos}/big"], "film.mp4: --runner is for pictures; upscale films without it"),
        (["{photos}", "-o", "{photos}/big", "--beam-option", "colour=red"], "colour: Beam has no such option"),
    ],
)
def test_what_a_runner_cannot_do_is_one_line_before_anything_is_done(srgan, photos, flags, wrong):
    (photos / "film.mp4").write_bytes(b"a film")
    before = sorted(photos.rglob("*"))
    code, out, err = srgan(*(flag.format(photos=photos) for flag in flags), *RUNNER)
    assert (code, out, len(err)) == (2, "", 1)
    assert wrong in err[0]
    assert sorted(photos.rglob("*")) == before


def test_a_full_disk_ends_the_pipeline_in_one_line(srgan, photos, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)  # the runner works in this process
    code, out, err = srgan(photos, "-r", "-o", tmp_path / "big", *RUNNER)
    assert (code, out, len(err)) == (1, "", 1)
    assert err[0].endswith(
        "no space is left on the disk; free some, or name another place; the results before this one are done"
    )
    assert list((tmp_path / "big").iterdir()) == []
