"""`srgan tfrecords`: what it writes and says, and nothing half-written."""

import json

import cv2
import numpy as np
from helpers.tfrecords_flags import crop_folder
from PIL import Image

from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.sources import picture_files
from pyimagesearch.images import resize


def test_a_folder_is_written_and_summed_up(pictures, create):
    code, out, err = create(*crop_folder(pictures))
    assert (code, err) == (0, [])
    manifest = read_manifest(str(pictures / "out"))
    assert manifest.pictures == {"train": 3, "test": 1}
    assert (manifest.source, manifest.kernel, manifest.scale, manifest.crop) == ("folder", "bicubic", 4, 32)
    assert out[-1].startswith(f"{pictures / 'out'}: 3 tiles of 3 training pictures, 1 test pictures (")
    assert "peak memory" in out[-1]


def test_running_again_changes_nothing_and_exits_with_0(pictures, create):
    create(*crop_folder(pictures))
    before = (pictures / "out" / "manifest.json").stat().st_mtime_ns
    code, out, err = create(*crop_folder(pictures))
    assert (code, err) == (0, [])
    assert out[-2] == f"{pictures / 'out'} already holds these records"
    assert (pictures / "out" / "manifest.json").stat().st_mtime_ns == before


def test_given_lr_pictures_are_stored(pictures, create):
    code, _, _ = create(*crop_folder(pictures, "--lr-images", pictures / "lr"))
    assert code == 0
    manifest = read_manifest(str(pictures / "out"))
    assert manifest.kernel == "given"
    (pair,) = read_pictures(str(pictures / "out"), manifest)
    np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, 4) ^ 1)


def test_resized_pictures_are_whole_and_square_whatever_their_shape(pictures, create):
    code, out, err = create("--source", "folder", "--images", pictures / "hr", "--resize", 32)
    assert (code, err) == (0, [])
    assert "3 tiles of 3 training pictures" in out[-1]  # one each: nothing is cut
    manifest = read_manifest(str(pictures / "out"))
    assert manifest.crop == 32
    pair = next(read_pictures(str(pictures / "out"), manifest))
    original = np.asarray(Image.open(pictures / "hr" / pair.name))
    expected = resize.resize_bicubic(original, 32, 32)
    np.testing.assert_array_equal(pair.hr, expected)
    np.testing.assert_array_equal(pair.lr, resize.downscale(expected, 4))


def test_skip_bad_lists_what_it_left_out(pictures, create):
    (pictures / "hr" / "bad.png").write_bytes(b"x")
    cv2.imwrite(str(pictures / "hr" / "small.png"), np.zeros((20, 30, 3), np.uint8))
    code, out, err = create(*crop_folder(pictures, "--skip-bad"))
    assert (code, err) == (0, [])
    listed = out[out.index("Left out 2 picture(s):") + 1 :]
    assert "bad.png" in listed[0]
    assert "small.png: 30x20 pixels" in listed[1]
    assert sum(read_manifest(str(pictures / "out")).pictures.values()) == 4


def test_the_readme_that_git_keeps_in_the_folder_does_not_count_as_content(pictures, create):
    (pictures / "out").mkdir()
    (pictures / "out" / "README.md").write_text("records go here")
    code, _, _ = create(*crop_folder(pictures))
    assert code == 0
    assert (pictures / "out" / "README.md").read_text() == "records go here"


def test_the_sample_needs_no_flags_of_its_own(create, tmp_path):
    code, _, err = create("--source", "sample")
    assert (code, err) == (0, [])
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["pictures"] == {"train": 6, "test": 2}
    assert (manifest["scale"], manifest["crop"]) == (4, 96)


def test_ctrl_c_exits_with_130_and_leaves_nothing_half_written(pictures, create, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(picture_files, "read_pair", interrupt)
    code, _, err = create(*crop_folder(pictures))
    assert code == 130
    assert err == ["srgan: stopped by SIGINT"]
    assert [path.name for path in (pictures / "out").rglob("*") if path.is_file()] == ["unfinished.json"]


def test_collages_join_the_training_pictures(create, pictures, tmp_path):
    code, out, _ = create(*crop_folder(pictures, "--collages", 5))
    assert code == 0
    assert "8 training pictures, 1 test pictures" in out[-1]
    assert read_manifest(str(tmp_path / "out")).pictures == {"train": 8, "test": 1}


def test_imperfect_training_pictures_are_other_tiles_of_the_same_pictures(create, pictures, tmp_path):
    assert create(*crop_folder(pictures))[0] == 0
    plain = read_manifest(str(tmp_path / "out"))
    assert create(*crop_folder(pictures, "--imperfect", 1, "--output", tmp_path / "imperfect"))[0] == 0
    made = read_manifest(str(tmp_path / "imperfect"))
    assert made.pictures == plain.pictures
    same = {shard.sha256 for shard in plain.shards} & {shard.sha256 for shard in made.shards}
    assert same == {shard.sha256 for shard in plain.of_split("test")}
