"""pyimagesearch.data.writer: what is written into a dataset folder, and what is refused."""

import dataclasses
import hashlib
import json
import shutil
from collections import namedtuple

import numpy as np
import pytest
import tensorflow as tf
from helpers.dataset_folders import files, write

from pyimagesearch.data.dataset import shards, unfinished, writer
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import parse, read_pictures
from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.errors import InputError
from pyimagesearch.system.files import join
from pyimagesearch.system.locks import hold


def parse_at_4(record):
    return parse(record, 4)


def test_the_manifest_tells_what_the_folder_holds(source, tmp_path):
    manifest = write(source, tmp_path / "out")
    tiling = Tiling.for_crop(32, 4)
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == json.loads(manifest.to_json())
    assert manifest == read_manifest(str(tmp_path / "out"))
    assert (manifest.schema, manifest.source, manifest.kernel) == (2, "arrays", "bicubic")
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
        records = list(tf.data.TFRecordDataset(str(tmp_path / shard.path)).as_numpy_iterator())
        lengths = [len(record) + 16 for record in records]
        assert shard.records == len(lengths)
        assert shard.blocks == tuple(sum(lengths[:first]) for first in range(0, len(lengths), manifest.block))
        assert shard.lr_pixels == sum(lr.shape[0] * lr.shape[1] for _, lr, _ in map(parse_at_4, records))


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


def test_folders_of_the_users_own_stay(source, tmp_path):
    for name in ("tasks", "finished"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("mine")
    for _ in range(2):
        write(source, tmp_path)
        assert all((tmp_path / name / "mine.txt").read_text() == "mine" for name in ("tasks", "finished"))


def test_writing_again_says_so_and_changes_nothing(source, tmp_path, caplog):
    first = write(source, tmp_path)
    before = files(tmp_path)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    caplog.clear()
    assert write(source, tmp_path) == first
    assert caplog.messages == [f"{tmp_path} already holds these records"]
    assert files(tmp_path) == before
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"crop": 48}, "other records .crop 32 there, 48 here."),
        ({"scale": 2}, "other records .scale 4 there, 2 here."),
    ],
)
def test_another_recipe_is_refused_and_the_old_records_stay(source, tmp_path, options, message):
    write(source, tmp_path)
    before = files(tmp_path)
    with pytest.raises(InputError, match=f"{tmp_path}: already holds {message}; give another `output` or delete"):
        write(source, tmp_path, **options)
    assert files(tmp_path) == before


def test_another_number_of_pictures_is_another_recipe(source, tmp_path, array_source, noise):
    write(source, tmp_path)
    with pytest.raises(InputError, match=r"5 pictures there, 2 here"):
        write(array_source([noise(32, 32)], [noise(32, 32)]), tmp_path)


def test_as_many_other_pictures_are_another_recipe(tmp_path, array_source, noise):
    write(array_source([noise(64, 64)], [noise(32, 32)]), tmp_path)
    with pytest.raises(InputError, match=r"as many pictures \(2\), but not the same ones"):
        write(array_source([noise(64, 68)], [noise(32, 32)]), tmp_path)


def test_a_damaged_folder_is_not_taken_for_a_written_one(source, tmp_path):
    manifest = write(source, tmp_path)
    (tmp_path / manifest.shards[0].path).write_bytes(b"cut")
    with pytest.raises(InputError, match=r"truncated shard .*--repair"):
        write(source, tmp_path)


def test_a_second_writer_is_kept_out(source, tmp_path):
    with hold(str(tmp_path)), pytest.raises(InputError, match=r"this dataset folder is in use by .* wait for its end"):
        write(source, tmp_path)
    assert files(tmp_path) == {}
    write(source, tmp_path)


def test_a_writer_that_comes_when_another_has_just_finished_finds_its_records(source, tmp_path, monkeypatch, caplog):
    def second_to_come(output, what):
        monkeypatch.setattr(writer, "hold", hold)
        write(source, tmp_path)
        return hold(output, what)

    monkeypatch.setattr(writer, "hold", second_to_come)
    caplog.clear()
    write(source, tmp_path)
    assert caplog.messages[-1:] == [f"{tmp_path} already holds these records"]


def test_the_manifest_comes_last(source, tmp_path, monkeypatch):
    seen = []
    write_whole = unfinished.write_whole

    def whole_so_far(path, text, **options):
        seen.append((path, set(files(tmp_path))))
        write_whole(path, text, **options)

    monkeypatch.setattr(unfinished, "write_whole", whole_so_far)
    manifest = write(source, tmp_path)
    assert seen[-1] == (
        str(tmp_path / "manifest.json"),
        {"unfinished.json", *(shard.path for shard in manifest.shards)},
    )


def test_records_that_do_not_fit_the_disk_are_refused_before_any_is_written(source, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    asked = []
    monkeypatch.setattr(shutil, "disk_usage", lambda path: asked.append(path) or usage(10**9, 10**9, 1000))
    with pytest.raises(
        InputError, match=r"`output` .*out/deep: the records need about \d+\.\d kB, but only 1\.0 kB are free"
    ):
        write(source, tmp_path / "out" / "deep")
    assert asked == [str(tmp_path / "out" / "deep")]
    assert files(tmp_path) == {}


def test_the_announced_size_is_about_the_written_one(source, tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    needed = sum(plan.bytes for plan in shards.plan_shards(source.entries, Tiling.for_crop(32, 4), 4))
    written = sum(shard.bytes for shard in write(source, tmp_path / "a").shards)
    assert written == pytest.approx(needed, rel=0.02)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 0, needed))
    write(source, tmp_path / "b")  # exactly enough


def test_many_pictures_make_several_shards_of_about_the_same_size(array_source, noise, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 30_000)
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
    monkeypatch.setattr(shards, "SHARD_BYTES", 1000)
    manifest = write(array_source([noise(48, 48, 0), noise(48, 48, 1)], [noise(48, 48, 2)]), tmp_path)
    assert [shard.records for shard in manifest.shards] == [1, 1, 1]


def test_the_same_source_gives_the_same_shards(source, tmp_path):
    """No clock and no random order: two machines can compare hashes."""
    assert write(source, tmp_path / "a").shards == write(source, tmp_path / "b").shards


def test_a_picture_that_holds_no_crop_is_refused(array_source, noise, tmp_path):
    """DIV2K's sizes are those of a typical picture until it is decoded."""
    source = array_source([noise(40, 28)], [noise(32, 32)])
    source.entries = [dataclasses.replace(entry, height=120, width=160) for entry in source.entries]
    with pytest.raises(InputError, match=r"train0: 28x40 pixels are fewer than the crop of 32; lower `crop`"):
        write(source, tmp_path)


def test_an_output_below_a_file_is_refused(source, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"`output` .*file/out: this folder cannot be made"):
        write(source, tmp_path / "file" / "out")
    assert files(tmp_path) == {"file": b"x"}


def test_neighbours_in_a_shard_come_from_different_pictures(array_source, noise, tmp_path):
    """Blocks of records are read together: they have to mix a shard's pictures."""
    manifest = write(array_source([noise(300, 300, seed) for seed in range(4)], [noise(32, 32)]), tmp_path)
    records = tf.data.TFRecordDataset(join(str(tmp_path), manifest.of_split("train")[0].path)).take(manifest.block)
    assert len({parse_at_4(record)[0].numpy().partition(b"@")[0] for record in records}) == 4
