"""`srgan tfrecords`: wrong flags, bad pictures and full disks are refused in one line, and nothing is changed."""

import shutil
import sys
from collections import namedtuple

import pytest
import requests
import tensorflow_datasets as tfds
from helpers.tfrecords_flags import crop_folder
from PIL import Image

from pyimagesearch.data.sources import picture_files


@pytest.fixture
def refused(create, tmp_path):
    """refused(*flags) is the one line of a command that exits with 2 and changes no file."""

    def contents():
        return {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def command(*flags, **options):
        before = contents()
        code, _, err = create(*flags, **options)
        assert code == 2, err
        assert len(err) == 1, err
        assert err[0].startswith("srgan: ")
        assert "Traceback" not in err[0]
        assert contents() == before
        return err[0]

    return command


def test_a_missing_folder(refused, tmp_path):
    assert f"{tmp_path / 'nowhere'}: no such folder" in refused("--source", "folder", "--images", tmp_path / "nowhere")


def test_an_empty_folder(refused, tmp_path):
    (tmp_path / "hr").mkdir()
    assert f"{tmp_path / 'hr'}: holds no picture" in refused(*crop_folder(tmp_path))


def test_a_folder_of_one_picture(refused, pictures):
    for path in sorted((pictures / "hr").iterdir())[1:]:
        path.unlink()
    assert "at least 2 are needed" in refused(*crop_folder(pictures))


@pytest.mark.parametrize("name", ["bad.png", "bad.jpg", "bad.tif", "bad.bmp", "bad.webp", "bad.gif"])
@pytest.mark.parametrize("kind", ["truncated", "garbage", "empty"])
def test_a_corrupt_picture(refused, pictures, noise, name, kind):
    path = pictures / "hr" / name
    Image.fromarray(noise(48, 64)).save(path)
    whole = path.read_bytes()
    path.write_bytes({"truncated": whole[: len(whole) // 2], "garbage": b"\0\1\2" * 50, "empty": b""}[kind])
    message = refused(*crop_folder(pictures))
    assert f"{path}: " in message
    assert "--skip-bad" in message


def test_a_picture_smaller_than_the_crop(refused, pictures, noise):
    Image.fromarray(noise(28, 64)).save(pictures / "hr" / "small.png")
    assert "small.png: 64x28 pixels are fewer than the crop of 32" in refused(*crop_folder(pictures))


def test_an_lr_folder_without_one_of_the_pictures(refused, pictures):
    (pictures / "lr" / "0002x4.png").unlink()
    assert "no LR picture for 0002.png" in refused(*crop_folder(pictures, "--lr-images", pictures / "lr"))


def test_a_missing_lr_folder(refused, pictures):
    assert "nowhere: no such folder" in refused(*crop_folder(pictures, "--lr-images", pictures / "nowhere"))


def test_an_lr_picture_of_another_size(refused, pictures, noise):
    Image.fromarray(noise(24, 32)).save(pictures / "lr" / "0002x4.png")
    message = refused(*crop_folder(pictures, "--lr-images", pictures / "lr"))
    assert "0002x4.png: 32x24 pixels are not 1/4 of 0002.png's 64x48" in message


def test_a_corrupt_lr_picture(refused, pictures):
    (pictures / "lr" / "0002x4.png").write_bytes(b"x")
    assert "0002x4.png" in refused(*crop_folder(pictures, "--lr-images", pictures / "lr"))


def test_only_collages_and_imperfect_pictures_need_opencv(create, refused, pictures, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    for name in ("collages", "dead_leaves", "imperfect"):
        monkeypatch.delitem(sys.modules, f"pyimagesearch.data.sources.{name}", raising=False)
    assert "pip install opencv-contrib-python" in refused(*crop_folder(pictures, "--collages", 5))
    assert "pip install opencv-contrib-python" in refused(*crop_folder(pictures, "--imperfect", 1))
    assert create(*crop_folder(pictures))[0] == 0


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--source", "folder"], "--source folder needs --images DIR"),
        ([], "--source is missing: its default, div2k, downloads about 4 GB; give --source div2k or --yes"),
        (["--yes", "--crop", 90], "crop must be at least 16"),
        (["--source", "web"], "invalid choice: 'web'"),
        (["--scale", 5], "invalid choice: 5"),
        (["--scale", "four"], "invalid int value: 'four'"),
        (["--source", "div2k", "--crop", 90], "crop must be at least 16 and a multiple of the scale 4, received 90"),
        (["--source", "div2k", "--crop", 0], "received 0"),
        (["--source", "div2k", "--crop", -96], "received -96"),
        (["--colour"], "unrecognized arguments: --colour"),
        (["--source", "div2k", "--div2k-config", "bicubic_x2"], "bicubic_x2 disagrees with --scale 4; give --scale 2"),
        (["--source", "div2k", "--div2k-config", "bicubic_x5"], "unknown bicubic_x5; valid: bicubic_x2"),
        (["--source", "div2k", "--scale", 3], "bicubic_x4 disagrees with --scale 3"),
        (["--source", "div2k", "--images", "x"], "--images belongs to --source folder or tfrecord, but the source is"),
        (["--source", "sample", "--lr-images", "x"], "--lr-images belongs to --source folder"),
        (["--source", "sample", "--validation", 0.1], "--validation belongs to --source folder or tfrecord"),
        (["--source", "sample", "--skip-bad"], "--skip-bad belongs to --source folder or tfrecord"),
        (["--source", "tfrecord"], "--source tfrecord needs --images DIR, a folder of TFRecord files"),
        (["--source", "tfrecord", "--images", "x", "--shrink", 2], "--shrink belongs to --source folder, but"),
        (["--source", "sample", "--resize", 64], "--resize belongs to --source folder"),
        (["--source", "folder", "--images", "x", "--resize", 0], "--resize must be at least 16 and a multiple of"),
        (["--source", "folder", "--images", "x", "--resize", 66], "of the scale 4, received 66"),
        (["--source", "folder", "--images", "x", "--resize", 64, "--lr-images", "y"], "leave --lr-images out"),
        (
            ["--source", "folder", "--images", "x", "--resize", 64, "--crop", 96],
            "--resize 64: such pictures hold no crop",
        ),
        (["--source", "folder", "--images", "x", "--shrink", 2, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "folder", "--images", "x", "--shrink", 2, "--resize", 64], "leave --shrink out"),
        (["--source", "folder", "--images", "x", "--shrink", 0], "--shrink: takes different whole numbers"),
        (["--source", "folder", "--images", "x", "--shrink", "2,2"], "from 1 on, such as 2,3,4, received 2,2"),
        (["--source", "sample", "--shrink", 2], "--shrink belongs to --source folder"),
        (["--source", "folder", "--images", "x", "--collages", 0], "--collages must be at least 1, received 0"),
        (["--source", "folder", "--images", "x", "--collages", 2, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "folder", "--images", "x", "--collages", 2, "--resize", 64], "leave one of them out"),
        (["--source", "div2k", "--collages", 2], "--collages belongs to --source folder"),
        (["--source", "folder", "--images", "x", "--imperfect", 1.5], "--imperfect must be from 0 to 1, received 1.5"),
        (["--source", "folder", "--images", "x", "--imperfect", 1, "--lr-images", "y"], "leave --lr-images out"),
        (["--source", "sample", "--imperfect", 0.5], "--imperfect belongs to --source folder"),
        (["--source", "div2k", "--crop", 0], "crop must be at least 16 and a multiple of the scale 4, received 0"),
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


def test_records_of_another_recipe(refused, create, pictures):
    create(*crop_folder(pictures))
    flags = ("--source", "folder", "--images", pictures / "hr", "--crop", 48)
    assert "already holds other records (crop 32 there, 48 here)" in refused(*flags)


def test_a_damaged_record_folder(refused, create, pictures):
    create(*crop_folder(pictures))
    shard = pictures / "out" / "train" / "00000-of-00001.tfrec"
    shard.write_bytes(shard.read_bytes()[:-1])
    assert f"{shard}: truncated" in refused(*crop_folder(pictures))


def test_a_garbled_manifest(refused, create, pictures):
    create(*crop_folder(pictures))
    (pictures / "out" / "manifest.json").write_bytes(b"\xff\x00")
    assert "manifest.json: not a manifest of this program" in refused(*crop_folder(pictures))


def test_a_full_disk(refused, pictures, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9, 1000))
    assert "but only 1.0 kB are free" in refused(*crop_folder(pictures))


@pytest.mark.parametrize("output", ["file", "file/below"])
def test_an_output_that_cannot_be_a_folder(refused, pictures, output):
    (pictures / "file").write_text("x")
    assert f"{pictures / output}: this folder cannot be made" in refused(*crop_folder(pictures), output=output)


def test_a_picture_that_vanishes_while_records_are_written(create, pictures, monkeypatch):
    """It was there when the folder was checked."""
    read_pair = picture_files.read_pair

    def vanish(*args):
        (pictures / "hr" / "0002.png").unlink(missing_ok=True)
        return read_pair(*args)

    monkeypatch.setattr(picture_files, "read_pair", vanish)
    code, _, err = create(*crop_folder(pictures))
    assert code == 2
    assert err == [f"srgan: {pictures / 'hr' / '0002.png'}: no such file"]
    assert [path.name for path in (pictures / "out").rglob("*") if path.is_file()] == ["unfinished.json"]


def test_a_failing_download(refused, tmp_path_factory, monkeypatch):
    def refuse(*_, **__):
        raise requests.ConnectionError("no route\nto host")

    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setattr(requests.Session, "request", refuse)
    message = refused("--yes")
    assert "could not prepare div2k/bicubic_x4" in message
    assert "--source folder --images DIR" in message
