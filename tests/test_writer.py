"""pyimagesearch.data.writer: a dataset folder is whole or it is not there."""

import hashlib
import json
import shutil
from collections import namedtuple

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.data import writer
from pyimagesearch.data.records import Tiling, join, parse, read_manifest, read_pictures
from pyimagesearch.data.writer import write_dataset
from pyimagesearch.errors import UserError


@pytest.fixture
def source(array_source, noise):
    """Pictures larger and smaller than a tile of crop 32, which is 80."""
    return array_source(
        [noise(120, 160, 0), noise(40, 48, 1), noise(88, 64, 2)], [noise(100, 120, 3), noise(32, 36, 4)]
    )


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write(source, folder, **options):
    return write_dataset(source, str(folder), **{"scale": 4, "crop": 32, **options})


def test_the_manifest_tells_what_the_folder_holds(source, tmp_path):
    manifest = write(source, tmp_path / "out")
    tiling = Tiling.for_crop(32, 4)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == json.loads(manifest.to_json())
    assert manifest == read_manifest(str(tmp_path / "out"))
    assert (manifest.schema, manifest.source, manifest.kernel) == (1, "arrays", "bicubic")
    assert (manifest.scale, manifest.crop, manifest.tile, manifest.stride) == (4, 32, tiling.tile, tiling.stride)
    assert manifest.pictures == {"train": 3, "test": 2}
    assert manifest.versions["tensorflow"] == tf.__version__
    assert {"python", "numpy", "pillow", "srgan"} <= set(manifest.versions)


def test_the_folder_holds_the_shards_that_the_manifest_describes_and_nothing_else(source, tmp_path):
    manifest = write(source, tmp_path)
    found = files(tmp_path)
    assert set(found) == {"manifest.json", *(shard.path for shard in manifest.shards)}
    for shard in manifest.shards:
        assert shard.bytes == len(found[shard.path])
        assert shard.sha256 == hashlib.sha256(found[shard.path]).hexdigest()
        assert shard.records == sum(1 for _ in tf.data.TFRecordDataset(str(tmp_path / shard.path)))


def test_test_shards_hold_whole_pictures_and_train_shards_their_tiles(source, tmp_path):
    manifest = write(source, tmp_path)
    assert [pair.name for pair in read_pictures(str(tmp_path), manifest)] == ["test0", "test1"]
    for pair in read_pictures(str(tmp_path), manifest):
        np.testing.assert_array_equal(pair.hr, source.pairs[pair.name].hr)
        np.testing.assert_array_equal(pair.lr, source.pairs[pair.name].lr)
    stored = {}
    for record in tf.data.TFRecordDataset([join(str(tmp_path), shard.path) for shard in manifest.of_split("train")]):
        name, lr, hr = parse(record, 4)
        stored[name.numpy().decode()] = lr.numpy(), hr.numpy()
    tiling = Tiling.for_crop(32, 4)
    expected = [tile for name in ("train0", "train1", "train2") for tile in tiling.cut(source.pairs[name], 4)]
    assert set(stored) == {tile.name for tile in expected}
    for tile in expected:
        np.testing.assert_array_equal(stored[tile.name][0], tile.lr)
        np.testing.assert_array_equal(stored[tile.name][1], tile.hr)


def test_writing_again_says_so_and_changes_nothing(source, tmp_path):
    first = write(source, tmp_path)
    before = files(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    said = []
    assert write(source, tmp_path, say=said.append) == first
    assert said == [f"{tmp_path} already holds these records"]
    assert files(tmp_path) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 48}, "records with crop 32, asked for was 48"),
        ({"scale": 2}, "records with scale 4, asked for was 2"),
    ],
)
def test_another_recipe_is_refused_and_the_old_records_stay(source, tmp_path, options, message):
    write(source, tmp_path)
    before = files(tmp_path)
    with pytest.raises(UserError, match=f"{tmp_path}: already holds {message}; give another --output or delete"):
        write(source, tmp_path, **options)
    assert files(tmp_path) == before


def test_another_number_of_pictures_is_another_recipe(source, tmp_path, array_source, noise):
    write(source, tmp_path)
    with pytest.raises(UserError, match=r"pictures \{'train': 3, 'test': 2\}, asked for was \{'train': 1, 'test': 1\}"):
        write(array_source([noise(32, 32)], [noise(32, 32)]), tmp_path)


def test_as_many_other_pictures_are_another_recipe(tmp_path, array_source, noise):
    write(array_source([noise(64, 64)], [noise(32, 32)]), tmp_path)
    with pytest.raises(UserError, match="already holds records with contents"):
        write(array_source([noise(64, 68)], [noise(32, 32)]), tmp_path)


def test_a_damaged_folder_is_not_taken_for_a_written_one(source, tmp_path):
    manifest = write(source, tmp_path)
    (tmp_path / manifest.shards[0].path).write_bytes(b"cut")
    with pytest.raises(UserError, match="truncated or foreign shard"):
        write(source, tmp_path)


@pytest.mark.parametrize("failure", [UserError("picture gone"), OSError("disk"), KeyboardInterrupt()], ids=repr)
def test_a_failure_leaves_no_half_shard_and_no_manifest_and_can_be_repeated(source, tmp_path, failure, monkeypatch):
    monkeypatch.setattr(writer, "SHARD_BYTES", 40_000)  # so that the failing picture has a shard of its own
    read = type(source).read

    def fail_at_the_second(self, entries):
        for pair in read(self, entries):
            if pair.name == "train1":
                raise failure
            yield pair

    monkeypatch.setattr(type(source), "read", fail_at_the_second)
    with pytest.raises(type(failure)):
        write(source, tmp_path)
    assert set(files(tmp_path)) == {"train/00000-of-00002.tfrec"}  # whole, and no *.part
    with pytest.raises(UserError, match="unfinished"):
        read_manifest(str(tmp_path))
    monkeypatch.setattr(type(source), "read", read)
    write(source, tmp_path)
    assert read_manifest(str(tmp_path)).pictures == {"train": 3, "test": 2}


def test_the_manifest_comes_last(source, tmp_path, monkeypatch):
    seen = []

    def whole_so_far(path, _):
        seen.append((path, set(files(tmp_path))))

    monkeypatch.setattr(writer, "write_whole", whole_so_far)
    manifest = write(source, tmp_path)
    assert seen == [(str(tmp_path / "manifest.json"), {shard.path for shard in manifest.shards})]


def test_records_that_do_not_fit_the_disk_are_refused_before_any_is_written(source, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    asked = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or usage(10**9, 10**9, 1000))
    with pytest.raises(
        UserError, match=r"--output .*out/deep: the records need about \d+\.\d kB, but only 1\.0 kB are free"
    ):
        write(source, tmp_path / "out" / "deep")
    assert asked == [str(tmp_path)]  # the folder that exists
    assert files(tmp_path) == {}


def test_the_announced_size_is_about_the_written_one(source, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    needed = sum(plan.bytes for plan in writer._plan(source.entries, Tiling.for_crop(32, 4), 4))
    written = sum(shard.bytes for shard in write(source, tmp_path / "a").shards)
    assert written == pytest.approx(needed, rel=0.02)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, needed))
    write(source, tmp_path / "b")  # exactly enough


def test_many_pictures_make_several_shards_of_about_the_same_size(array_source, noise, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SHARD_BYTES", 30_000)
    source = array_source([noise(48, 48, seed) for seed in range(10)], [noise(48, 48, seed) for seed in range(6)])
    manifest = write(source, tmp_path)
    picture = 48 * 48 * 3 * (1 + 1 / 16)  # 7.3 kB: four in a shard
    assert [(shard.path, shard.records) for shard in manifest.shards] == [
        ("train/00000-of-00003.tfrec", 4),
        ("train/00001-of-00003.tfrec", 4),
        ("train/00002-of-00003.tfrec", 2),
        ("test/00000-of-00002.tfrec", 4),
        ("test/00001-of-00002.tfrec", 2),
    ]
    assert all(shard.bytes == pytest.approx(shard.records * picture, rel=0.05) for shard in manifest.shards)
    assert [pair.name for pair in read_pictures(str(tmp_path), manifest)] == [f"test{number}" for number in range(6)]


def test_a_picture_larger_than_a_shard_has_one_for_itself(array_source, noise, tmp_path, monkeypatch):
    monkeypatch.setattr(writer, "SHARD_BYTES", 1000)
    manifest = write(array_source([noise(48, 48, 0), noise(48, 48, 1)], [noise(48, 48, 2)]), tmp_path)
    assert [shard.records for shard in manifest.shards] == [1, 1, 1]


def test_the_same_source_gives_the_same_shards(source, tmp_path):
    """No clock and no random order: two machines can compare hashes."""
    assert write(source, tmp_path / "a").shards == write(source, tmp_path / "b").shards


def test_an_output_below_a_file_is_refused(source, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"--output .*file/out: this folder cannot be made"):
        write(source, tmp_path / "file" / "out")
    assert files(tmp_path) == {"file": b"x"}
