"""srgan tfrecords: exit codes, messages, and nothing half-written."""

import json
import shutil
import sys
from collections import namedtuple

import cv2
import numpy as np
import pytest
import requests
import tensorflow_datasets as tfds
from PIL import Image

from pyimagesearch import cli, images
from pyimagesearch.data import sources
from pyimagesearch.data.manifest import read_manifest
from pyimagesearch.data.records import read_pictures


@pytest.fixture
def folder(tmp_path, noise):
    """hr: four pictures of 64x48, lr: their LR sides."""
    for name in ("hr", "lr"):
        (tmp_path / name).mkdir()
    for number in range(4):
        Image.fromarray(noise(48, 64, number)).save(tmp_path / "hr" / f"{number:04d}.png")
        Image.fromarray(noise(12, 16, number)).save(tmp_path / "lr" / f"{number:04d}x4.png")
    return tmp_path


@pytest.fixture
def run(tmp_path, capfd):
    """run(*flags) -> (exit code, lines on stdout, lines on stderr) of `srgan tfrecords` with output below tmp_path.

    Progress bars, which rewrite their own line, are left out.
    """

    def command(*flags, output="out"):
        capfd.readouterr()
        code = cli.main(["tfrecords", "--output", str(tmp_path / output), *map(str, flags)])
        out, err = capfd.readouterr()
        return code, out.splitlines(), [line for line in err.split("\n") if line and not line.startswith("\r")]

    return command


@pytest.fixture
def refused(run, tmp_path):
    """refused(*flags) is the one line of a command that exits with 2 and changes no file."""

    def contents():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def command(*flags, **options):
        before = contents()
        code, _, err = run(*flags, **options)
        assert code == 2, err
        assert len(err) == 1, err
        assert err[0].startswith("srgan: ")
        assert "Traceback" not in err[0]
        assert contents() == before
        return err[0]

    return command


def crop_folder(tmp_path, *flags):
    """Flags of a folder run with a crop that 64x48 pictures hold."""
    return ("--source", "folder", "--images", tmp_path / "hr", "--crop", 32, *flags)


# What works


def test_a_folder_is_written_and_summed_up(folder, run):
    code, out, err = run(*crop_folder(folder))
    assert (code, err) == (0, [])
    manifest = read_manifest(str(folder / "out"))
    assert manifest.pictures == {"train": 3, "test": 1}
    assert (manifest.source, manifest.kernel, manifest.scale, manifest.crop) == ("folder", "bicubic", 4, 32)
    assert out[-1].startswith(f"{folder / 'out'}: 3 tiles of 3 training pictures, 1 test pictures (")
    assert "peak memory" in out[-1]


def test_running_again_changes_nothing_and_exits_with_0(folder, run):
    run(*crop_folder(folder))
    before = (folder / "out" / "manifest.json").stat().st_mtime_ns
    code, out, err = run(*crop_folder(folder))
    assert (code, err) == (0, [])
    assert out[0] == f"{folder / 'out'} already holds these records"
    assert (folder / "out" / "manifest.json").stat().st_mtime_ns == before


def test_given_lr_pictures_are_stored(folder, run, noise):
    code, _, _ = run(*crop_folder(folder, "--lr-images", folder / "lr"))
    assert code == 0
    manifest = read_manifest(str(folder / "out"))
    assert manifest.kernel == "given"
    (pair,) = read_pictures(str(folder / "out"), manifest)
    np.testing.assert_array_equal(pair.lr, noise(12, 16, int(pair.name[:4])))


def test_resized_pictures_are_whole_and_square_whatever_their_shape(folder, run):
    code, out, err = run("--source", "folder", "--images", folder / "hr", "--resize", 32)
    assert (code, err) == (0, [])
    assert "3 tiles of 3 training pictures" in out[-1]  # one each: nothing is cut
    manifest = read_manifest(str(folder / "out"))
    assert manifest.crop == 32
    pair = next(read_pictures(str(folder / "out"), manifest))
    original = np.asarray(Image.open(folder / "hr" / pair.name))
    expected = images.resize_bicubic(original, 32, 32)
    np.testing.assert_array_equal(pair.hr, expected)
    np.testing.assert_array_equal(pair.lr, images.downscale(expected, 4))


def test_skip_bad_lists_what_it_left_out(folder, run):
    (folder / "hr" / "bad.png").write_bytes(b"x")
    cv2.imwrite(str(folder / "hr" / "small.png"), np.zeros((20, 30, 3), np.uint8))
    code, out, err = run(*crop_folder(folder, "--skip-bad"))
    assert (code, err) == (0, [])
    listed = out[out.index("Left out 2 picture(s):") + 1 :]
    assert "bad.png" in listed[0]
    assert "small.png: 30x20 pixels" in listed[1]
    assert sum(read_manifest(str(folder / "out")).pictures.values()) == 4


def test_the_readme_that_git_keeps_in_the_folder_does_not_count_as_content(folder, run):
    (folder / "out").mkdir()
    (folder / "out" / "README.md").write_text("records go here")
    code, _, _ = run(*crop_folder(folder))
    assert code == 0
    assert (folder / "out" / "README.md").read_text() == "records go here"


def test_the_sample_needs_no_flags_of_its_own(run, tmp_path):
    code, _, err = run("--source", "sample")
    assert (code, err) == (0, [])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["pictures"] == {"train": 6, "test": 2}
    assert (manifest["scale"], manifest["crop"]) == (4, 96)


def test_ctrl_c_exits_with_130_and_leaves_nothing_half_written(folder, run, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "read_pair", interrupt)
    code, _, err = run(*crop_folder(folder))
    assert code == 130
    assert err == ["srgan: stopped by SIGINT"]
    assert [path.name for path in (folder / "out").rglob("*") if path.is_file()] == ["unfinished.json"]


# What is refused


def test_a_missing_folder(refused, tmp_path):
    assert f"{tmp_path / 'nowhere'}: no such folder" in refused("--source", "folder", "--images", tmp_path / "nowhere")


def test_an_empty_folder(refused, tmp_path):
    (tmp_path / "hr").mkdir()
    assert f"{tmp_path / 'hr'}: holds no picture" in refused(*crop_folder(tmp_path))


def test_a_folder_of_one_picture(refused, folder):
    for path in sorted((folder / "hr").iterdir())[1:]:
        path.unlink()
    assert "at least 2 are needed" in refused(*crop_folder(folder))


@pytest.mark.parametrize("name", ["bad.png", "bad.jpg", "bad.tif", "bad.bmp", "bad.webp", "bad.gif"])
@pytest.mark.parametrize("kind", ["truncated", "garbage", "empty"])
def test_a_corrupt_picture(refused, folder, noise, name, kind):
    path = folder / "hr" / name
    Image.fromarray(noise(48, 64)).save(path)
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[: len(whole) // 2], "garbage": b"\0\1\2" * 50, "empty": b""}[kind])
    message = refused(*crop_folder(folder))
    assert f"{path}: " in message
    assert "--skip-bad" in message


def test_a_picture_smaller_than_the_crop(refused, folder, noise):
    Image.fromarray(noise(28, 64)).save(folder / "hr" / "small.png")
    assert "small.png: 64x28 pixels are fewer than the crop of 32" in refused(*crop_folder(folder))


def test_an_lr_folder_without_one_of_the_pictures(refused, folder):
    (folder / "lr" / "0002x4.png").unlink()
    assert "no LR picture for 0002.png" in refused(*crop_folder(folder, "--lr-images", folder / "lr"))


def test_a_missing_lr_folder(refused, folder):
    assert "nowhere: no such folder" in refused(*crop_folder(folder, "--lr-images", folder / "nowhere"))


def test_an_lr_picture_of_another_size(refused, folder, noise):
    Image.fromarray(noise(24, 32)).save(folder / "lr" / "0002x4.png")
    message = refused(*crop_folder(folder, "--lr-images", folder / "lr"))
    assert "0002x4.png: 32x24 pixels are not 1/4 of 0002.png's 64x48" in message


def test_a_corrupt_lr_picture(refused, folder):
    (folder / "lr" / "0002x4.png").write_bytes(b"x")
    assert "0002x4.png" in refused(*crop_folder(folder, "--lr-images", folder / "lr"))


def test_collages_join_the_training_pictures(run, folder, tmp_path):
    code, out, _ = run(*crop_folder(folder, "--collages", 5))
    assert code == 0
    assert "8 training pictures, 1 test pictures" in out[-1]
    assert read_manifest(str(tmp_path / "out")).pictures == {"train": 8, "test": 1}


def test_only_collages_need_opencv(run, refused, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    for name in ("collages", "dead_leaves"):
        monkeypatch.delitem(sys.modules, f"pyimagesearch.data.{name}", raising=False)
    assert "pip install opencv-contrib-python" in refused(*crop_folder(folder, "--collages", 5))
    assert run(*crop_folder(folder))[0] == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--source", "folder"], "--source folder needs --images DIR"),
        (["--source", "web"], "invalid choice: 'web'"),
        (["--scale", 5], "invalid choice: 5"),
        (["--scale", "four"], "invalid int value: 'four'"),
        (["--crop", 90], "crop must be at least 16 and a multiple of the scale 4, received 90"),
        (["--crop", 0], "received 0"),
        (["--crop", -96], "received -96"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["--div2k-config", "bicubic_x2"], "bicubic_x2 disagrees with --scale 4; give --scale 2"),
        (["--div2k-config", "bicubic_x5"], "unknown bicubic_x5; valid: bicubic_x2"),
        (["--scale", 3], "bicubic_x4 disagrees with --scale 3"),
        (["--images", "x"], "--images belongs to --source folder, but the source is div2k"),
        (["--source", "sample", "--lr-images", "x"], "--lr-images belongs to --source folder"),
        (["--source", "sample", "--validation", 0.1], "--validation belongs to --source folder"),
        (["--source", "sample", "--skip-bad"], "--skip-bad belongs to --source folder"),
        (["--source", "sample", "--resize", 64], "--resize belongs to --source folder"),
        (["--source", "folder", "--images", "x", "--resize", 0], "--resize must be at least 16 and a multiple of"),
        (["--source", "folder", "--images", "x", "--resize", 66], "of the scale 4, received 66"),
        (["--source", "folder", "--images", "x", "--resize", 64, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "folder", "--images", "x", "--shrink", 2, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "folder", "--images", "x", "--shrink", 2, "--resize", 64], "leave --shrink out"),
        (["--source", "folder", "--images", "x", "--shrink", 0], "--shrink: takes different whole numbers"),
        (["--source", "folder", "--images", "x", "--shrink", "2,2"], "from 1 on, such as 2,3,4, received 2,2"),
        (["--source", "sample", "--shrink", 2], "--shrink belongs to --source folder"),
        (["--source", "folder", "--images", "x", "--collages", 0], "--collages must be at least 1, received 0"),
        (["--source", "folder", "--images", "x", "--collages", 2, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "folder", "--images", "x", "--collages", 2, "--resize", 64], "leave one of them out"),
        (["--source", "div2k", "--collages", 2], "--collages belongs to --source folder"),
        (["--crop", 0], "crop must be at least 16 and a multiple of the scale 4, received 0"),
        (["--source", "sample", "--div2k-config", "bicubic_x4"], "--div2k-config belongs to --source div2k"),
        (["--source", "sample", "--crop", 400], "--crop 400: larger than the sample's picture"),
        (["--source", "folder", "--images", "x", "--validation", 1], "--validation must be at least 0 and below 1"),
        (["--source", "folder", "--images", "x", "--validation", -0.1], "received -0.1"),
        (["--source", "folder", "--images", "x", "--validation", "nan"], "received nan"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, list) else "",
)
def test_flags_that_make_no_sense(refused, flags, message, monkeypatch):
    def offline(*_, **__):
        raise AssertionError("flags are checked before anything is downloaded")

    monkeypatch.setattr(tfds, "builder", offline)
    assert message in refused(*flags)


def test_records_of_another_recipe(refused, run, folder):
    run(*crop_folder(folder))
    flags = ("--source", "folder", "--images", folder / "hr", "--crop", 48)
    assert "already holds records with crop 32, asked for was 48" in refused(*flags)


def test_a_damaged_record_folder(refused, run, folder):
    run(*crop_folder(folder))
    shard = folder / "out" / "train" / "00000-of-00001.tfrec"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert f"{shard}: truncated" in refused(*crop_folder(folder))


def test_a_garbled_manifest(refused, run, folder):
    run(*crop_folder(folder))
    (folder / "out" / "manifest.json").write_bytes(b"\xff\x00")
    assert "manifest.json: not a manifest of this program" in refused(*crop_folder(folder))


def test_a_full_disk(refused, folder, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    assert "but only 1.0 kB are free" in refused(*crop_folder(folder))


@pytest.mark.parametrize("output", ["file", "file/below"])
def test_an_output_that_cannot_be_a_folder(refused, folder, output):
    (folder / "file").write_text("x")
    assert f"{folder / output}: this folder cannot be made" in refused(*crop_folder(folder), output=output)


def test_a_picture_that_vanishes_while_records_are_written(run, folder, monkeypatch):
    """It was there when the folder was checked."""
    read_pair = sources.read_pair

    def vanish(*args):
        (folder / "hr" / "0002.png").unlink(missing_ok=True)
        return read_pair(*args)

    monkeypatch.setattr(sources, "read_pair", vanish)
    code, _, err = run(*crop_folder(folder))
    assert code == 2
    assert err == [f"srgan: {folder / 'hr' / '0002.png'}: no such file"]
    assert [path.name for path in (folder / "out").rglob("*") if path.is_file()] == ["unfinished.json"]


def test_a_failing_download(refused, tmp_path_factory, monkeypatch):
    def refuse(*_, **__):
        raise requests.ConnectionError("no route\nto host")

    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(requests.Session, "request", refuse)
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    monkeypatch.setattr(sources, "download_options", lambda: {"download_config": config})
    message = refused()
    assert "could not prepare div2k/bicubic_x4" in message
    assert "--source folder --images DIR" in message
