"""pyimagesearch.data.input.loader: aligned crops in an order that is a function of the seed alone."""

import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from helpers.batches import assert_equal_batches, blocks, nearest, numbers, take

from pyimagesearch.data.dataset import shards
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.input import order
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.system import parallel

# Crops


@pytest.mark.parametrize(("scale", "crop"), [(2, 24), (3, 33), (4, 32), (8, 32)])
def test_lr_and_hr_stay_aligned_through_crop_flip_and_turn(dataset, scale, crop):
    folder, manifest = dataset(scale, crop=crop)
    for lr, hr in take(folder, manifest, 20, crop=crop):
        assert lr.dtype == hr.dtype == np.uint8
        assert lr.shape == (4, crop // scale, crop // scale, 3)
        assert hr.shape == (4, crop, crop, 3)
        for small, large in zip(lr, hr, strict=True):
            np.testing.assert_array_equal(large, blocks(small, scale))


def test_batches_have_a_static_shape(dataset):
    folder, manifest = dataset()
    lr, hr = training_batches(folder, manifest, crop=16, batch=3, seed=0).element_spec
    assert lr.shape == (3, 4, 4, 3)
    assert hr.shape == (3, 16, 16, 3)


def test_a_record_is_cropped_and_turned_anew_in_every_epoch(tmp_path, noise, array_source):
    picture = blocks(noise(20, 20), 4)
    source = array_source([picture], [picture], shrink=nearest)
    manifest = write_dataset(source, str(tmp_path))
    samples = take(str(tmp_path), manifest, 20, batch=1)
    assert len({lr.tobytes() for lr, _ in samples}) > 15


# Order


def test_every_record_is_seen_once_in_every_epoch(numbered):
    folder, manifest = numbered(11)
    assert len(manifest.of_split("train")) == 4
    stream = list(itertools.chain(*numbers(folder, manifest, 11, batch=4)))  # 44 samples are 4 epochs
    for epoch in range(4):
        assert sorted(stream[11 * epoch : 11 * (epoch + 1)]) == list(range(11))


def test_epochs_differ_in_their_order(numbered):
    folder, manifest = numbered(11)
    stream = list(itertools.chain(*numbers(folder, manifest, 11, batch=4)))
    orders = {tuple(stream[11 * epoch : 11 * (epoch + 1)]) for epoch in range(4)}
    assert len(orders) == 4
    assert tuple(range(11)) not in orders


def test_records_of_different_shards_are_mixed(numbered):
    folder, manifest = numbered(60)
    first = numbers(folder, manifest, 1, batch=20)[0]
    assert len({number // 3 for number in first}) > 10  # three records a shard


def test_batches_are_the_same_in_a_new_iterator(dataset):
    folder, manifest = dataset()
    assert_equal_batches(take(folder, manifest, 6), take(folder, manifest, 6))


@pytest.mark.parametrize("start", [2, 5])
def test_a_start_in_the_middle_gives_the_batches_of_one_run(dataset, start):
    """5 records and batches of 4: starts fall before, on and after the borders of epochs."""
    folder, manifest = dataset(sizes=[(18, 18)] * 5)
    assert manifest.records("train") == 5
    whole = take(folder, manifest, 8)
    assert_equal_batches(take(folder, manifest, 8 - start, start_step=start), whole[start:])


@pytest.mark.parametrize(("hosts", "start"), [(2, 0), (3, 3), pytest.param(4, 0, marks=pytest.mark.slow)])
def test_hosts_share_the_batches_of_one_host(dataset, hosts, start):
    """Row r of a batch belongs to host r mod hosts."""
    folder, manifest = dataset(sizes=[(18, 18)] * 5)
    whole = take(folder, manifest, 4, batch=12, start_step=start)
    shares = [take(folder, manifest, 4, batch=12, start_step=start, hosts=hosts, host=host) for host in range(hosts)]
    for number, (lr, hr) in enumerate(whole):
        for host, share in enumerate(shares):
            np.testing.assert_array_equal(share[number][0], lr[host::hosts])
            np.testing.assert_array_equal(share[number][1], hr[host::hosts])


def test_hosts_that_do_not_divide_the_batch_are_a_fault(dataset):
    folder, manifest = dataset()
    with pytest.raises(ValueError, match="3 hosts do not divide a batch of 4"):
        take(folder, manifest, 1, hosts=3)


def test_a_hosts_rows_may_be_split_among_its_replicas(dataset):
    folder, manifest = dataset()
    whole = take(folder, manifest, 3, batch=8, hosts=2, host=1)
    parts = take(folder, manifest, 6, batch=8, hosts=2, host=1, part=2)
    joined = [tuple(map(np.concatenate, zip(*parts[n : n + 2], strict=True))) for n in (0, 2, 4)]
    assert_equal_batches(joined, whole)


def test_another_parallelism_gives_the_same_batches(dataset, monkeypatch):
    folder, manifest = dataset(sizes=[(40, 40)] * 5)
    whole = take(folder, manifest, 20)
    for cores in (1, 7):
        monkeypatch.setattr(parallel, "cores", lambda cores=cores: cores)
        assert_equal_batches(take(folder, manifest, 20), whole)


@pytest.mark.slow
def test_another_process_gives_the_same_batches(dataset):
    folder, manifest = dataset(sizes=[(40, 40)] * 5)
    program = f"""
import hashlib
from pyimagesearch.data.input.loader import training_batches
from pyimagesearch.data.dataset.manifest import read_manifest
batches = training_batches({folder!r}, read_manifest({folder!r}), crop=32, batch=4, seed=7, start_step=9)
print(*(hashlib.sha256(lr.numpy().tobytes() + hr.numpy().tobytes()).hexdigest() for lr, hr in batches.take(5)))
"""
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    here = take(folder, manifest, 5, start_step=9)
    assert there == [hashlib.sha256(lr.tobytes() + hr.tobytes()).hexdigest() for lr, hr in here]


def test_compressed_records_give_the_same_batches(dataset):
    """In blocks that mix tiles of several shapes."""
    plain = dataset()
    png = dataset(compression="png")
    assert plain[1].shards != png[1].shards
    assert_equal_batches(take(*png, 10), take(*plain, 10))


def test_batches_mix_pictures_nearly_as_uniform_sampling_does(tmp_path, array_source, monkeypatch):
    """At least 90% of the distinct pictures that as many uniformly drawn tiles would come from."""
    monkeypatch.setattr(order, "WINDOW_BYTES", 64 * 32 * 16 * 16 * 3 * 1.07)  # 64 blocks, as with crops of 96
    monkeypatch.setattr(shards, "SHARD_BYTES", 10 * 160 * 192 * 3 * 1.9)  # 10 pictures or so, as with DIV2K
    pictures = [np.full((160, 192, 3), number, np.uint8) for number in range(200)]
    folder = str(tmp_path)
    manifest = write_dataset(array_source(pictures, pictures[:1], crop=16), folder)
    blocks = sum(len(shard.blocks) for shard in manifest.of_split("train"))
    assert len(manifest.of_split("train")) > 15
    assert blocks > 3 * 64
    distinct = [len(set(batch)) for batch in numbers(folder, manifest, 100, batch=64)]
    assert np.mean(distinct) >= 0.9 * 200 * (1 - (1 - 1 / 200) ** 64)


def test_seeds_differ_in_order_and_in_crops(numbered, dataset):
    folder, manifest = numbered(11)
    assert numbers(folder, manifest, 3, seed=1) != numbers(folder, manifest, 3, seed=2)
    folder, manifest = dataset(sizes=[(18, 18)])  # one record: only its crops can differ
    one, other = (take(folder, manifest, 3, seed=seed) for seed in (1, 2))
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_the_order_depends_on_the_seed_alone_and_not_on_tensorflows(tmp_path, array_source, noise):
    source = array_source([noise(32, 32, i) for i in range(20)], [noise(32, 32)])
    manifest = write_dataset(source, str(tmp_path))
    batches = []
    for global_seed in (1, 2):
        tf.random.set_seed(global_seed)
        first = next(iter(training_batches(str(tmp_path), manifest, crop=32, batch=8, seed=3)))
        batches.append(first[1].numpy())
    np.testing.assert_array_equal(*batches)
