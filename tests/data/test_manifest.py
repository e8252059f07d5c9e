"""pyimagesearch.data.manifest: what a dataset folder says of itself."""

import dataclasses
import json

import pytest

from pyimagesearch.cli.main import build_parser
from pyimagesearch.data.dataset.manifest import check_usable, load_manifest, read_manifest
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.errors import InputError


@pytest.fixture
def folder(tmp_path, noise, array_source):
    """A small dataset folder: 3 training and 2 test pictures."""
    source = array_source([noise(48, 64, seed) for seed in range(3)], [noise(40, 52, 7), noise(32, 32, 8)])
    write_dataset(source, str(tmp_path / "records"))
    return tmp_path / "records"


def test_the_manifest_of_a_whole_folder_is_read(folder):
    manifest = read_manifest(str(folder))
    assert (manifest.scale, manifest.crop, manifest.kernel) == (4, 32, "bicubic")
    assert manifest.records("train") == sum(shard.records for shard in manifest.shards if "train" in shard.path) > 0
    assert manifest.records("test") == 2
    assert json.loads(manifest.to_json()) == json.loads((folder / "manifest.json").read_text())


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere: no such TFRecord folder; .*create_tfrecords\.py"):
        read_manifest(str(tmp_path / "nowhere"))


def test_a_folder_without_manifest_is_called_unfinished(folder):
    (folder / "manifest.json").unlink()
    with pytest.raises(InputError, match=r"records: holds no manifest\.json"):
        read_manifest(str(folder))


def test_a_folder_of_photographs_is_told_how_to_become_records(tmp_path):
    (tmp_path / "holiday.JPG").write_bytes(b"")
    with pytest.raises(InputError, match=r"from photographs with --source folder --images "):
        read_manifest(str(tmp_path))


def test_an_unfinished_folder_is_called_so(folder):
    (folder / "manifest.json").rename(folder / "unfinished.json")
    with pytest.raises(InputError, match=r"its records are unfinished; give create_tfrecords\.py the same flags"):
        read_manifest(str(folder))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"7",
        b"{}",
        b'{"schema": 2}',
        b'{"schema": 2, "shards": 3}',
        b'{"schema": 2, "shards": [{}]}',
        b"\xff\xfe\x00garbage",
        b"[" * 100_000,
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_garbled_manifest_is_named(folder, content):
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest of this program"):
        read_manifest(str(folder))


def change_manifest(folder, **values):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize(
    "values",
    [
        {"scale": "four"},
        {"crop": None},
        {"block": 0},
        {"block": 1},
        {"shards": [{}]},
        {"shards": []},
        {"compression": "zip"},
        {"crop": 2**70},
        {"tile": 16},
        {"pictures": {"train": 3}},
        {"versions": {"python": 3}},
    ],
    ids=str,
)
def test_a_manifest_whose_values_cannot_be_is_named(folder, values):
    change_manifest(folder, **values)
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest of this program"):
        read_manifest(str(folder))


@pytest.mark.parametrize(
    "values",
    [
        {"records": "x"},
        {"records": 10**9},
        {"blocks": []},
        {"blocks": 0},
        {"blocks": [8]},
        {"bytes": None},
        {"path": "../train/00000-of-00001.tfrec"},
        {"path": "/etc/passwd"},
        {"sha256": "abc"},
        {"lr_pixels": -1},
    ],
    ids=str,
)
def test_a_manifest_whose_shards_cannot_be_is_named(folder, values):
    (shard, *others) = json.loads((folder / "manifest.json").read_text())["shards"]
    change_manifest(folder, shards=[{**shard, **values}, *others])
    with pytest.raises(InputError, match=r"manifest\.json: not a manifest of this program"):
        read_manifest(str(folder))


def test_another_schema_is_refused_with_both_numbers(folder):
    change_manifest(folder, schema=99)
    with pytest.raises(InputError, match="records of schema 99, this program reads 2"):
        read_manifest(str(folder))


def test_a_truncated_shard_is_named_with_both_sizes(folder):
    shard = folder / "train" / "00000-of-00001.tfrec"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-5])
    message = rf"{shard}: truncated shard \({len(whole) - 5} bytes, the manifest says {len(whole)}\); .*--repair"
    with pytest.raises(InputError, match=message):
        read_manifest(str(folder))
    assert load_manifest(str(folder)).records("test") == 2  # for those who repair


def test_a_longer_shard_is_named(folder):
    with (folder / "train" / "00000-of-00001.tfrec").open("ab") as shard:
        shard.write(b"more")
    with pytest.raises(InputError, match="foreign or damaged shard"):
        read_manifest(str(folder))


def test_a_missing_shard_is_named(folder):
    shard = folder / "test" / "00000-of-00001.tfrec"
    shard.unlink()
    with pytest.raises(InputError, match=f"{shard}: this shard is missing"):
        read_manifest(str(folder))


def test_records_serve_their_scale_and_crops_up_to_their_smallest_record(folder):
    """The training pictures are 48x64 and whole, so that they hold crops of 48, though they were made for 32."""
    manifest = read_manifest(str(folder))
    for crop in (16, 32, 48):
        check_usable("there", manifest, scale=4, crop=crop)
    with pytest.raises(
        InputError, match=r"there: records of scale 4, but this run's scale is 2; .*--scale 2 --crop 32"
    ):
        check_usable("there", manifest, scale=2, crop=32)
    with pytest.raises(InputError, match=r"hold crops of at most 48, but this run's crop is 52; .*--scale 4 --crop 52"):
        check_usable("there", manifest, scale=4, crop=52)
    of_folder = dataclasses.replace(manifest, source="folder")
    with pytest.raises(InputError, match=r"--images DIR, and with those of `shrink`, .* that wrote these"):
        check_usable("there", of_folder, scale=4, crop=52)


def test_records_of_an_older_version_serve_crops_up_to_those_they_were_made_for(folder):
    """Their manifest does not say how large their records are."""
    shards = json.loads((folder / "manifest.json").read_text())["shards"]
    for shard in shards:
        del shard["smallest"]
    change_manifest(folder, shards=shards)
    manifest = read_manifest(str(folder))
    check_usable("there", manifest, scale=4, crop=32)
    with pytest.raises(InputError, match="crops of at most 32"):
        check_usable("there", manifest, scale=4, crop=36)


@pytest.mark.parametrize(
    ("recipe", "flags"),
    [
        (
            {"source": "folder", "kernel": "given", "compression": "png"},
            ["--lr-images", "--images", "--compression png"],
        ),
        ({"source": "div2k", "kernel": "unknown"}, ["--scale 2", "--div2k-config unknown_x2"]),
    ],
    ids=str,
)
def test_the_command_that_is_named_has_the_flags_of_the_source(folder, recipe, flags):
    command = dataclasses.replace(read_manifest(str(folder)), **recipe).command(scale=2)
    assert all(flag in command for flag in flags)
    build_parser().parse_args(["tfrecords", *command.split()[2:]])


def test_the_command_that_is_named_is_one_of_the_program(folder):
    words = read_manifest(str(folder)).command(crop=64, output="new").split()
    assert words[:2] == ["python", "create_tfrecords.py"]
    words[words.index("arrays")] = "folder"
    args = build_parser().parse_args(["tfrecords", *words[2:]])
    assert (args.crop, args.scale, args.output) == (64, 4, "new")
