"""pyimagesearch.data.sources.tfrecord: the tutorial's records are imported as they are; what is none is refused."""

import numpy as np
import pytest
import tensorflow as tf
from helpers.source_entries import read, splits

from pyimagesearch.benchmarks.tutorial import write_tutorial_records
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.pairs import make_pair
from pyimagesearch.data.sources import make_source
from pyimagesearch.errors import InputError


@pytest.fixture
def pairs(noise):
    """The pairs of seven pictures, the last of them for test."""
    return [make_pair(str(number), noise(48 + 4 * number, 64, number), 4) for number in range(7)]


@pytest.fixture
def folder(tmp_path, pairs):
    """The tutorial's layout: shards in train/ and test/."""
    for name, part in {"train/0": pairs[:4], "train/1": pairs[4:6], "test/0": pairs[6:]}.items():
        path = tmp_path / "theirs" / f"{name}.tfrec"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_tutorial_records(part, str(path))
    return tmp_path / "theirs"


def open_records(folder, **options):
    return make_source("tfrecord", images=folder, **{"crop": 32, **options})


def test_the_tutorials_records_give_their_pairs_and_split(folder, pairs):
    source = open_records(folder)
    assert (source.kernel, source.skipped) == ("given", [])
    expected = {f"train/0.tfrec#{number:05d}": pairs[number] for number in range(4)}
    expected |= {"train/1.tfrec#00000": pairs[4], "train/1.tfrec#00001": pairs[5], "test/0.tfrec#00000": pairs[6]}
    assert splits(source) == {name: name.split("/")[0] for name in expected}
    for pair in read(source, source.entries):
        np.testing.assert_array_equal(pair.hr, expected[pair.name].hr)
        np.testing.assert_array_equal(pair.lr, expected[pair.name].lr)


def test_without_a_folder_of_test_records_a_part_is_held_out(folder):
    source = open_records(folder / "train", validation=0.4)
    assert sorted(splits(source).values()).count("test") in (1, 2, 3)


def test_the_command_imports_them(folder, pairs, create, tmp_path):
    code, out, err = create("--source", "tfrecord", "--images", folder, "--crop", 32)
    assert (code, err) == (0, [])
    assert "6 training pictures, 1 test pictures" in out[-1]
    manifest = read_manifest(str(tmp_path / "out"))
    (pair,) = read_pictures(str(tmp_path / "out"), manifest)
    np.testing.assert_array_equal(pair.lr, pairs[6].lr)
    assert "--source tfrecord" in manifest.command()


def write(path, *features):
    with tf.io.TFRecordWriter(str(path)) as writer:
        for values in features:
            example = tf.train.Example()
            for name, value in values.items():
                example.features.feature[name].bytes_list.value.append(value)
            writer.write(example.SerializeToString())


def test_records_of_another_form_are_named_and_can_be_left_out(folder, noise):
    small = tf.io.serialize_tensor(noise(8, 8)).numpy()
    floats = tf.io.serialize_tensor(noise(32, 32).astype(np.float32)).numpy()
    write(folder / "train" / "odd.tfrec", {"lr": small}, {"lr": small, "hr": floats}, {"lr": b"x", "hr": b"y"})
    with pytest.raises(InputError, match=r"odd\.tfrec#00000: has not the features .*2 more such records.*`skip_bad`"):
        open_records(folder)
    assert len(open_records(folder, skip_bad=True).skipped) == 3


def test_another_scale_or_a_larger_crop_is_refused(folder):
    with pytest.raises(InputError, match=r"lr of 16x18 pixels is not 1/2 of hr's 64x72; give another `scale`"):
        open_records(folder, scale=2)
    with pytest.raises(InputError, match=r"64x72 pixels are fewer than the crop of 96; lower `crop`"):
        open_records(folder, crop=96)


def test_files_that_are_damaged_or_no_tfrecords_are_named(folder):
    path = folder / "train" / "1.tfrec"
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(InputError, match=rf"{path}: record 1 at byte \d+ is corrupt, or this is no uncompressed"):
        open_records(folder)


def test_a_file_that_changes_after_it_was_checked_is_refused(folder, pairs):
    source = open_records(folder)
    write_tutorial_records(pairs[4:5], str(folder / "train" / "1.tfrec"))
    with pytest.raises(InputError, match=r"1\.tfrec: changed after it was checked"):
        read(source, source.entries)


def test_folders_without_such_records_are_named(folder, records, tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        open_records(tmp_path / "nowhere")
    with pytest.raises(InputError, match="holds records of this program already"):
        open_records(records)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no TFRecord file \(\.tfrec"):
        open_records(tmp_path / "empty")
    with pytest.raises(InputError, match=r"holds no manifest\.json, .*--source tfrecord --images "):
        read_manifest(str(folder))
