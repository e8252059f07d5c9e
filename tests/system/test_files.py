"""pyimagesearch.system.files: files and folders appear whole, and nothing else is touched."""

import os
import random
import re
import stat
import subprocess
import sys
import time

import pytest

from pyimagesearch.system.files import appearing, appearing_folder, remove_temporary, write_whole

# Writes the target ROUNDS times, 1 to 200 times its letter, with a random pause in the middle of each.
WRITER = """
import pathlib, random, sys, time
from pyimagesearch.system import files
kind, target, letter, rounds = sys.argv[1:]
for _ in range(int(rounds)):
    if kind == "file":
        with files.appearing(target) as beside, open(beside, "w") as file:
            for _ in range(200):
                file.write(letter)
                if random.random() < 0.01:
                    file.flush()
                    time.sleep(0.001)
    else:
        with files.appearing_folder(target) as beside:
            for number in range(5):
                pathlib.Path(beside, str(number)).write_text(letter)
                time.sleep(random.uniform(0, 0.001))
"""


def read(kind, target):
    """What is at the target, as text; None in the moment in which a folder is being replaced."""
    if kind == "file":
        return target.read_text()
    try:
        return "".join((target / str(number)).read_text() for number in range(5))
    except FileNotFoundError:
        return None


@pytest.mark.parametrize(("kind", "length"), [("file", 200), ("folder", 5)])
def test_two_writers_of_one_target_never_leave_a_mixed_or_broken_one(tmp_path, kind, length):
    target = tmp_path / "target"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, kind, str(target), letter, "50"]) for letter in "ab"
    ]  # fmt: skip
    seen = set()
    while any(writer.poll() is None for writer in writers):
        if target.exists():
            seen.add(read(kind, target))
        time.sleep(random.uniform(0, 0.002))
    assert [writer.returncode for writer in writers] == [0, 0]
    mixed = {text for text in seen if text and kind == "file" and text not in ("a" * length, "b" * length)}
    assert not mixed
    assert read(kind, target) in ("a" * length, "b" * length)
    assert os.listdir(tmp_path) == ["target"]


def test_what_lies_beside_the_target_is_left_alone(tmp_path):
    for name in ("x.png.part", "x.png.before"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "elsewhere").write_text("mine")
    (tmp_path / ".srgan-link.part").symlink_to("elsewhere")
    write_whole(tmp_path / "x.png", "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "x.png.part": "mine", "x.png.before": "mine", "elsewhere": "mine", ".srgan-link.part": "mine", "x.png": "new"
    }  # fmt: skip


@pytest.mark.parametrize("overwrite", [False, True])
def test_folders_beside_the_target_are_left_alone(tmp_path, overwrite):
    for name in ("model.part", "model.before"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "thesis.txt").write_text("mine")
    if overwrite:
        (tmp_path / "model").mkdir()
        (tmp_path / "model" / "old").write_text("old")
    with appearing_folder(str(tmp_path / "model")) as beside:
        (tmp_path / beside / "new").write_text("new")
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == [
        "model.before/thesis.txt", "model.part/thesis.txt", "model/new"
    ]  # fmt: skip


@pytest.mark.parametrize("context", [appearing, appearing_folder])
def test_a_failure_leaves_what_was_there_and_nothing_else(tmp_path, context):
    target = tmp_path / "target"
    if context is appearing:
        target.write_text("old")
    else:
        target.mkdir()
    with pytest.raises(OSError, match="disk"), context(str(target)):
        raise OSError("disk")
    assert os.listdir(tmp_path) == ["target"]
    assert target.is_dir() or target.read_text() == "old"


def test_permissions_are_those_of_the_umask(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "file", "text", durable=True)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o640


def test_what_killed_processes_left_is_removed_and_only_that(tmp_path):
    killed = subprocess.Popen(
        [sys.executable, "-c", "import sys, time\nfrom pyimagesearch.system import files\n"
         "with files.appearing(sys.argv[1]): print(flush=True); time.sleep(60)", str(tmp_path / "file")],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    assert killed.stdout.readline() == b"\n"
    killed.kill()
    killed.communicate()
    (left,) = os.listdir(tmp_path)
    assert re.fullmatch(r"\.srgan-[0-9a-f]{32}\.part", left)
    (tmp_path / ".srgan-mine.part").write_text("mine")
    (tmp_path / left.replace(".part", ".txt")).write_text("mine")
    remove_temporary(str(tmp_path))
    assert sorted(os.listdir(tmp_path)) == sorted([".srgan-mine.part", left.replace(".part", ".txt")])
    remove_temporary(str(tmp_path / "nowhere"))
