"""`srgan upscale` a second time: what is finished is known by its content, and what differs is said."""

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image

import pyimagesearch
from pyimagesearch.inference.finished import EARLIER, OURS, RECORD, Finished
from pyimagesearch.inference.jobs import Job

ROOT = Path(__file__).parents[2]


@pytest.fixture
def upscale(srgan, photos, tmp_path):
    """upscale(*flags) makes `photos` larger into `big`, by bicubic: exit code, last line of stdout, stderr."""

    def run(*flags):
        code, out, err = srgan(photos, "-r", "-o", tmp_path / "big", *flags, model="bicubic")
        return code, out.splitlines()[-1].partition(" (")[0], err

    return run


def state(folder):
    """The content of every result, and when it was written."""
    return {name: ((folder / name).read_bytes(), (folder / name).stat().st_mtime_ns) for name in files(folder)}


def test_a_second_call_makes_nothing_again(upscale, tmp_path):
    assert upscale() == (0, "3 of 3 picture(s) upscaled", [])
    before = state(tmp_path / "big")
    assert list(before) == ["a.png", "b.tif", "deeper/c.png"]
    for flags in ((), ("--overwrite",)):
        assert upscale(*flags) == (0, "0 of 3 picture(s) upscaled, 3 done before", [])
        assert state(tmp_path / "big") == before


def test_what_is_missing_is_made_and_new_pictures_too(upscale, photos, tmp_path):
    upscale()
    before = state(tmp_path / "big")
    (tmp_path / "big/deeper/c.png").unlink()
    shutil.copy(photos / "a.png", photos / "deeper/d.png")
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:60])
    code, said, err = upscale()
    assert (code, said) == (1, "2 of 5 picture(s) upscaled, 2 done before, 1 failed")
    assert "broken.png: corrupt" in err[0]
    after = state(tmp_path / "big")
    assert {name: after[name] for name in ("a.png", "b.tif")} == {name: before[name] for name in ("a.png", "b.tif")}
    assert after["deeper/c.png"][0] == before["deeper/c.png"][0]
    assert len(after) == 4


def test_a_picture_that_changed_is_said_and_made_again_when_asked(upscale, photos, tmp_path):
    upscale()
    before = state(tmp_path / "big")
    Image.fromarray(np.full((5, 6, 3), 90, np.uint8)).save(photos / "a.png")
    code, said, err = upscale()
    assert (code, said) == (1, "0 of 3 picture(s) upscaled, 2 done before, 1 failed")
    assert "a.png: exists already, made of another state of its picture; --overwrite makes it again" in err[0]
    assert state(tmp_path / "big") == before
    assert upscale("--overwrite") == (0, "1 of 3 picture(s) upscaled, 2 done before", [])
    assert Image.open(tmp_path / "big/a.png").size == (24, 20)
    assert upscale() == (0, "0 of 3 picture(s) upscaled, 3 done before", [])


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (["--scale", "2"], "made with --scale 4, not 2"),
        (["--size", "20x"], "made with --size unset, not 20x"),
        (["light"], "made by another model or mix of models"),
    ],
)
def test_other_settings_are_said(srgan, photos, tmp_path, save_generator, flags, reason):
    assert srgan(photos, "-o", tmp_path / "big", model="bicubic")[0] == 0
    before = state(tmp_path / "big")
    model, flags = (save_generator("light", 4)[0], []) if flags == ["light"] else ("bicubic", flags)
    code, _, err = srgan(photos, "-o", tmp_path / "big", *flags, model=model)
    assert code == 1
    assert all(f"{reason}; --overwrite makes it again" in line for line in err[:2])
    assert state(tmp_path / "big") == before


def test_a_result_that_somebody_changed_is_not_replaced(upscale, tmp_path):
    upscale()
    Image.new("RGB", (48, 36)).save(tmp_path / "big/a.png")
    code, said, err = upscale()
    assert (code, said) == (1, "0 of 3 picture(s) upscaled, 2 done before, 1 failed")
    assert "a.png: exists already, changed since it was made; --overwrite replaces it" in err[0]
    assert upscale("--overwrite") == (0, "1 of 3 picture(s) upscaled, 2 done before", [])


def test_a_record_that_was_cut_off_or_is_of_something_else_harms_nothing(upscale, tmp_path):
    upscale()
    record = tmp_path / "big" / RECORD
    lines = [line for line in record.read_text().splitlines() if line]
    record.write_text("\n".join(["\0\0", "[1]", "{}", *lines])[:-20])
    code, said, err = upscale()
    assert (code, said) == (1, "0 of 3 picture(s) upscaled, 2 done before, 1 failed")
    assert "exists already; --overwrite replaces it" in err[0]
    assert upscale("--overwrite")[0] == 0
    assert upscale() == (0, "0 of 3 picture(s) upscaled, 3 done before", [])


def test_a_record_that_cannot_be_read_is_said(srgan, photos, tmp_path):
    (tmp_path / "big" / RECORD).mkdir(parents=True)
    code, _, err = srgan(photos, "-o", tmp_path / "big", model="bicubic")
    assert code == 2
    assert f"{RECORD}: Is a directory; it is the record of finished results, and may be deleted" in err[0]


def test_python_skips_what_is_finished(photos, tmp_path):
    for _ in range(2):
        assert pyimagesearch.upscale_folder(photos, tmp_path / "big", model="bicubic", recursive=True) == []
        made = state(tmp_path / "big")
    assert pyimagesearch.upscale_folder(photos, tmp_path / "big", model="bicubic", recursive=True) == []
    assert state(tmp_path / "big") == made


def test_what_a_call_made_itself_is_not_what_was_done_before(photos, tmp_path):
    """A runner does a part again when a worker dies: what the dead one finished counts for this call."""
    job = Job(photos / "a.png", tmp_path / "big/a.png", tmp_path / "big")
    job.target.parent.mkdir()
    calls = {name: Finished(job.folder, {"scale": 4}, run=name) for name in ("first", "second")}
    assert [calls[name].has(job, job.source) for name in calls] == [None, None]
    record = calls["first"].recorder(job, job.source)
    shutil.copy(photos / "a.png", job.target)
    record(job.target)
    assert [calls[name].has(job, job.source) for name in calls] == [OURS, EARLIER]
    assert Finished(job.folder, {"scale": 4}).has(job, job.source) == EARLIER


def test_a_killed_call_is_continued(srgan, tmp_path, noise):
    count = 40
    for number in range(count):
        path = tmp_path / f"photos/{number % 4}/{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(120, 160, number)).save(path)
    big = tmp_path / "big"
    flags = [tmp_path / "photos", "-r", "-o", big, "--scale", "3"]
    command = [sys.executable, "-m", "pyimagesearch", "upscale", *flags, "--model", "bicubic"]
    process = subprocess.Popen(list(map(str, command)), cwd=ROOT, stdout=subprocess.DEVNULL)
    while len(list(big.rglob("*.png"))) < 3 and process.poll() is None:
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    killed = state_of_pictures(big)
    assert 3 <= len(killed) < count
    code, out, err = srgan(*flags, model="bicubic")
    assert (code, err) == (0, [])
    assert f"{count - len(killed)} of {count} picture(s) upscaled, {len(killed)} done before" in out
    whole = state_of_pictures(big)
    assert {name: whole[name] for name in killed} == killed
    assert srgan(tmp_path / "photos", "-r", "-o", tmp_path / "other", "--scale", 3, model="bicubic")[0] == 0
    expected = state_of_pictures(tmp_path / "other")
    assert {name: data for name, (data, _) in whole.items()} == {name: data for name, (data, _) in expected.items()}
    lines = [json.loads(line) for line in (big / RECORD).read_text().splitlines() if line]
    assert {line["result"] for line in lines} == set(whole)


def state_of_pictures(folder):
    """state() without the hidden files that a killed process leaves."""
    return {name: value for name, value in state(folder).items() if not Path(name).name.startswith(".")}
