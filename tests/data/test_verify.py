"""srgan verify and --repair: every kind of damage has its own message, and goes away."""

import json
import shutil

import pytest
import tensorflow as tf

from pyimagesearch.cli.main import main
from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.manifest import load_manifest
from pyimagesearch.data.dataset.shards import hash_file
from pyimagesearch.data.dataset.writer import write_dataset


@pytest.fixture
def write(array_source, noise, monkeypatch):
    """write(folder, seed) writes a dataset of three training shards and a test shard; a seed has pixels of its own."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 30_000)

    def make(folder, seed=0):
        pictures = [noise(80, 100, seed + number) for number in range(3)]
        return write_dataset(array_source(pictures, pictures[:1]), str(folder))

    return make


@pytest.fixture
def folder(write, tmp_path):
    write(tmp_path / "records")
    return tmp_path / "records"


@pytest.fixture
def verify(folder, capfd):
    """verify() is (exit code, lines on stdout, lines on stderr) of `srgan verify`."""

    def run():
        capfd.readouterr()
        code = main(["verify", str(folder)])
        out, err = capfd.readouterr()
        return code, out.splitlines(), [line for line in err.split("\n") if line and not line.startswith("\r")]

    return run


def test_good_shards_are_counted(verify, folder):
    code, out, err = verify()
    assert (code, err) == (0, [])
    manifest = load_manifest(str(folder))
    records = manifest.records("train") + manifest.records("test")
    assert out[-1].startswith(f"{folder}: 4 shards are good, {records} records (")


def bad_shards(verify, folder):
    """The lines on bad shards of a verification that fails and says what to do."""
    code, out, err = verify()
    assert code == 2
    assert len(err) == 1
    assert err[0].startswith(f"srgan: {len(out)} of 4 shards are bad; srgan tfrecords --repair --output {folder}")
    return out


def test_a_truncated_shard(verify, folder):
    shard = folder / "train" / "00001-of-00003.tfrec"
    size = shard.stat().st_size
    shard.write_bytes(shard.read_bytes()[:1000])
    assert bad_shards(verify, folder) == [f"{shard}: truncated shard (1000 bytes, the manifest says {size})"]


@pytest.mark.parametrize("position", [2, 9, 300, -1, -3000])
def test_a_flipped_byte_in_length_checksum_or_data(verify, folder, position):
    shard = folder / "train" / "00001-of-00003.tfrec"
    content = bytearray(shard.read_bytes())
    content[position] ^= 4
    shard.write_bytes(content)
    (line,) = bad_shards(verify, folder)
    assert line.startswith(f"{shard}: record ")
    assert line.endswith("is corrupt: its checksum does not hold")


def test_a_missing_shard(verify, folder):
    (folder / "test" / "00000-of-00001.tfrec").unlink()
    assert bad_shards(verify, folder) == [f"{folder / 'test' / '00000-of-00001.tfrec'}: this shard is missing"]


def test_a_shard_of_another_data_set(verify, folder, write, tmp_path):
    write(tmp_path / "other", seed=50)
    shard = folder / "train" / "00001-of-00003.tfrec"
    shutil.copy(tmp_path / "other" / "train" / shard.name, shard)
    assert bad_shards(verify, folder) == [
        f"{shard}: its records are whole, but not those of the manifest (SHA-256): a shard of another data set"
    ]


def test_a_shard_of_the_same_size_with_other_records(verify, folder):
    shard = folder / "train" / "00001-of-00003.tfrec"
    size = shard.stat().st_size
    with tf.io.TFRecordWriter(str(shard)) as writer:
        writer.write(b"x" * (size - 16))
    assert bad_shards(verify, folder) == [f"{shard}: record 0 at byte 0 is none of this program"]


def test_fewer_records_than_the_manifest_says(verify, folder):
    """A manifest that was edited, or of another folder."""
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    shard = values["shards"][1]
    shard["records"] += 1
    path.write_text(json.dumps(values))
    (line,) = bad_shards(verify, folder)
    assert f"holds {shard['records'] - 1} records, the manifest says {shard['records']}" in line


def test_pixels_of_another_manifest(verify, folder):
    path = folder / "manifest.json"
    values = json.loads(path.read_text())
    values["shards"][0]["lr_pixels"] += 1
    path.write_text(json.dumps(values))
    assert "the manifest's offsets or pixels are not those of its records" in bad_shards(verify, folder)[0]


def test_every_bad_shard_is_listed(verify, folder):
    for shard in (folder / "train").iterdir():
        shard.write_bytes(b"")
    assert len(bad_shards(verify, folder)) == 3


def test_a_missing_manifest(verify, folder):
    (folder / "manifest.json").unlink()
    code, _, err = verify()
    assert code == 2
    assert "holds no manifest.json, so it is no finished TFRecord folder" in err[0]


def test_the_hash_is_that_of_sha256sum(folder):
    """Users check shards with other tools too."""
    path = folder / "a"
    path.write_bytes(b"abc")
    assert hash_file(str(path)) == ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 3)
