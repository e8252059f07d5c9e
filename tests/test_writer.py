"""pyimagesearch.data.writer: a dataset folder is whole or it is not there."""

import copy
import dataclasses
import hashlib
import json
import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.data import shards, writer
from pyimagesearch.data.manifest import read_manifest
from pyimagesearch.data.records import parse, read_pictures, scan, serialize
from pyimagesearch.data.tiling import Tiling
from pyimagesearch.data.writer import repair_dataset, write_dataset
from pyimagesearch.errors import UserError
from pyimagesearch.files import exclusive, join


@pytest.fixture
def source(array_source, noise):
    """Pictures larger and smaller than a tile of crop 32, which is 80."""
    return array_source(
        [noise(120, 160, 0), noise(40, 48, 1), noise(88, 64, 2)], [noise(100, 120, 3), noise(32, 36, 4)]
    )


def files(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def parse_at_4(record):
    return parse(record, 4)


def write(source, folder, **options):
    return write_dataset(source, str(folder), **{"scale": 4, "crop": 32, **options})


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
    with pytest.raises(UserError, match=r"truncated shard .*--repair"):
        write(source, tmp_path)


def failing(source, name, failure):
    """`source`, but its picture `name` raises `failure`."""

    class Failing(type(source)):
        def jobs(self, entries):
            def fail():
                raise failure

            return (
                fail if entry.name == name else job for entry, job in zip(entries, super().jobs(entries), strict=True)
            )

    copy_of_source = copy.copy(source)
    copy_of_source.__class__ = Failing
    return copy_of_source


@pytest.mark.parametrize("failure", [UserError("picture gone"), OSError("disk"), KeyboardInterrupt()], ids=repr)
def test_after_a_failure_the_finished_shards_are_kept_and_the_rest_is_written(source, tmp_path, failure, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)  # so that the failing picture has a shard of its own
    with pytest.raises(type(failure)):
        write(failing(source, "train1", failure), tmp_path / "a")
    assert set(files(tmp_path / "a")) == {"unfinished.json", "train/00000-of-00002.tfrec"}  # whole, and no *.part
    with pytest.raises(UserError, match="unfinished"):
        read_manifest(str(tmp_path / "a"))
    kept = (tmp_path / "a" / "train" / "00000-of-00002.tfrec").stat().st_mtime_ns
    said = []
    write(source, tmp_path / "a", say=said.append)
    assert said[0].startswith("Going on with 3 training and 2 test pictures")
    assert "3 of 4 shards" in said[0]
    assert (tmp_path / "a" / "train" / "00000-of-00002.tfrec").stat().st_mtime_ns == kept
    write(source, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


@pytest.fixture
def unfinished(source, tmp_path, monkeypatch):
    """A folder whose first shard is written."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    with pytest.raises(OSError, match="disk"):
        write(failing(source, "train1", OSError("disk")), tmp_path)
    return tmp_path


def cut_off(shard):
    shard.write_bytes(shard.read_bytes()[:-7])


def empty(shard):
    """As after a power failure."""
    shard.write_bytes(b"")


def exchange(shard):
    """Whole records, but others."""
    with tf.io.TFRecordWriter(str(shard)) as records:
        records.write(serialize("a", np.zeros((8, 8, 3), np.uint8), np.zeros((32, 32, 3), np.uint8)))


def lose_last_record(shard):
    """Every record that is left is whole."""
    shard.write_bytes(shard.read_bytes()[: scan(str(shard)).offsets[-1]])


@pytest.mark.parametrize("damage", [cut_off, empty, exchange, lose_last_record, Path.unlink])
def test_a_damaged_shard_of_an_unfinished_folder_is_written_again(source, unfinished, tmp_path_factory, damage):
    shard = unfinished / "train" / "00000-of-00002.tfrec"
    shutil.copy(shard, unfinished / "train" / "00001-of-00002.tfrec")  # so that some shard stays whatever is lost
    damage(shard)
    said = []
    write(source, unfinished, say=said.append)
    assert said[0].startswith(f"{shard}: ")
    assert said[0].endswith("; writing it again")
    whole = tmp_path_factory.mktemp("whole")
    write(source, whole)
    assert files(unfinished) == files(whole)


def test_what_a_killed_writer_left_beside_its_shards_is_gone_in_the_end(source, unfinished):
    (unfinished / "train" / "00001-of-00002.tfrec.part").write_bytes(b"half")
    (unfinished / "manifest.json.part").write_bytes(b"half")
    write(source, unfinished)
    assert not list(unfinished.rglob("*.part"))
    assert not (unfinished / "unfinished.json").exists()


def test_what_was_left_half_written_of_another_recipe_is_gone_in_the_end(source, tmp_path):
    """Its shards had other names, which nothing would replace."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "00003-of-00009.tfrec.part").write_bytes(b"half")
    manifest = write(source, tmp_path)
    assert set(files(tmp_path)) == {"manifest.json", *(shard.path for shard in manifest.shards)}


def test_an_unfinished_folder_of_another_recipe_is_refused(source, unfinished):
    before = files(unfinished)
    with pytest.raises(UserError, match=r"already holds records with crop 32, asked for was 48; give another --output"):
        write(source, unfinished, crop=48)
    with pytest.raises(UserError, match="already holds records with compression none, asked for was png"):
        write(source, unfinished, compression="png")
    assert files(unfinished) == before


def test_shards_that_nothing_explains_are_refused(source, unfinished):
    (unfinished / "unfinished.json").unlink()
    with pytest.raises(UserError, match=r"holds shards, but neither manifest\.json nor unfinished\.json"):
        write(source, unfinished)


def test_a_recipe_without_any_shard_binds_nobody(source, tmp_path):
    """Whoever stopped a run at once because of a wrong flag is not told to delete what is not there."""
    with pytest.raises(OSError, match="disk"):
        write(failing(source, "train0", OSError("disk")), tmp_path)
    assert set(files(tmp_path)) == {"unfinished.json"}
    assert write(source, tmp_path, crop=36).crop == 36


def test_a_garbled_recipe_is_named(source, unfinished):
    (unfinished / "unfinished.json").write_text("{")
    with pytest.raises(UserError, match=r"unfinished\.json: not written by this program; delete"):
        write(source, unfinished)


def test_a_kill_between_the_manifest_and_the_end_leaves_a_finished_folder(source, tmp_path):
    write(source, tmp_path)
    (tmp_path / "unfinished.json").write_text("{}")
    write(source, tmp_path)
    assert not (tmp_path / "unfinished.json").exists()


def test_a_second_writer_is_kept_out(source, tmp_path):
    with exclusive(str(tmp_path)), pytest.raises(UserError, match="another process is writing to this folder"):
        write(source, tmp_path)
    assert files(tmp_path) == {}
    write(source, tmp_path)


def test_a_writer_that_comes_when_another_has_just_finished_finds_its_records(source, tmp_path, monkeypatch):
    first_to_come = writer._sole_writer

    def second_to_come(output):
        monkeypatch.setattr(writer, "_sole_writer", first_to_come)
        write(source, tmp_path)
        return first_to_come(output)

    monkeypatch.setattr(writer, "_sole_writer", second_to_come)
    said = []
    write(source, tmp_path, say=said.append)
    assert said == [f"{tmp_path} already holds these records"]


def test_a_writer_that_finds_another_recipe_stops(source, tmp_path, monkeypatch):
    """On a bucket, which knows no locks, the recipe is all that tells two writers apart."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    job = source.jobs

    def other_writer_comes(entries):
        (tmp_path / "unfinished.json").write_text(json.dumps({"schema": 2, "source": "another", "shards": []}))
        return job(entries)

    monkeypatch.setattr(source, "jobs", other_writer_comes)
    with pytest.raises(UserError, match="already holds records with source another, asked for was arrays"):
        write(source, tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_the_manifest_comes_last(source, tmp_path, monkeypatch):
    seen = []
    write_whole = writer.write_whole

    def whole_so_far(path, text):
        seen.append((path, set(files(tmp_path))))
        write_whole(path, text)

    monkeypatch.setattr(writer, "write_whole", whole_so_far)
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
        UserError, match=r"--output .*out/deep: the records need about \d+\.\d kB, but only 1\.0 kB are free"
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


def test_an_output_below_a_file_is_refused(source, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match=r"--output .*file/out: this folder cannot be made"):
        write(source, tmp_path / "file" / "out")
    assert files(tmp_path) == {"file": b"x"}


def test_neighbours_in_a_shard_come_from_different_pictures(array_source, noise, tmp_path):
    """Blocks of records are read together: they have to mix a shard's pictures."""
    manifest = write(array_source([noise(300, 300, seed) for seed in range(4)], [noise(32, 32)]), tmp_path)
    records = tf.data.TFRecordDataset(join(str(tmp_path), manifest.of_split("train")[0].path)).take(manifest.block)
    assert len({parse_at_4(record)[0].numpy().partition(b"@")[0] for record in records}) == 4


# Repair


@pytest.fixture
def written(source, tmp_path, monkeypatch):
    """(folder, its files): a whole dataset of three shards."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    write(source, tmp_path)
    return tmp_path, files(tmp_path)


def repair(source, folder, **options):
    said = []
    repair_dataset(source, str(folder), **{"scale": 4, "crop": 32, "say": said.append, **options})
    return said


def test_repair_writes_only_the_bad_shards_anew(source, written):
    folder, whole = written
    flipped, missing, good = sorted(folder.rglob("*.tfrec"), key=lambda path: path.parent.name)[::-1][:3]
    content = bytearray(flipped.read_bytes())
    content[700] ^= 1
    flipped.write_bytes(content)
    missing.unlink()
    untouched = good.stat().st_mtime_ns
    said = repair(source, folder)
    assert any(line.startswith(f"{flipped}: record 0 at byte 0 is corrupt") for line in said)
    assert f"{missing}: this shard is missing" in said
    assert said[-1] == f"{folder}: 2 of 4 shards written anew"
    assert files(folder) == whole
    assert good.stat().st_mtime_ns == untouched


def test_repair_of_a_good_folder_says_so(source, written):
    assert repair(source, written[0]) == [f"{written[0]}: every shard is good"]


def test_repair_with_other_pictures_is_refused(written, array_source, noise):
    folder, whole = written
    with pytest.raises(UserError, match="already holds records with pictures"):
        repair(array_source([noise(32, 32)], [noise(32, 32)]), folder)
    assert files(folder) == whole


def test_repair_needs_a_manifest(source, unfinished):
    with pytest.raises(UserError, match="its records are unfinished"):
        repair(source, unfinished)


def test_repair_of_a_manifest_with_other_shards_is_refused(source, written):
    folder, _ = written
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("train/00000-of", "train/99999-of"))
    with pytest.raises(UserError, match="this program gives these pictures other shards; delete"):
        repair(source, folder)


def test_repair_that_gives_other_bytes_is_no_repair(source, written):
    """As with another version of a library that decodes pictures."""
    folder, _ = written
    next(folder.glob("test/*")).unlink()
    pair = source.pairs["test0"]
    source.pairs["test0"] = dataclasses.replace(pair, lr=255 - pair.lr)
    with pytest.raises(UserError, match="written anew it differs from the manifest"):
        repair(source, folder)
