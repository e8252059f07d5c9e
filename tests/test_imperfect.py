"""pyimagesearch.data.imperfect: training pictures that are softened and compressed as people's pictures are."""

import numpy as np
import pytest
from PIL import Image

from pyimagesearch import images
from pyimagesearch.data.imperfect import ImperfectSource, make_imperfect
from pyimagesearch.data.sources import FolderSource
from pyimagesearch.data.writer import write_dataset


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
    return ImperfectSource(source, part, 4) if part is not None else source


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
        np.testing.assert_array_equal(pair.lr, images.downscale(pair.hr, 4))


def test_pictures_are_softened_or_compressed_or_both():
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


def test_colours_lose_resolution_to_jpeg_and_brightness_does_not(monkeypatch):
    monkeypatch.setattr("pyimagesearch.data.imperfect.BLUR", (0.01, 0.011))
    red_and_blue = np.zeros((32, 32, 3), np.uint8)
    red_and_blue[:, ::2, 0], red_and_blue[:, 1::2, 2] = 200, 200
    kept = [
        np.abs(np.diff(make_imperfect(red_and_blue, np.random.default_rng(seed))[..., 0].astype(int), axis=1)).mean()
        for seed in range(12)
    ]
    assert min(kept) < 100 < 190 < max(kept)  # compressed, and not


def test_records_are_the_same_whenever_they_are_written_and_others_for_another_part(folder, tmp_path):
    first, second, other = (
        write_dataset(open_folder(folder, part), str(tmp_path / name), scale=4, crop=32, say=lambda _: None)
        for name, part in (("first", 0.5), ("second", 0.5), ("other", 0.9))
    )
    assert first == second
    assert first.contents != other.contents
    assert first.pictures == other.pictures
