"""Records by a runner of Apache Beam are those of one process, byte for byte, as is what is said of bad pictures."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.dataset_folders import files
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.beam import writer
from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.unfinished import FINISHED, TASKS
from pyimagesearch.system.locks import hold

pytest.importorskip("apache_beam", reason='Apache Beam is not installed: pip install -e ".[beam]"')


@pytest.fixture
def photos(tmp_path, noise, monkeypatch) -> Path:
    """14 pictures in two folders, of which records take several shards."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    folder = tmp_path / "photos"
    (folder / "more").mkdir(parents=True)
    for number in range(14):
        where = folder / "more" if number % 3 == 0 else folder
        Image.fromarray(noise(48 + 8 * (number % 4), 64, seed=number)).save(where / f"{number:02d}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def create(capsys):
    def run(images, output, *flags):
        flags = map(str, ("--images", images, "--output", output, "--crop", 32, *flags))
        code = main(["tfrecords", "--source", "folder", *flags])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    "flags",
    [
        (),
        ("-r", "--shrink", "1,2", "--compression", "png"),
        ("-r", "--resize", "48", "--validation", "0.5"),
    ],
    ids=" ".join,
)
def test_the_folder_is_that_of_one_process(photos, create, tmp_path, flags):
    small = photos / "small.png"
    Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(small)  # with --shrink, a part of the others as well
    if "--resize" in flags:
        small.unlink()
    code, alone, _ = create(photos, tmp_path / "alone", "--skip-bad", *flags)
    assert code == 0
    code, out, err = create(photos, tmp_path / "beam", "--skip-bad", *flags, "--runner", "direct")
    assert (code, err) == (0, "")
    assert files(tmp_path / "beam") == files(tmp_path / "alone")
    assert len(read_manifest(str(tmp_path / "beam")).shards) > 3

    def left_out(said):
        return sorted(
            line for line in said.splitlines() if line.startswith(("Left out", "  ")) or ": left out " in line
        )

    assert left_out(out.replace("/beam", "/alone")) == left_out(alone)
    counted = next(line for line in out.splitlines() if line.startswith("Counted by Beam"))
    pictures = sum(read_manifest(str(tmp_path / "beam")).pictures.values())
    assert f" {pictures} pictures," in counted
    assert f" {len(read_manifest(str(tmp_path / 'beam')).shards)} shards" in counted
    assert ("pictures left out" in counted) == ("--resize" not in flags)


def test_lr_pictures_are_taken_from_their_files(photos, create, tmp_path):
    shutil.rmtree(photos / "more")
    for path in photos.glob("*.png"):
        picture = Image.open(path)
        (tmp_path / "lr").mkdir(exist_ok=True)
        picture.resize((picture.width // 4, picture.height // 4), Image.Resampling.BOX).save(
            tmp_path / "lr" / path.name
        )
    for output, runner in (("alone", ()), ("beam", ("--runner", "direct"))):
        assert create(photos, tmp_path / output, "--lr-images", tmp_path / "lr", *runner)[0] == 0
    assert files(tmp_path / "beam") == files(tmp_path / "alone")


@pytest.mark.parametrize("runner", [(), ("--runner", "direct")], ids=["alone", "beam"])
def test_a_bad_picture_is_refused_before_anything_is_written(photos, create, tmp_path, runner):
    (photos / "bad.png").write_bytes(b"x" * 100)
    code, _, err = create(photos, tmp_path / "out", *runner)
    assert code == 2
    assert "bad.png" in err
    assert err.count("\n") == 1
    assert "leave such pictures out with --skip-bad" in err
    assert not (tmp_path / "out").exists()


def test_it_goes_on_where_the_writer_of_one_process_was_stopped_and_back(photos, create, tmp_path):
    create(photos, tmp_path / "whole")
    out = tmp_path / "out"
    create(photos, out, "--runner", "direct")
    manifest = json.loads((out / "manifest.json").read_text())
    kept = manifest["shards"][0]["path"]

    def stop(finished_by_beam):
        """What a kill leaves after the first shard."""
        (out / TASKS / "writing" / "answers").mkdir(parents=True)
        (out / "manifest.json").unlink()
        for shard in manifest["shards"][1:]:
            (out / shard["path"]).unlink(missing_ok=True)
        recipe = {name: value for name, value in manifest.items() if name not in ("shards", "versions")}
        first = manifest["shards"][0]
        (out / "unfinished.json").write_text(json.dumps({**recipe, "shards": [] if finished_by_beam else [first]}))
        if finished_by_beam:
            (out / FINISHED).mkdir()
            (out / FINISHED / f"{kept.replace('/', '-')[:-6]}.json").write_text(json.dumps(first))

    for by_beam, runner in ((False, ("--runner", "direct")), (True, ()), (True, ("--runner", "direct"))):
        stop(by_beam)
        before = (out / kept).stat().st_mtime_ns
        code, said, _ = create(photos, out, *runner)
        assert code == 0
        assert "Going on with" in said
        assert (out / kept).stat().st_mtime_ns == before
        assert files(out) == files(tmp_path / "whole")


def test_a_finished_folder_stays_and_one_of_other_records_is_refused(photos, create, tmp_path):
    create(photos, tmp_path / "out")
    before = files(tmp_path / "out")
    assert "already holds these records" in create(photos, tmp_path / "out", "--runner", "direct")[1]
    code, _, err = create(photos, tmp_path / "out", "--runner", "direct", "--validation", "0.5")
    assert code == 2
    assert "already holds other records (test split of 1 pictures there" in err
    assert files(tmp_path / "out") == before


def test_half_files_of_killed_workers_are_removed(photos, create, tmp_path, monkeypatch):
    remember = writer.remember

    def remember_after_a_death(output, shard):
        (tmp_path / "beam" / "train" / f".srgan-{'0f' * 16}.part").write_bytes(b"half a shard")
        remember(output, shard)

    monkeypatch.setattr(writer, "remember", remember_after_a_death)
    assert create(photos, tmp_path / "beam", "--runner", "direct")[0] == 0
    assert create(photos, tmp_path / "alone")[0] == 0
    assert files(tmp_path / "beam") == files(tmp_path / "alone")


def test_a_second_writer_is_refused_and_leaves_the_work_of_the_first_alone(photos, create, tmp_path):
    task = tmp_path / "out" / TASKS / "writing" / "tasks" / "00000000.json"
    with hold(str(tmp_path / "out"), what="dataset folder"):
        task.parent.mkdir(parents=True)
        task.write_text("{}")
        code, _, err = create(photos, tmp_path / "out", "--runner", "direct")
    assert code == 2
    assert "another process" in err or "process " in err
    assert task.exists()


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--source", "sample", "--runner", "direct"], "--runner writes records of --source folder or div2k, received"),
        (
            ["--source", "folder", "--images", "p", "--collages", "2", "--runner", "direct"],
            "--collages: pictures that no",
        ),
        (["--source", "folder", "--images", "p", "--repair", "--runner", "direct"], "--repair is done by this process"),
        (["--source", "folder", "--images", "nowhere", "--runner", "direct"], "nowhere: no such folder"),
        (["--source", "sample", "--runner", "storm"], "argument --runner: invalid choice: 'storm'"),
    ],
)
def test_what_no_runner_does_is_one_line(flags, message, capsys, tmp_path):
    assert main(["tfrecords", *flags, "--output", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
