"""pyimagesearch.data.imperfect: training pictures that are softened and compressed as people's pictures are."""

from collections import Counter

import cv2
import numpy as np
import pytest
from PIL import Image

from pyimagesearch.data.dataset.writer import repair_dataset, write_dataset
from pyimagesearch.data.sources import collages, imperfect
from pyimagesearch.data.sources.collages import CollageSource
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.data.sources.imperfect import ImperfectSource, make_imperfect
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize


def noise(height, width, seed):
    """A uint8 RGB picture of one grey, with weak noise."""
    return np.random.default_rng(seed).normal(120, 4, (height, width, 3)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "photos"
    path.mkdir()
    for number in range(40):
        Image.fromarray(noise(48, 64, number)).save(path / f"{number}.png")
    return path


def open_folder(path, part):
    source = FolderSource(path, scale=4, crop=32, validation=0.3)
    return ImperfectSource(source, part) if part is not None else source


def pairs(source):
    return {pair.name: pair for pair in (job() for job in source.jobs(source.entries))}


def of_split(source, split):
    return [entry.name for entry in source.entries if entry.split == split]


def changed(plain, made, names):
    return [name for name in names if (plain[name].hr != made[name].hr).any()]


def test_about_that_part_of_the_training_pictures_changes_and_none_of_the_test_split(folder):
    clean = open_folder(folder, None)
    plain, half, every = pairs(clean), pairs(open_folder(folder, 0.5)), pairs(open_folder(folder, 1))
    training, test = of_split(clean, "train"), of_split(clean, "test")
    assert 0.25 < len(changed(plain, half, training)) / len(training) < 0.75
    assert changed(plain, every, training) == training
    assert test
    assert changed(plain, every, test) == []
    for name in changed(plain, half, training):  # a larger part leaves those of a smaller one as they are
        np.testing.assert_array_equal(half[name].hr, every[name].hr)


def test_lr_is_made_of_the_imperfect_picture(folder):
    for pair in pairs(open_folder(folder, 1)).values():
        assert pair.hr.shape == (48, 64, 3)
        np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, 4))


def test_a_third_is_softened_a_third_compressed_and_a_third_both(monkeypatch):
    done = []
    blur, save = cv2.GaussianBlur, Image.Image.save
    monkeypatch.setattr(cv2, "GaussianBlur", lambda *arguments: (done.append("soft"), blur(*arguments))[1])
    monkeypatch.setattr(Image.Image, "save", lambda *a, **given: (done.append("compressed"), save(*a, **given))[1])
    kinds = []
    for seed in range(90):
        done.clear()
        make_imperfect(noise(32, 32, 0), np.random.default_rng(seed))
        kinds.append(tuple(done))
    counts = Counter(kinds)
    assert set(counts) == {("soft",), ("compressed",), ("soft", "compressed")}
    assert min(counts.values()) > 20


def test_softness_and_the_blocks_of_jpeg_are_seen():
    hr = noise(96, 96, 0)

    def steps(picture):
        return np.abs(np.diff(picture.astype(float), axis=1))

    def blocks(picture):
        """How much larger steps are between JPEG's blocks of 8 pixels than within them."""
        step = steps(picture)
        between = np.arange(step.shape[1]) % 8 == 7
        return step[:, between].mean() / (step[:, ~between].mean() + 0.01)

    before = hr.copy()
    made = [make_imperfect(hr, np.random.default_rng(seed)) for seed in range(60)]
    np.testing.assert_array_equal(hr, before)
    assert {(picture.shape, picture.dtype) for picture in made} == {(hr.shape, hr.dtype)}
    # Blocks are seen where quality is low; where blur is weak too, or quality high, it is neither.
    compressed = [picture for picture in made if blocks(picture) > 1.3]
    soft = [picture for picture in made if blocks(picture) < 1.05 and steps(picture).mean() < 0.7 * steps(hr).mean()]
    assert len(compressed) > 12
    assert len(soft) > 5


def test_jpeg_takes_half_of_the_resolution_of_colours_and_none_of_brightness(monkeypatch):
    monkeypatch.setattr(imperfect, "BLUR", (0.01, 0.011))

    def kept(even, odd):
        """The least step that is left between columns of two colours, of what it was, over seeds."""
        stripes = np.zeros((32, 32, 3), np.uint8)
        stripes[:, ::2], stripes[:, 1::2] = even, odd
        made = [make_imperfect(stripes, np.random.default_rng(seed)).astype(int) for seed in range(12)]
        steps = [np.abs(np.diff(picture, axis=1)).mean() for picture in made]
        return min(steps) / np.abs(np.diff(stripes.astype(int), axis=1)).mean()

    assert kept((200, 0, 0), (0, 0, 200)) < 0.5
    assert kept((0, 0, 0), (200, 200, 200)) > 0.9


def test_what_jpeg_cannot_hold_is_softened_alone(monkeypatch):
    monkeypatch.setattr(imperfect, "LARGEST", 40)
    monkeypatch.setattr(Image.Image, "save", None)
    for seed in range(10):
        assert (make_imperfect(noise(24, 48, 0), np.random.default_rng(seed)) != noise(24, 48, 0)).any()


@pytest.mark.parametrize("scale", [2, 3, 8])
def test_every_scale_and_collages_have_imperfect_pictures(folder, scale):
    plain = CollageSource(FolderSource(folder, scale=scale, crop=24, validation=0.3), 6)
    before, made = pairs(plain), pairs(ImperfectSource(plain, 1))
    training = of_split(plain, "train")
    assert sum(name.startswith("collage") for name in training) == 6
    assert changed(before, made, list(before)) == [name for name in before if name in training]
    for pair in made.values():
        np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, scale))


def test_records_are_the_same_whenever_they_are_written_and_others_for_another_part(folder, tmp_path):
    first, second, other = (
        write_dataset(open_folder(folder, part), str(tmp_path / name))
        for name, part in (("first", 0.5), ("second", 0.5), ("other", 0.9))
    )
    assert first == second
    assert first.contents != other.contents
    assert first.pictures == other.pictures


def test_a_lost_shard_is_written_anew_alike_and_only_with_the_same_part(folder, tmp_path):
    made = write_dataset(open_folder(folder, 0.5), str(tmp_path / "out"))
    (tmp_path / "out" / made.of_split("train")[0].path).unlink()
    with pytest.raises(InputError):
        repair_dataset(open_folder(folder, 0.9), str(tmp_path / "out"))
    repaired = repair_dataset(open_folder(folder, 0.5), str(tmp_path / "out"))
    assert repaired == made


@pytest.mark.parametrize(("module", "version"), [(imperfect, "MADE"), (collages, "DRAWN")])
def test_records_of_another_version_of_the_drawing_are_other_records(folder, module, version, monkeypatch):
    def contents():
        source = CollageSource(FolderSource(folder, scale=4, crop=32, validation=0.3), 2)
        return {entry.content for entry in ImperfectSource(source, 1).entries if entry.name.startswith("collage")}

    before = contents()
    assert contents() == before
    monkeypatch.setattr(module, version, 99)
    assert not contents() & before
