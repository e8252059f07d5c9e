"""pyimagesearch.data.order: every sample has its number, and every host blocks of its own."""

import numpy as np
import pytest

from pyimagesearch.data.dataset.manifest import Manifest, Shard
from pyimagesearch.data.dataset.shards import block_size
from pyimagesearch.data.dataset.tiling import Tiling
from pyimagesearch.data.input import order
from pyimagesearch.data.input.order import Order

BLOCK = 32


@pytest.fixture
def make(monkeypatch):
    """make(records per shard, blocks per window, seed) is an Order; no file is needed."""

    def build(records, blocks_per_window=4, seed=3):
        monkeypatch.setattr(order, "WINDOW_BYTES", blocks_per_window * BLOCK * 16 * 16 * 3 * 1.0625)
        shards = [
            Shard(f"train/{number}", count, 1, 1, "", tuple(range(0, 10 * count, 10 * BLOCK)))
            for number, count in enumerate(records)
        ]
        manifest = Manifest(2, "", 4, "", 16, 16, 16, "none", BLOCK, {}, "", shards, {})
        return Order("there", manifest, crop=16, seed=seed)

    return build


def samples(one):
    """Which record, as (block, position in it), each of the numbers of some windows is, and its draws."""

    def of(windows):
        found = {}
        for index in windows:
            window = one.window(index)
            starts = window.ends - one.sizes.numpy()[window.blocks]
            places = [
                (int(block), position)
                for block, start, end in zip(window.blocks, starts, window.ends, strict=True)
                for position in range(int(end - start))
            ]
            for number, place, draws in zip(window.numbers.numpy(), places, window.draws.numpy(), strict=True):
                assert number not in found
                found[int(number)] = place, tuple(draws)
        return found

    return of


RECORDS = [(100, 100, 77), (1,), (32, 64), (5, 6, 7, 8), (500,)]


@pytest.mark.parametrize("records", RECORDS, ids=str)
def test_an_epoch_holds_every_record_once_and_numbers_without_gaps(make, records):
    one = make(records)
    assert one.samples == sum(records)
    per_epoch = one.first_window(one.samples)
    found = samples(one)(range(3 * per_epoch))
    assert sorted(found) == list(range(3 * sum(records)))
    everything = {(block, position) for block, size in enumerate(one.sizes.numpy()) for position in range(size)}
    for epoch in range(3):
        numbers = range(epoch * sum(records), (epoch + 1) * sum(records))
        assert {found[number][0] for number in numbers} == everything


@pytest.mark.parametrize("records", RECORDS, ids=str)
def test_the_window_of_a_sample_is_found_without_those_before(make, records):
    one = make(records)
    of_window = samples(one)
    for number in {0, 1, 31, 32, sum(records) - 1, sum(records), 2 * sum(records) + 3}:
        assert number in of_window([one.first_window(number)])


def test_no_window_holds_more_samples_than_it_says(make):
    one = make((1000, 1000, 33))
    sizes = [len(one.window(index).numbers) for index in range(one.first_window(one.samples))]
    assert max(sizes) <= one.window_samples
    assert min(sizes) > 0.5 * max(sizes)  # no window of few records, whose batches would mix few pictures


def test_draws_are_uniform_and_differ(make):
    one = make((1000,))
    draws = np.array([draw for _, draw in samples(one)(range(24)).values()])
    assert draws.min() >= 0
    assert draws.max() < 1
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=0.03)
    assert len(np.unique(draws)) > 0.99 * draws.size


@pytest.mark.parametrize("hosts", [2, 4, 8, 16])
def test_the_samples_of_a_host_lie_in_few_blocks(make, hosts):
    one = make((10_000,), blocks_per_window=64)
    window = one.window(0)
    blocks = np.searchsorted(window.ends, np.arange(len(window.numbers)), side="right")
    for host in range(hosts):
        needed = set(blocks[window.numbers.numpy() % hosts == host])
        assert len(needed) <= len(window.blocks) / hosts + 2


def test_seeds_and_epochs_differ_in_the_order_of_blocks(make):
    orders = {tuple(make((1000,), seed=seed).window(index).blocks.numpy()) for seed in (1, 2) for index in (0, 8)}
    assert len(orders) == 4


def test_a_window_shuffles_its_records(make):
    numbers = make((1000,)).window(0).numbers.numpy()
    runs = np.diff(numbers[numbers % 16 == 0])
    assert (runs < 0).mean() > 0.2


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("crop", [48, 96, 192, 256, 512])
def test_a_window_has_as_many_blocks_of_large_tiles_as_of_small_ones(crop, scale):
    """Few blocks would come from few pictures."""
    block = block_size(Tiling.for_crop(crop, scale), scale)
    assert order.WINDOW_BYTES / (3 * crop**2 * (1 + 1 / scale**2) * block) > 60


def test_a_block_of_the_tutorials_tiles_has_32_records():
    """Written down once, as the tiles are."""
    assert block_size(Tiling.for_crop(96, 4), 4) == 32
