"""pyimagesearch.data.collages and dead_leaves: training pictures with hard edges, made of a folder's photographs."""

import cv2
import numpy as np
import pytest
from PIL import Image

from pyimagesearch.data.dataset.records import read_pictures
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.sources import dead_leaves, patterns
from pyimagesearch.data.sources.collages import CollageSource
from pyimagesearch.data.sources.dead_leaves import make_collage
from pyimagesearch.data.sources.folder import FolderSource


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
    return CollageSource(FolderSource(path, **{"scale": 4, "crop": 32, "validation": 0.3, **options}), count)


def collages(source):
    return [entry for entry in source.entries if entry.name.startswith("collage")]


def made(source):
    return [job().hr for job in source.jobs(collages(source))]


def collage(photographs, seed, unit):
    return make_collage(photographs, np.random.default_rng(seed), unit)


@pytest.mark.parametrize("unit", [1, 2, 3, 4, 8])
def test_a_collage_has_the_size_of_its_photograph_and_depends_on_photographs_and_seed_alone(unit):
    photographs = [hills(150 * unit, 200 * unit, 0), hills(40, 30, 1), hills(400, 20, 2)]
    before = [photograph.copy() for photograph in photographs]
    first = collage(photographs, 7, unit)
    assert first.shape == photographs[0].shape
    assert first.dtype == np.uint8
    np.testing.assert_array_equal(collage(photographs, 7, unit), first)
    for photograph, was in zip(photographs, before, strict=True):
        np.testing.assert_array_equal(photograph, was)
    assert (collage(photographs, 8, unit) != first).mean() > 0.1
    assert (collage([photographs[0], hills(40, 30, 9), photographs[2]], 7, unit) != first).any()


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (16, 500), (500, 16)])
@pytest.mark.parametrize("unit", [1, 4, 16])
def test_a_photograph_may_be_smaller_than_what_lies_on_it(size, unit):
    for seed in range(10):
        photograph = hills(*size, seed)
        made = collage([photograph], seed, unit)
        assert made.shape == photograph.shape


@pytest.mark.parametrize("adds", ["add_shape", "add_strokes", "add_words"])
def test_everything_that_is_drawn_is_seen(adds, monkeypatch):
    """With nothing but this, on the photograph itself."""
    monkeypatch.setattr(dead_leaves, "DRAWINGS", 0)
    for other in {"add_shape", "add_strokes", "add_words"} - {adds}:
        monkeypatch.setattr(dead_leaves.Collage, other, lambda _: None)
    photograph = hills(400, 600, 0)
    changed = [(collage([photograph], seed, 1) != photograph).any(axis=2).mean() for seed in range(20)]
    assert 0.01 < np.mean(changed) < 0.9


@pytest.mark.parametrize("drawn", ["stripes", "hair"])
def test_shapes_are_filled_with_stripes_and_with_hair(drawn, monkeypatch):
    plain = [collage([hills(300, 400, 0)], seed, 1) for seed in range(12)]
    monkeypatch.setattr(patterns, drawn, lambda *arguments: np.zeros((arguments[-1], arguments[-1], 1)))
    without = [collage([hills(300, 400, 0)], seed, 1) for seed in range(12)]
    assert any((one != other).any() for one, other in zip(plain, without, strict=True))


def test_a_bare_drawing_has_few_colours_and_the_photographs_edges(monkeypatch):
    monkeypatch.setattr(dead_leaves, "DRAWINGS", 1)
    monkeypatch.setattr(dead_leaves, "BARE", 1)
    photograph = np.full((60, 80, 3), 40, np.uint8)
    photograph[:, 40:] = 200
    for seed in range(10):
        drawing = collage([photograph], seed, 2)
        assert len(np.unique(drawing.reshape(-1, 3), axis=0)) in (2, 3)  # either side, and maybe a dark line
        assert len(np.unique(drawing[:, :30].reshape(-1, 3), axis=0)) == 1
        assert (drawing[:, :30].mean(axis=(0, 1)) < drawing[:, 50:].mean(axis=(0, 1))).all()
        detailed = collage([hills(60, 80, seed)], seed, 2)
        assert max(len(np.unique(detailed[..., channel])) for channel in range(3)) <= 7  # 6 levels, and black


@pytest.mark.parametrize("unit", [1, 4])
def test_collages_have_hard_edges_and_flat_areas_where_photographs_have_none(unit):
    photographs = [hills(300, 400, seed) for seed in range(3)]

    def steps(picture):
        return np.abs(np.diff(picture.astype(int), axis=1)).max(axis=2)

    assert (steps(photographs[0]) > 60).mean() == 0
    pictures = [collage(photographs, seed, unit) for seed in range(6)]
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
    source = open_folder(folder, 12)
    before, contents = made(source), {entry.content for entry in collages(source)}
    training = next(entry.name for entry in source.entries if entry.split == "train" and entry not in collages(source))
    Image.fromarray(hills(160, 240, 99)).save(folder / training)
    source = open_folder(folder, 12)
    assert {entry.content for entry in collages(source)} != contents
    changed = [was.shape != now.shape or (was != now).any() for was, now in zip(before, made(source), strict=True)]
    assert any(changed)


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_collages_have_any_scale_and_any_kind_of_photographs(tmp_path, scale):
    Image.fromarray(hills(200, 300, 0)).convert("L").save(tmp_path / "grey.png")
    Image.fromarray(hills(200, 300, 1)[..., 0].astype(np.uint16) * 256).save(tmp_path / "sixteen.png")
    Image.fromarray(hills(200, 300, 2)).save(tmp_path / "colour.jpg")
    source = open_folder(tmp_path, 4, scale=scale, crop=48)
    for job in source.jobs(collages(source)):
        pair = job()
        assert pair.hr.shape[:2] == tuple(scale * side for side in pair.lr.shape[:2])


def test_records_with_collages_are_the_same_whenever_they_are_written(folder, tmp_path):
    first, second = (write_dataset(open_folder(folder, 4), str(tmp_path / name)) for name in ("first", "second"))
    assert first == second
    assert first.pictures["train"] == 4 + sum(entry.split == "train" for entry in open_folder(folder, 0).entries)
    tests = [pair.name for pair in read_pictures(str(tmp_path / "first"), first)]
    assert tests
    assert not any(name.startswith("collage") for name in tests)
