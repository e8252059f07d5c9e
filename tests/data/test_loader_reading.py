"""pyimagesearch.data.loader: what it reads of the files, the cache that spares them, and records that are corrupt."""

import shutil

import pytest
import tensorflow as tf
from helpers.batches import assert_equal_batches, numbers, take

from pyimagesearch.data.dataset.records import corrupt_message
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.input import order
from pyimagesearch.data.input.cache import RamCache
from pyimagesearch.errors import InputError
from pyimagesearch.system import console, memory
from pyimagesearch.system.files import join


@pytest.mark.parametrize(
    ("compression", "options"),
    [("png", {}), ("none", {"start_step": 5, "hosts": 2, "host": 1}), ("none", {"augment": "flip"})],
    ids=str,
)
def test_a_cache_gives_the_same_batches_and_reads_no_file(dataset, compression, options):
    folder, manifest = dataset(compression=compression)
    expected = take(folder, manifest, 12, **options)
    cache = RamCache(folder, manifest)
    shutil.rmtree(folder)
    assert_equal_batches(take(folder, manifest, 12, cache=cache, **options), expected)


def test_a_cache_that_does_not_fit_is_refused_with_both_sizes(dataset, monkeypatch):
    folder, manifest = dataset()
    monkeypatch.setattr(memory, "available", lambda: 1_000_000_000)
    pixels = 3 * sum(shard.lr_pixels for shard in manifest.of_split("train")) * 17
    message = (
        f"`cache` ram: the tiles take {console.size(pixels)} .*only 1.0 GB of memory are free; leave `cache` ram out"
    )
    with pytest.raises(InputError, match=message):
        RamCache(folder, manifest)


def test_a_cache_of_a_corrupt_shard_names_it(numbered):
    folder, manifest = numbered(11)
    path = flip(folder, manifest)
    with pytest.raises(InputError, match=f"{path}: record 0 at byte 0 is corrupt"):
        RamCache(folder, manifest)


def read_bytes():
    """What this process has read from files so far."""
    with open("/proc/self/io") as file:
        return int(file.readline().split()[1])


def bytes_for(folder, manifest, steps, **options):
    before = read_bytes()
    take(folder, manifest, steps, crop=16, **options)
    return read_bytes() - before


@pytest.fixture
def windows(tmp_path, array_source, noise, monkeypatch):
    """(folder, manifest, bytes of all shards): 2,048 records of one crop in 64 blocks, 8 windows an epoch."""
    monkeypatch.setattr(order, "WINDOW_BYTES", 8 * 32 * 16 * 16 * 3 * 1.07)
    pictures = [noise(16, 16, seed) for seed in range(2048)]
    manifest = write_dataset(array_source(pictures, pictures[:1], crop=16), str(tmp_path))
    return str(tmp_path), manifest, sum(shard.bytes for shard in manifest.of_split("train"))


def test_a_start_in_the_middle_reads_no_more_than_a_start_at_the_beginning(windows):
    folder, manifest, size = windows
    # Window 6 of 8; it and the next are read, and one more may be begun.
    assert bytes_for(folder, manifest, 1, batch=8, start_step=200) < 0.5 * size


@pytest.mark.parametrize("host", [0, 3])
def test_a_host_reads_hardly_more_than_its_part(windows, host):
    folder, manifest, size = windows
    whole = bytes_for(folder, manifest, 128, batch=16)
    part = bytes_for(folder, manifest, 128, batch=16, hosts=4, host=host)
    assert size < whole < 1.6 * size  # an epoch, and what is read ahead
    assert part < 0.4 * whole


def flip(folder, manifest):
    """Flip a byte of the third shard; gives its path."""
    path = join(folder, manifest.of_split("train")[2].path)
    with open(path, "r+b") as shard:
        shard.seek(500)
        byte = shard.read(1)
        shard.seek(500)
        shard.write(bytes([byte[0] ^ 0xFF]))
    return path


def test_a_corrupt_record_stops_the_batches_and_can_be_located(numbered):
    folder, manifest = numbered(11)
    path = flip(folder, manifest)
    with pytest.raises(tf.errors.DataLossError):
        numbers(folder, manifest, 3)
    paths = [join(folder, shard.path) for shard in manifest.of_split("train")]
    assert corrupt_message(folder, paths, manifest).startswith(f"{path}: record 0 at byte 0 is corrupt")
