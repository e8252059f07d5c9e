"""pyimagesearch.system.outputs: what cannot be written is found before the work; reports do not mix."""

import errno
import os
import re
import tempfile

import pytest

from pyimagesearch.errors import InputError, os_error_text
from pyimagesearch.system import files, outputs


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("notes/a.json", "notes/a.json: nothing can be written there: {}/notes is not a folder"),
        ("/proc/srgan/a.json", "nothing can be written there, because of /proc (No such file or directory)"),
        ("folder", "folder: is a folder, but a file has to be written there"),
        ("new/", "new/: is a folder, but a file"),
        ("/dev/null", "/dev/null: is no regular file"),
        ("x" * 256, "has a name of 256 bytes, but at most 255 are possible"),
        ("x/" + "ü" * 128 + "/a.json", "has a name of 256 bytes"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_with_the_argument(tmp_path, monkeypatch, path, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as refused:
        outputs.check_files(json=path, plot=None)
    text = refused.value.with_flags()
    assert text.startswith("--json ")
    assert said.format(tmp_path).removeprefix("notes/a.json: ") in text


def test_a_full_disk_is_found_by_writing_to_it(tmp_path, monkeypatch):
    """No disk of this machine can be filled; a file that takes no bytes stands for one."""
    full = lambda **_: open("/dev/full", "wb", buffering=0)  # noqa: E731, SIM115
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", full)
    with pytest.raises(InputError, match=f"nothing can be written there: {tmp_path} is on a disk without free space"):
        outputs.check_folder(tmp_path / "new")


def test_a_check_leaves_nothing(tmp_path):
    outputs.check_files(json=str(tmp_path / "new" / ("x" * 255)))
    assert os.listdir(tmp_path) == []


def test_the_longest_names_can_be_written(tmp_path):
    files.write_whole(tmp_path / ("x" * 255), "text")
    assert os.listdir(tmp_path) == ["x" * 255]


def test_errors_of_writing_name_the_file_and_no_temporary_one(tmp_path):
    with pytest.raises(OSError, match="No space") as full, files.appearing(tmp_path / "a.json") as beside:
        raise OSError(errno.ENOSPC, "No space left on device", beside)
    assert os_error_text(full.value) == (
        f"{tmp_path}/a.json: no space is left on the disk; free some, or name another place"
    )
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(FileExistsError) as below:
        files.write_whole(tmp_path / "notes" / "a.json", "text")
    assert os_error_text(below.value) == f"{tmp_path}/notes: is a file, but a folder has to be made here"


REPORT = re.compile(r"grid\.(png|pdf)|scores\.json")


def test_a_new_report_takes_the_whole_place_of_the_one_before_and_of_nothing_else(tmp_path):
    for format_, mine in (("png", "mine"), ("pdf", "mine")):
        (tmp_path / "notes.txt").write_text(mine)
        with outputs.report_folder(str(tmp_path), REPORT) as filled:
            for name in (f"grid.{format_}", "scores.json"):
                files.write_whole(f"{filled}/{name}", format_)
    texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert texts == {"grid.pdf": "pdf", "scores.json": "pdf", "notes.txt": "mine"}


def test_a_report_that_fails_leaves_the_one_before(tmp_path):
    (tmp_path / "grid.png").write_text("old")
    with pytest.raises(TypeError), outputs.report_folder(str(tmp_path), REPORT) as filled:
        files.write_whole(f"{filled}/grid.png", None)
    assert os.listdir(tmp_path) == ["grid.png"]
    assert (tmp_path / "grid.png").read_text() == "old"
