"""pyimagesearch.data.collages and dead_leaves: training pictures with hard edges, made of a folder's photographs."""

import cv2
import numpy as np
import pytest
from PIL import Image

from pyimagesearch.data.collages import CollageSource
from pyimagesearch.data.dead_leaves import make_collage
from pyimagesearch.data.records import read_pictures
from pyimagesearch.data.sources import FolderSource
from pyimagesearch.data.writer import write_dataset


def hills(height, width, seed):
    """A smooth uint8 RGB picture."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 7, 3)).astype(np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture
def folder(tmp_path):
    """Five smooth pictures of 240 x 160 and one of 320 x 200."""
    path = tmp_path / "photos"
    path.mkdir()
    for number in range(5):
        Image.fromarray(hills(160, 240, number)).save(path / f"{number}.png")
    Image.fromarray(hills(200, 320, 5)).save(path / "5.png")
    return path


def open_folder(path, count, **options):
    source = FolderSource(path, **{"scale": 4, "crop": 32, "validation": 0.3, **options})
    return CollageSource(source, count, scale=4)


def collages(source):
    return [entry for entry in source.entries if entry.name.startswith("collage")]


def made(source):
    return [job().hr for job in source.jobs(collages(source))]


@pytest.mark.parametrize("unit", [1, 2, 3, 4, 8])
def test_a_collage_has_the_size_of_its_photograph_and_depends_on_photographs_and_seed_alone(unit):
    photographs = [hills(200, 300, 0), hills(40, 30, 1), hills(400, 20, 2)]
    before = [photograph.copy() for photograph in photographs]
    collage = make_collage(photographs, 7, unit)
    assert collage.shape == (200, 300, 3)
    assert collage.dtype == np.uint8
    np.testing.assert_array_equal(make_collage(photographs, 7, unit), collage)
    for photograph, was in zip(photographs, before, strict=True):
        np.testing.assert_array_equal(photograph, was)
    assert (make_collage(photographs, 8, unit) != collage).mean() > 0.1
    assert (make_collage([photographs[0], hills(40, 30, 9)], 7, unit) != collage).any()


@pytest.mark.parametrize("unit", [1, 4])
def test_collages_have_hard_edges_and_flat_areas_where_photographs_have_none(unit):
    photographs = [hills(300, 400, seed) for seed in range(3)]

    def steps(picture):
        return np.abs(np.diff(picture.astype(int), axis=1)).max(axis=2)

    assert (steps(photographs[0]) > 60).mean() == 0
    pictures = [make_collage(photographs, seed, unit) for seed in range(6)]
    assert np.mean([steps(picture) > 60 for picture in pictures]) > 0.01 / unit
    assert np.mean([steps(picture) == 0 for picture in pictures]) > 2 * (steps(photographs[0]) == 0).mean()


def test_collages_are_training_pictures_as_large_as_those_of_the_folder(folder):
    source, plain = open_folder(folder, 9, shrink=(1, 2)), open_folder(folder, 0, shrink=(1, 2))
    assert {entry for entry in source.entries if entry not in collages(source)} == set(plain.entries)
    assert len(collages(source)) == 9
    assert {entry.split for entry in collages(source)} == {"train"}
    sizes = {(entry.height, entry.width) for entry in plain.entries if entry.split == "train"}
    assert {(entry.height, entry.width) for entry in collages(source)} == sizes
    for entry, job in zip(source.entries, source.jobs(source.entries), strict=True):
        pair = job()
        assert pair.name == entry.name
        assert pair.hr.shape == (entry.height, entry.width, 3)
        assert pair.lr.shape == (entry.height // 4, entry.width // 4, 3)


def test_no_two_collages_are_alike(folder):
    pictures = made(open_folder(folder, 9))
    for first in range(9):
        for second in range(first):
            if pictures[first].shape == pictures[second].shape:
                assert (pictures[first] != pictures[second]).mean() > 0.1


def test_nothing_of_a_held_out_picture_is_in_a_collage(folder):
    source = open_folder(folder, 20)
    held_out = [entry.name for entry in source.entries if entry.split == "test"]
    assert held_out
    for name in held_out:
        (folder / name).unlink()
    assert len(made(source)) == 20


def test_an_edited_photograph_makes_other_collages(folder):
    before = {entry.content for entry in collages(open_folder(folder, 3))}
    train = next(
        entry.name for entry in open_folder(folder, 1).entries if entry.split == "train" and ".png" in entry.name
    )
    Image.fromarray(hills(160, 240, 99)).save(folder / train)
    after = {entry.content for entry in collages(open_folder(folder, 3))}
    assert len(before) == len(after) == 1
    assert before != after


def test_records_with_collages_are_the_same_whenever_they_are_written(folder, tmp_path):
    first, second = (
        write_dataset(open_folder(folder, 4), str(tmp_path / name), scale=4, crop=32, say=lambda _: None)
        for name in ("first", "second")
    )
    assert first == second
    assert first.pictures["train"] == 4 + sum(entry.split == "train" for entry in open_folder(folder, 0).entries)
    tests = [pair.name for pair in read_pictures(str(tmp_path / "first"), first)]
    assert tests
    assert not any(name.startswith("collage") for name in tests)
