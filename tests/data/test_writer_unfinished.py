"""pyimagesearch.data.writer: a folder left unfinished or damaged is completed, repaired or refused."""

import copy
import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from helpers.dataset_folders import files, write

from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import scan, serialize
from pyimagesearch.data.dataset.writer import repair_dataset
from pyimagesearch.errors import InputError

HALF = f".srgan-{'0f' * 16}.part"  # the name of a file that is being written


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


@pytest.mark.parametrize("failure", [InputError("picture gone"), OSError("disk"), KeyboardInterrupt()], ids=repr)
def test_after_a_failure_the_finished_shards_are_kept_and_the_rest_is_written(
    source, tmp_path, failure, monkeypatch, caplog
):
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)  # so that the failing picture has a shard of its own
    with pytest.raises(type(failure)):
        write(failing(source, "train1", failure), tmp_path / "a")
    assert set(files(tmp_path / "a")) == {"unfinished.json", "train/00000-of-00002.tfrec"}  # whole, and no *.part
    with pytest.raises(InputError, match="unfinished"):
        read_manifest(str(tmp_path / "a"))
    kept = (tmp_path / "a" / "train" / "00000-of-00002.tfrec").stat().st_mtime_ns
    caplog.clear()
    write(source, tmp_path / "a")
    said = caplog.messages
    assert said[0].startswith("Going on with 3 training and 2 test pictures")
    assert "3 of 4 shards" in said[0]
    assert (tmp_path / "a" / "train" / "00000-of-00002.tfrec").stat().st_mtime_ns == kept
    write(source, tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_shards_are_found_in_a_folder_with_brackets_in_its_name(source, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    with pytest.raises(OSError, match="disk"):
        write(failing(source, "train1", OSError("disk")), tmp_path / "a[b]")
    with pytest.raises(InputError, match="crop 32 there, 36 here"):
        write(source, tmp_path / "a[b]", crop=36)


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
    shard.write_bytes(shard.read_bytes()[: scan(str(shard), 4, "none").offsets[-1]])


@pytest.mark.parametrize("damage", [cut_off, empty, exchange, lose_last_record, Path.unlink])
def test_a_damaged_shard_of_an_unfinished_folder_is_written_again(source, unfinished, tmp_path_factory, damage, caplog):
    shard = unfinished / "train" / "00000-of-00002.tfrec"
    shutil.copy(shard, unfinished / "train" / "00001-of-00002.tfrec")  # so that some shard stays whatever is lost
    damage(shard)
    caplog.clear()
    write(source, unfinished)
    said = caplog.messages
    assert said[0].startswith(f"{shard}: ")
    assert said[0].endswith("; writing it again")
    whole = tmp_path_factory.mktemp("whole")
    write(source, whole)
    assert files(unfinished) == files(whole)


def test_what_a_killed_writer_left_beside_its_shards_is_gone_in_the_end(source, unfinished):
    for folder in (unfinished, unfinished / "train"):
        (folder / HALF).write_bytes(b"half")
    write(source, unfinished)
    assert not list(unfinished.rglob("*.part"))
    assert not (unfinished / "unfinished.json").exists()


def test_what_was_left_half_written_of_another_recipe_is_gone_in_the_end(source, tmp_path):
    """Its shards had other names, which nothing would replace."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / HALF).write_bytes(b"half")
    manifest = write(source, tmp_path)
    assert set(files(tmp_path)) == {"manifest.json", *(shard.path for shard in manifest.shards)}


def test_an_unfinished_folder_of_another_recipe_is_refused(source, unfinished):
    before = files(unfinished)
    with pytest.raises(
        InputError, match=r"already holds other records \(crop 32 there, 48 here\); give another `output`"
    ):
        write(source, unfinished, crop=48)
    with pytest.raises(InputError, match=r"other records \(compression none there, png here\)"):
        write(source, unfinished, compression="png")
    assert files(unfinished) == before


def test_shards_that_nothing_explains_are_refused(source, unfinished):
    (unfinished / "unfinished.json").unlink()
    with pytest.raises(InputError, match=r"holds shards, but neither manifest\.json nor unfinished\.json"):
        write(source, unfinished)


def test_a_recipe_without_any_shard_binds_nobody(source, tmp_path):
    """Whoever stopped a run at once because of a wrong flag is not told to delete what is not there."""
    with pytest.raises(OSError, match="disk"):
        write(failing(source, "train0", OSError("disk")), tmp_path)
    assert set(files(tmp_path)) == {"unfinished.json"}
    assert write(source, tmp_path, crop=36).crop == 36


def test_a_garbled_recipe_is_named(source, unfinished):
    (unfinished / "unfinished.json").write_text("{")
    with pytest.raises(InputError, match=r"unfinished\.json: not written by this program; delete"):
        write(source, unfinished)


def test_a_kill_between_the_manifest_and_the_end_leaves_a_finished_folder(source, tmp_path):
    write(source, tmp_path)
    (tmp_path / "unfinished.json").write_text("{}")
    write(source, tmp_path)
    assert not (tmp_path / "unfinished.json").exists()


# Repair


@pytest.fixture
def written(source, tmp_path, monkeypatch):
    """(folder, its files): a whole dataset of three shards."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 40_000)
    write(source, tmp_path)
    return tmp_path, files(tmp_path)


@pytest.fixture
def repair(caplog):
    """repair(source, folder) is the lines that the repair logs."""

    def run(source, folder):
        caplog.clear()
        repair_dataset(source, str(folder))
        return caplog.messages

    return run


def test_repair_writes_only_the_bad_shards_anew(repair, source, written):
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


def test_repair_of_a_good_folder_says_so(repair, source, written):
    assert repair(source, written[0]) == [f"{written[0]}: every shard is good"]


def test_repair_with_other_pictures_is_refused(repair, written, array_source, noise):
    folder, whole = written
    with pytest.raises(InputError, match="pictures there"):
        repair(array_source([noise(32, 32)], [noise(32, 32)]), folder)
    assert files(folder) == whole


def test_repair_needs_a_manifest(repair, source, unfinished):
    with pytest.raises(InputError, match="its records are unfinished"):
        repair(source, unfinished)


def test_repair_of_a_manifest_with_other_shards_is_refused(repair, source, written):
    folder, _ = written
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("train/00000-of", "train/99999-of"))
    with pytest.raises(InputError, match="this program gives these pictures other shards; delete"):
        repair(source, folder)


def test_repair_that_gives_other_bytes_is_no_repair(repair, source, written):
    """As with another version of a library that decodes pictures."""
    folder, _ = written
    next(folder.glob("test/*")).unlink()
    pair = source.pairs["test0"]
    source.pairs["test0"] = dataclasses.replace(pair, lr=255 - pair.lr)
    with pytest.raises(InputError, match="written anew it differs from the manifest"):
        repair(source, folder)
