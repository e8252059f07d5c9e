"""pyimagesearch.data.records: the TFRecord contract."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch import images
from pyimagesearch.data import records
from pyimagesearch.data.records import Tiling, check_usable, parse, read_manifest, read_pictures, serialize
from pyimagesearch.data.sources import Pair
from pyimagesearch.data.writer import write_dataset
from pyimagesearch.errors import UserError


@pytest.fixture
def folder(tmp_path, noise, array_source):
    """A small dataset folder: 3 training and 2 test pictures."""
    source = array_source([noise(48, 64, seed) for seed in range(3)], [noise(40, 52, 7), noise(32, 32, 8)])
    write_dataset(source, str(tmp_path / "records"), scale=4, crop=32)
    return tmp_path / "records"


# Schema


@pytest.mark.parametrize(("height", "width", "scale"), [(5, 7, 4), (1, 1, 2), (6, 3, 3), (3, 5, 8)])
def test_a_record_gives_back_every_pixel(noise, height, width, scale):
    lr, hr = noise(height, width), noise(scale * height, scale * width, seed=1)
    name, read_lr, read_hr = parse(tf.constant(serialize("Ä b.png", lr, hr)), scale)
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


# Tiles

CROPS = [(96, 4), (32, 4), (192, 4), (96, 2), (48, 2), (96, 3), (96, 8), (16, 8)]


def positions_held(tiling, length, crop, scale):
    """For every LR position of a crop along a side: does one tile hold the whole crop?"""
    positions = np.arange((length - crop) // scale + 1) * scale
    offsets = np.array(tiling.offsets(length, scale))
    return ((offsets <= positions[:, None]) & (positions[:, None] + crop <= offsets + tiling.tile)).any(axis=1)


@pytest.mark.parametrize(("crop", "scale"), CROPS)
def test_tiles_hold_three_quarters_of_a_large_pictures_crops(crop, scale):
    tiling = Tiling.for_crop(crop, scale)
    height, width = 15 * crop // scale * scale, 21 * crop // scale * scale
    held = np.outer(
        positions_held(tiling, height, crop, scale), positions_held(tiling, width, crop, scale)
    )  # a crop is in a tile if it is along both sides
    assert held.mean() >= 0.75


def stored_share(tiling, height, width, scale):
    """Stored pixels over the picture's."""
    count = len(tiling.offsets(height, scale)) * len(tiling.offsets(width, scale))
    return count * tiling.tile**2 / (height * width)


@pytest.mark.parametrize(("crop", "scale"), CROPS)
def test_tiles_of_a_large_picture_store_at_most_twice_its_pixels(crop, scale):
    tiling = Tiling.for_crop(crop, scale)
    assert stored_share(tiling, 20 * tiling.tile, 30 * tiling.tile, scale) <= 2


@pytest.mark.parametrize("size", [(1356, 2040), (1424, 2016), (1152, 2040), (2040, 2040), (2040, 1360)], ids=str)
def test_tiles_of_div2ks_pictures_keep_both_promises(size):
    tiling = Tiling.for_crop(96, 4)
    held = np.outer(*(positions_held(tiling, side, 96, 4) for side in size))
    assert held.mean() >= 0.75
    assert stored_share(tiling, *size, 4) <= 2


@pytest.mark.parametrize(("crop", "scale"), CROPS)
@pytest.mark.parametrize("length_in_tiles", [1.01, 1.5, 2, 3.3, 10])
def test_tiles_begin_on_lr_pixels_and_end_flush_with_the_border(crop, scale, length_in_tiles):
    tiling = Tiling.for_crop(crop, scale)
    length = int(tiling.tile * length_in_tiles) // scale * scale
    offsets = tiling.offsets(length, scale)
    assert offsets[0] == 0
    assert offsets[-1] == max(length - tiling.tile, 0)
    assert all(offset % scale == 0 for offset in offsets)
    assert all(0 < step <= tiling.tile for step in np.diff(offsets))
    assert tiling.tile % scale == 0
    assert tiling.stride % scale == 0


def test_the_tutorials_crops_get_these_tiles():
    """Written down once: other tiles would make every existing dataset folder one of another recipe."""
    assert Tiling.for_crop(96, 4) == Tiling(tile=248, stride=176, crop=96)


def test_a_picture_smaller_than_a_tile_is_stored_whole(noise):
    tiling = Tiling.for_crop(32, 4)
    pair = Pair("a", noise(8, 9), noise(32, 36, seed=1))
    (tile,) = tiling.cut(pair, 4)
    np.testing.assert_array_equal(tile.hr, pair.hr)
    np.testing.assert_array_equal(tile.lr, pair.lr)


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
def test_an_lr_tile_is_the_lr_of_the_whole_picture_at_that_place(noise, scale):
    tiling = Tiling.for_crop(48, scale)
    hr = images.crop_to_multiple(noise(2 * tiling.tile + 30, tiling.tile + 50), scale)
    lr = images.downscale(hr, scale)
    tiles = list(tiling.cut(Pair("a", lr, hr), scale))
    assert len(tiles) == len(tiling.offsets(hr.shape[0], scale)) * len(tiling.offsets(hr.shape[1], scale))
    covered = np.zeros(hr.shape[:2], bool)
    for tile in tiles:
        left, top = map(int, tile.name.partition("@")[2].split(","))
        assert tile.hr.shape == (tiling.tile, tiling.tile, 3)
        np.testing.assert_array_equal(tile.hr, hr[top : top + tiling.tile, left : left + tiling.tile])
        small = tiling.tile // scale
        row, column = top // scale, left // scale
        np.testing.assert_array_equal(tile.lr, lr[row : row + small, column : column + small])
        covered[top : top + tiling.tile, left : left + tiling.tile] = True
    assert covered.all()


@pytest.mark.parametrize("size", [(300, 500), (100, 500), (100, 120)])
def test_the_space_that_tiles_take_is_known_beforehand(noise, size):
    tiling = Tiling.for_crop(96, 4)
    hr = noise(*size)
    tiles = tiling.cut(Pair("a", images.downscale(hr, 4), hr), 4)
    assert tiling.stored_bytes(*size, 4) == sum(tile.lr.nbytes + tile.hr.nbytes for tile in tiles)


# Manifest


def test_the_manifest_of_a_whole_folder_is_read(folder):
    manifest = read_manifest(str(folder))
    assert (manifest.scale, manifest.crop, manifest.kernel) == (4, 32, "bicubic")
    assert manifest.records("train") == sum(shard.records for shard in manifest.shards if "train" in shard.path) > 0
    assert manifest.records("test") == 2
    assert json.loads(manifest.to_json()) == json.loads((folder / "manifest.json").read_text())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere: no such TFRecord folder; .*create_tfrecords\.py"):
        read_manifest(str(tmp_path / "nowhere"))


def test_a_folder_without_manifest_is_called_unfinished(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"records: holds no manifest\.json.*unfinished"):
        read_manifest(str(folder))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b"{}", b'{"schema": 1}', b'{"schema": 1, "shards": 3}', b"\xff\xfe\x00garbage"],
    ids=repr,
)
def test_a_garbled_manifest_is_named(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(UserError, match=r"manifest\.json: not a manifest of this program"):
        read_manifest(str(folder))


def change_manifest(folder, **values):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_another_schema_is_refused_with_both_numbers(folder):
    change_manifest(folder, schema=99)
    with pytest.raises(UserError, match="records of schema 99, this program reads 1"):
        read_manifest(str(folder))


def test_a_truncated_shard_is_named_with_both_sizes(folder):
    shard = folder / "train" / "00000-of-00001.tfrec"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-5])
    message = rf"{shard}: truncated or foreign shard \({len(whole) - 5} bytes, the manifest says {len(whole)}\)"
    with pytest.raises(UserError, match=message):
        read_manifest(str(folder))


def test_a_missing_shard_is_named(folder):
    shard = folder / "test" / "00000-of-00001.tfrec"
    shard.unlink()
    with pytest.raises(UserError, match=f"{shard}: this shard is missing"):
        read_manifest(str(folder))


def test_records_serve_their_scale_and_crops_up_to_theirs(folder):
    manifest = read_manifest(str(folder))
    check_usable("there", manifest, scale=4, crop=32)
    check_usable("there", manifest, scale=4, crop=16)
    with pytest.raises(UserError, match="there: records of scale 4, but the preset's scale is 2"):
        check_usable("there", manifest, scale=2, crop=32)
    with pytest.raises(UserError, match=r"made for crops of 32, but the preset's crop is 36; .*--crop 36"):
        check_usable("there", manifest, scale=4, crop=36)


# Whole pictures


def test_test_pictures_come_back_whole_and_in_order(folder, noise):
    pairs = list(read_pictures(str(folder), read_manifest(str(folder))))
    assert [pair.name for pair in pairs] == ["test0", "test1"]
    for pair, hr in zip(pairs, (noise(40, 52, 7), noise(32, 32, 8)), strict=True):
        np.testing.assert_array_equal(pair.hr, hr)
        np.testing.assert_array_equal(pair.lr, images.downscale(hr, 4))


def test_the_first_so_many_test_pictures_can_be_asked_for(folder):
    assert [pair.name for pair in read_pictures(str(folder), read_manifest(str(folder)), count=1)] == ["test0"]


def flip_a_byte(path, position):
    content = bytearray(Path(path).read_bytes())
    content[position] ^= 0xFF
    Path(path).write_bytes(content)


@pytest.mark.parametrize("position", [3, 200, -50])
def test_a_flipped_byte_is_found_and_its_shard_named(folder, position):
    shard = folder / "test" / "00000-of-00001.tfrec"
    flip_a_byte(shard, position)
    good = 1 if position < 0 else 0
    with pytest.raises(UserError, match=f"{shard}: corrupt record after {good} good ones; delete the dataset"):
        list(read_pictures(str(folder), read_manifest(str(folder))))


def test_the_corrupt_one_of_several_shards_is_named(tmp_path, noise):
    paths = [str(tmp_path / f"{number}.tfrec") for number in range(3)]
    for path in paths:
        with tf.io.TFRecordWriter(path) as writer:
            for _ in range(2):
                writer.write(serialize("a", noise(2, 2), noise(8, 8)))
    flip_a_byte(paths[1], -20)
    assert records.corrupt_message(paths).startswith(f"{paths[1]}: corrupt record after 1 good ones")
    assert "check the disk" in records.corrupt_message([paths[0], paths[2]])
