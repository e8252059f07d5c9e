"""pyimagesearch.data.records: the TFRecord contract."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.data.dataset import records
from pyimagesearch.data.dataset.manifest import read_manifest
from pyimagesearch.data.dataset.records import parse, parse_block, read_block, read_pictures, scan, serialize
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize

COMPRESSIONS = ("none", "png")


@pytest.fixture(params=COMPRESSIONS)
def folder(request, tmp_path, noise, array_source):
    """A small dataset folder: 3 training and 2 test pictures."""
    source = array_source([noise(48, 64, seed) for seed in range(3)], [noise(40, 52, 7), noise(32, 32, 8)])
    write_dataset(source, str(tmp_path / "records"), compression=request.param)
    return tmp_path / "records"


# Schema


@pytest.mark.parametrize(("height", "width", "scale"), [(5, 7, 4), (1, 1, 2), (6, 3, 3), (3, 5, 8)])
@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_record_gives_back_every_pixel(noise, height, width, scale, compression):
    lr, hr = noise(height, width), noise(scale * height, scale * width, seed=1)
    name, read_lr, read_hr = parse(tf.constant(serialize("Ä b.png", lr, hr, compression)), scale, compression)
    assert name.numpy().decode() == "Ä b.png"
    assert read_lr.dtype == read_hr.dtype == tf.uint8
    np.testing.assert_array_equal(read_lr, lr)
    np.testing.assert_array_equal(read_hr, hr)


def test_a_cut_out_view_is_stored_as_it_looks(noise):
    """Tiles are views of a whole picture, whose memory is not theirs."""
    lr, hr = noise(9, 9)[2:5, 3:8], noise(36, 36, seed=1)[8:20, 12:32]
    _, read_lr, read_hr = parse(tf.constant(serialize("a", lr, hr)), 4)
    np.testing.assert_array_equal(read_lr, lr)
    np.testing.assert_array_equal(read_hr, hr)


@pytest.mark.parametrize("missing", ["name", "shape", "lr", "hr"])
def test_a_record_without_one_of_the_features_is_refused(noise, missing):
    example = tf.train.Example.FromString(serialize("a", noise(2, 2), noise(8, 8)))
    del example.features.feature[missing]
    with pytest.raises(tf.errors.InvalidArgumentError, match=missing):
        parse(tf.constant(example.SerializeToString()), 4)


def test_a_record_of_another_scale_is_refused(noise):
    with pytest.raises(tf.errors.InvalidArgumentError):
        parse(tf.constant(serialize("a", noise(2, 2), noise(8, 8))), 2)


@pytest.mark.parametrize("keep", [0, 10, 100])
def test_a_truncated_record_is_refused(noise, keep):
    dataset = tf.data.Dataset.from_tensors(serialize("a", noise(2, 2), noise(8, 8))[:keep])
    # TensorFlow's message quotes the bytes, which Python then cannot always decode.
    with pytest.raises((tf.errors.InvalidArgumentError, UnicodeDecodeError)):
        list(dataset.map(lambda record: parse(record, 4)))


# Whole pictures


def test_test_pictures_come_back_whole_and_in_order(folder, noise):
    pairs = list(read_pictures(str(folder), read_manifest(str(folder))))
    assert [pair.name for pair in pairs] == ["test0", "test1"]
    for pair, hr in zip(pairs, (noise(40, 52, 7), noise(32, 32, 8)), strict=True):
        np.testing.assert_array_equal(pair.hr, hr)
        np.testing.assert_array_equal(pair.lr, resize.downscale(hr, 4))


def test_the_first_so_many_test_pictures_can_be_asked_for(folder):
    assert [pair.name for pair in read_pictures(str(folder), read_manifest(str(folder)), count=1)] == ["test0"]


def flip_a_byte(path, position):
    content = bytearray(Path(path).read_bytes())
    content[position] ^= 0xFF
    Path(path).write_bytes(content)


@pytest.mark.parametrize("position", [3, 200, -50])
def test_a_flipped_byte_is_found_and_its_shard_and_offset_named(folder, position):
    shard = folder / "test" / "00000-of-00001.tfrec"
    second = scan(str(shard), 4, read_manifest(str(folder)).compression).offsets[1]
    flip_a_byte(shard, position)
    number, offset = (1, second) if position < 0 else (0, 0)
    message = f"{shard}: record {number} at byte {offset} is corrupt: its checksum does not hold; .*--repair"
    with pytest.raises(InputError, match=message):
        list(read_pictures(str(folder), read_manifest(str(folder))))


@pytest.fixture
def shards(tmp_path, noise):
    """Three shards of two records."""
    paths = [str(tmp_path / f"{number}.tfrec") for number in range(3)]
    for path in paths:
        with tf.io.TFRecordWriter(path) as writer:
            for _ in range(2):
                writer.write(serialize("a", noise(2, 3), noise(8, 12)))
    return paths


def test_the_corrupt_one_of_several_shards_is_named(shards):
    flip_a_byte(shards[1], -20)
    manifest = SimpleNamespace(scale=4, compression="none")
    message = records.corrupt_message("there", shards, manifest)
    assert message.startswith(f"{shards[1]}: record 1 at byte ")
    others = records.corrupt_message("there", [shards[0], shards[2]], manifest)
    assert "not the one that the manifest describes" in others


def test_a_scan_counts_records_and_pixels_and_finds_their_offsets(shards):
    found = scan(shards[0], 4, "none")
    record = len(serialize("a", np.zeros((2, 3, 3), np.uint8), np.zeros((8, 12, 3), np.uint8)))
    assert found == records.Scan(offsets=[0, record + 16], lr_pixels=12, problem=None)


def test_a_scan_knows_records_of_other_programs(tmp_path):
    with tf.io.TFRecordWriter(str(tmp_path / "other.tfrec")) as writer:
        writer.write(b"not an example")
    assert scan(str(tmp_path / "other.tfrec"), 4, "none").problem == "record 0 at byte 0 is none of this program"


# Blocks


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_a_block_begins_and_ends_where_it_is_told_and_gives_back_every_pixel(tmp_path, noise, compression):
    sizes = [(4, 5), (2, 3), (6, 6), (3, 3)]
    pairs = [(noise(*size, seed), noise(2 * size[0], 2 * size[1], 9 + seed)) for seed, size in enumerate(sizes)]
    path = str(tmp_path / "a.tfrec")
    with tf.io.TFRecordWriter(path) as writer:
        for lr, hr in pairs:
            writer.write(serialize("a", lr, hr, compression))
    block = read_block(path, tf.constant(scan(path, 2, compression).offsets[1], tf.int64), tf.constant(2, tf.int64), 0)
    shapes, lr, hr = parse_block(block, 2, compression)
    assert shapes.numpy().tolist() == [[2, 3], [6, 6]]
    for number, (expected_lr, expected_hr) in enumerate(pairs[1:3]):
        count = expected_lr.shape[0] * expected_lr.shape[1]
        np.testing.assert_array_equal(lr[number, :count], expected_lr.reshape(-1, 3))
        np.testing.assert_array_equal(hr[number, : 4 * count], expected_hr.reshape(-1, 3))


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("shape", [(3, 4), (1, 1), (2, 30_000), (-2, -3), (2**40, 2**40)], ids=str)
def test_a_shape_that_is_not_that_of_the_pixels_is_refused(tmp_path, noise, compression, shape):
    example = tf.train.Example.FromString(serialize("a", noise(2, 3), noise(8, 12), compression))
    example.features.feature["shape"].int64_list.value[:] = shape
    path = str(tmp_path / "lies.tfrec")
    with tf.io.TFRecordWriter(path) as writer:
        writer.write(serialize("a", noise(2, 3), noise(8, 12), compression))
        writer.write(example.SerializeToString())
    second = len(serialize("a", noise(2, 3), noise(8, 12), compression)) + 16
    problem = f"record 1 at byte {second}: its shape is not that of its pixels"
    assert scan(path, 4, compression).problem == problem
    block = tf.constant([example.SerializeToString()])
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape is not that of its pixels"):
        parse_block(block, 4, compression)


def test_a_record_smaller_than_a_crop_is_refused(noise):
    block = tf.constant([serialize("a", noise(2, 3), noise(8, 12))])
    parse_block(block, 4, "none", 2)
    with pytest.raises(tf.errors.InvalidArgumentError):
        parse_block(block, 4, "none", 3)
