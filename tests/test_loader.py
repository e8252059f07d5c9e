"""pyimagesearch.data.loader: aligned crops in an order that is a function of the seed alone."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from pyimagesearch.data import writer
from pyimagesearch.data.loader import augment, random_crop, training_batches
from pyimagesearch.data.records import corrupt_message, join
from pyimagesearch.data.writer import write_dataset


def blocks(lr, scale):
    """The HR picture in which every LR pixel is a block: alignment can be read off any crop."""
    return lr.repeat(scale, axis=0).repeat(scale, axis=1)


def nearest(hr, scale):
    return hr[::scale, ::scale]


@pytest.fixture
def dataset(tmp_path, noise, array_source, monkeypatch):
    """dataset(scale, lr_sizes) is (folder, manifest) of block pictures in several shards."""

    def make(scale=4, sizes=((30, 40), (24, 24), (12, 50)), crop=32, shard_bytes=20_000):
        monkeypatch.setattr(writer, "SHARD_BYTES", shard_bytes)
        pictures = [blocks(noise(*size, seed), scale) for seed, size in enumerate(sizes)]
        source = array_source(pictures, pictures[:1], scale=scale, shrink=nearest)
        folder = str(tmp_path / "records")
        return folder, write_dataset(source, folder, scale=scale, crop=crop)

    return make


def constant_pictures(count):
    """HR pictures of exactly one crop, each of one colour that numbers it."""
    return [np.full((16, 16, 3), number, np.uint8) for number in range(count)]


@pytest.fixture
def numbered(tmp_path, array_source, monkeypatch):
    """numbered(count) is (folder, manifest) of records whose pixels say which record they are."""

    def make(count):
        monkeypatch.setattr(writer, "SHARD_BYTES", 4 * 16 * 16 * 3)  # three records a shard
        pictures = constant_pictures(count)
        folder = str(tmp_path / f"numbered{count}")
        return folder, write_dataset(array_source(pictures, pictures[:1]), folder, scale=4, crop=16)

    return make


def take(folder, manifest, count, **options):
    batches = training_batches(folder, manifest, **{"crop": 32, "batch": 4, "seed": 7, **options})
    return [(lr.numpy(), hr.numpy()) for lr, hr in batches.take(count)]


def numbers(folder, manifest, count, **options):
    """The record numbers of the first `count` batches."""
    return [hr[:, 0, 0, 0].tolist() for _, hr in take(folder, manifest, count, crop=16, **options)]


def assert_equal_batches(got, expected):
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


# Crops and symmetries


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


def square_symmetries(picture):
    return [np.rot90(flipped, turns) for flipped in (picture, picture[:, ::-1]) for turns in range(4)]


def test_the_eight_symmetries_are_those_of_numpy_and_equally_likely(noise):
    lr, draws = noise(3, 3), 1600
    hr = blocks(lr, 2)
    dataset = tf.data.Dataset.range(draws).map(lambda index: augment(tf.constant(lr), tf.constant(hr), [5, index]))
    expected = [turned.tobytes() for turned in square_symmetries(lr)]
    counts = np.zeros(8)
    for small, large in dataset.as_numpy_iterator():
        counts[expected.index(small.tobytes())] += 1
        np.testing.assert_array_equal(large, blocks(small, 2))
    chi_square = np.sum((counts - draws / 8) ** 2 / (draws / 8))
    assert chi_square < 24.3, counts  # 7 degrees of freedom, 1 in 1000; the seeds are fixed


def test_crops_are_uniform_over_all_positions_with_the_borders(noise):
    """5 x 4 positions of a crop of 4 LR pixels in 8 x 7."""
    lr, draws = noise(8, 7), 2000
    hr = blocks(lr, 4)
    dataset = tf.data.Dataset.range(draws).map(
        lambda index: random_crop(tf.constant(lr), tf.constant(hr), 16, 4, [5, index])
    )
    expected = [lr[top : top + 4, left : left + 4].tobytes() for top in range(5) for left in range(4)]
    counts = np.zeros(20)
    for small, large in dataset.as_numpy_iterator():
        counts[expected.index(small.tobytes())] += 1
        np.testing.assert_array_equal(large, blocks(small, 4))
    chi_square = np.sum((counts - draws / 20) ** 2 / (draws / 20))
    assert chi_square < 43.8, counts  # 19 degrees of freedom, 1 in 1000


def test_crop_and_symmetry_are_drawn_independently(noise):
    """The same symmetry must not always come with the same corner."""
    lr = noise(5, 5)
    hr = blocks(lr, 2)

    def both(index):
        small, large = random_crop(tf.constant(lr), tf.constant(hr), 8, 2, [1, index])  # four positions
        return augment(small, large, [1, index])[0]

    crops = [lr[top : top + 4, left : left + 4] for top in range(2) for left in range(2)]
    expected = {turned.tobytes() for crop in crops for turned in square_symmetries(crop)}
    seen = {small.tobytes() for small in tf.data.Dataset.range(500).map(both).as_numpy_iterator()}
    assert seen == expected  # all 32 combinations


def test_a_record_is_cropped_and_turned_anew_in_every_epoch(tmp_path, noise, array_source):
    picture = blocks(noise(20, 20), 4)
    source = array_source([picture], [picture], shrink=nearest)
    manifest = write_dataset(source, str(tmp_path), scale=4, crop=32)
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


@pytest.mark.parametrize("start", [1, 2, 3, 5])
def test_a_start_in_the_middle_gives_the_batches_of_one_run(dataset, start):
    """5 records and batches of 4: starts fall before, on and after the borders of epochs."""
    folder, manifest = dataset(sizes=[(18, 18)] * 5)
    assert manifest.records("train") == 5
    whole = take(folder, manifest, 8)
    assert_equal_batches(take(folder, manifest, 8 - start, start_step=start), whole[start:])


@pytest.mark.parametrize("hosts", [2, 4])
@pytest.mark.parametrize("start", [0, 3])
def test_hosts_share_the_batches_of_one_host(dataset, hosts, start):
    folder, manifest = dataset(sizes=[(18, 18)] * 5)
    whole = take(folder, manifest, 4, batch=8, start_step=start)
    shares = [take(folder, manifest, 4, batch=8, start_step=start, hosts=hosts, host=host) for host in range(hosts)]
    for number, (lr, hr) in enumerate(whole):
        np.testing.assert_array_equal(np.concatenate([share[number][0] for share in shares]), lr)
        np.testing.assert_array_equal(np.concatenate([share[number][1] for share in shares]), hr)


def test_a_hosts_rows_may_be_split_among_its_replicas(dataset):
    folder, manifest = dataset()
    whole = take(folder, manifest, 3, batch=8, hosts=2, host=1)
    parts = take(folder, manifest, 6, batch=8, hosts=2, host=1, part=2)
    joined = [tuple(map(np.concatenate, zip(*parts[n : n + 2], strict=True))) for n in (0, 2, 4)]
    assert_equal_batches(joined, whole)


def test_seeds_differ_in_order_and_in_crops(numbered, dataset):
    folder, manifest = numbered(11)
    assert numbers(folder, manifest, 3, seed=1) != numbers(folder, manifest, 3, seed=2)
    folder, manifest = dataset(sizes=[(18, 18)])  # one record: only its crops can differ
    one, other = (take(folder, manifest, 3, seed=seed) for seed in (1, 2))
    assert any(not np.array_equal(a[0], b[0]) for a, b in zip(one, other, strict=True))


def test_a_corrupt_record_stops_the_batches_and_can_be_located(numbered):
    folder, manifest = numbered(11)
    path = join(folder, manifest.of_split("train")[2].path)
    with open(path, "r+b") as shard:
        shard.seek(500)
        byte = shard.read(1)
        shard.seek(500)
        shard.write(bytes([byte[0] ^ 0xFF]))
    with pytest.raises(tf.errors.DataLossError):
        numbers(folder, manifest, 3)
    paths = [join(folder, shard.path) for shard in manifest.of_split("train")]
    assert corrupt_message(paths).startswith(f"{path}: corrupt record after 0 good ones")


def test_the_order_depends_on_the_seed_alone_and_not_on_tensorflows(tmp_path, array_source, noise):
    manifest = writer.write_dataset(
        array_source([noise(32, 32, i) for i in range(20)], [noise(32, 32)]), str(tmp_path), scale=4, crop=32
    )
    batches = []
    for global_seed in (1, 2):
        tf.random.set_seed(global_seed)
        first = next(iter(training_batches(str(tmp_path), manifest, crop=32, batch=8, seed=3)))
        batches.append(first[1].numpy())
    np.testing.assert_array_equal(*batches)
