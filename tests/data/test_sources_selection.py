"""pyimagesearch.data.sources: which pictures of a folder are used, which are held out, and what is said of it."""

import pytest
from helpers.source_entries import read, splits
from PIL import Image

from pyimagesearch.data.sources import make_source
from pyimagesearch.data.sources.base import held_out
from pyimagesearch.errors import InputError


@pytest.fixture
def folder(tmp_path, noise):
    """folder({"a.png": (height, width), ...}) is a folder of noise pictures."""

    def make(sizes):
        for seed, (name, size) in enumerate(sizes.items()):
            path = tmp_path / "hr" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(*size, seed)).save(path)
        return tmp_path / "hr"

    return make


def numbered(count, size):
    return {f"{number}.png": size for number in range(count)}


def test_three_of_ten_pictures_or_more_are_held_out_and_it_is_said(folder, caplog):
    assert [len(held_out(numbered(count, None), 0.05)) for count in (2, 9, 10, 12)] == [1, 1, 3, 3]
    source = make_source("folder", images=folder(numbered(12, (32, 32))), crop=32)
    assert sorted(splits(source).values()) == ["test"] * 3 + ["train"] * 9
    assert "Test split: 3 of 12 pictures; srgan tfrecords --validation PART holds out more" in caplog.messages


def test_pictures_that_are_too_small_to_be_scored_are_not_held_out(folder):
    """Scores at x8 need 40 pixels a side; the trainer would refuse such a test picture."""
    source = make_source("folder", images=folder({**numbered(6, (32, 32)), "large.png": (40, 48)}), scale=8, crop=32)
    assert [name for name, split in splits(source).items() if split == "test"] == ["large.png"]


def test_a_folder_of_pictures_that_are_too_small_to_be_scored_is_refused(folder):
    with pytest.raises(InputError, match=r"need 40 pixels a side at scale 8; .*lower `scale`"):
        make_source("folder", images=folder(numbered(3, (32, 32))), scale=8, crop=32)


def test_a_held_out_picture_is_left_out_at_sizes_that_are_too_small_to_be_scored(folder):
    source = make_source("folder", images=folder(numbered(3, (64, 64))), scale=8, crop=32, shrink=(1, 2))
    assert [*splits(source).values()].count("test") == 1
    (name,) = held_out(numbered(3, None), 0.05)
    assert source.skipped == [f"{name} at 1/2: too small for the test split (40 pixels a side)"]


@pytest.mark.parametrize("skip_bad", [True, False])
def test_pictures_that_are_all_smaller_than_the_crop_are_answered_with_the_crop_that_they_hold(folder, skip_bad):
    path = folder({**numbered(3, (64, 64)), "smallest.png": (50, 64)})
    with pytest.raises(InputError, match=r"; `crop` 48 takes the 4 picture\(s\) that are too small"):
        make_source("folder", images=path, skip_bad=skip_bad)


def test_bad_pictures_are_named(folder):
    path = folder({**numbered(2, (96, 96)), "b.png": (9, 9), "c.png": (9, 9), "d.png": (9, 9)})
    with pytest.raises(InputError, match=r"b\.png: 9x9 .*\(and 2 more such pictures: c\.png, d\.png\)"):
        make_source("folder", images=path)


def test_folders_inside_are_taken_if_asked_under_names_that_say_where(folder):
    path = folder({"a.png": (64, 64), "u/a.png": (64, 64), "v/a.png": (64, 64)})
    source = make_source("folder", images=path, crop=32, recursive=True)
    assert sorted(splits(source)) == ["a.png", "u/a.png", "v/a.png"]
    assert len({pair.hr.tobytes() for pair in read(source, source.entries)}) == 3


def test_what_of_a_folder_is_no_picture_is_said(folder, caplog):
    path = folder({"a.png": (64, 64), "b.png": (64, 64), "u/a.png": (64, 64)})
    (path / "notes.txt").write_text("x")
    make_source("folder", images=path, crop=32)
    assert f"{path}: left out files that hold no picture that can be read: notes.txt" in caplog.messages
    assert f"{path}: left out folders that are not entered: u/; --recursive enters them" in caplog.messages
