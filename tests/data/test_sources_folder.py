"""pyimagesearch.data.sources: folders give pictures of any kind, LR and HR that belong together; bad ones are named."""

import itertools

import cv2
import numpy as np
import pytest
from helpers.source_entries import read, splits
from PIL import Image

from pyimagesearch.data.pairs import read_pair
from pyimagesearch.data.sources import make_source
from pyimagesearch.data.sources.base import held_out
from pyimagesearch.data.sources.folder import FolderSource
from pyimagesearch.errors import InputError
from pyimagesearch.images import picture_io, resize


@pytest.fixture
def folder(tmp_path, noise):
    """folder(name, {"a.png": (height, width), ...}) is a folder of noise pictures."""

    def make(name, sizes):
        path = tmp_path / name
        path.mkdir()
        for seed, (file, (height, width)) in enumerate(sizes.items()):
            Image.fromarray(noise(height, width, seed)).save(path / file)
        return path

    return make


def open_folder(path, **options):
    return FolderSource(path, **{"scale": 4, "crop": 32, "validation": 0.05, **options})


def test_a_folder_may_mix_formats_kinds_and_sizes(tmp_path, noise):
    Image.fromarray(noise(40, 53)).save(tmp_path / "a.png")
    Image.fromarray(noise(64, 48, 1)).save(tmp_path / "b.JPG")
    Image.fromarray(noise(35, 36, 2)).convert("L").save(tmp_path / "c.tif")
    Image.fromarray(noise(36, 36, 3)).convert("CMYK").save(tmp_path / "d.jpeg")
    Image.fromarray(noise(36, 40, 4)).convert("RGBA").save(tmp_path / "e.webp")
    cv2.imwrite(str(tmp_path / "f.png"), noise(44, 32, 5).astype(np.uint16) * 257)
    Image.fromarray(noise(32, 32, 6)).convert("P").save(tmp_path / "g.gif")
    (tmp_path / "readme.txt").write_text("no picture")
    source = open_folder(tmp_path, validation=0.3)
    # Sides are cut to multiples of the scale.
    expected = {
        "a.png": (40, 52), "b.JPG": (64, 48), "c.tif": (32, 36), "d.jpeg": (36, 36), "e.webp": (36, 40),
        "f.png": (44, 32), "g.gif": (32, 32),
    }  # fmt: skip
    assert {entry.name: (entry.height, entry.width) for entry in source.entries} == expected
    for split in ("train", "test"):
        entries = [entry for entry in source.entries if entry.split == split]
        assert entries
        for entry, pair in zip(entries, read(source, entries), strict=True):
            whole = picture_io.read_rgb(tmp_path / entry.name)
            assert pair.name == entry.name
            np.testing.assert_array_equal(pair.hr, whole[: entry.height, : entry.width])
            np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, 4))
    assert source.kernel == "bicubic"
    assert source.skipped == []


def test_neighbours_by_name_are_mixed_in_the_order_of_entries(folder):
    """A shard then holds pictures of the whole folder, which are often sorted by subject."""
    names = [f"{number:02d}.png" for number in range(30)]
    order = [entry.name for entry in open_folder(folder("hr", dict.fromkeys(names, (32, 32)))).entries]
    assert sorted(order) == names
    assert sum(abs(int(a[:2]) - int(b[:2])) == 1 for a, b in itertools.pairwise(order)) < 10


def test_the_split_of_a_folder_is_that_of_its_names(folder):
    names = [f"{number:02d}.png" for number in range(12)]
    source = open_folder(folder("hr", dict.fromkeys(names, (32, 32))), validation=0.3)
    assert {name for name, split in splits(source).items() if split == "test"} == held_out(names, 0.3)


def test_a_missing_or_empty_folder_is_named(tmp_path):
    with pytest.raises(InputError, match="nowhere: no such folder"):
        open_folder(tmp_path / "nowhere")
    with pytest.raises(InputError, match=f"{tmp_path}: holds no picture"):
        open_folder(tmp_path)


def test_one_picture_is_too_few(folder):
    with pytest.raises(InputError, match=r"holds 1 usable picture\(s\); at least 2"):
        open_folder(folder("hr", {"a.png": (32, 32)}))


def test_corrupt_pictures_are_named_and_counted(folder):
    path = folder("hr", {"a.png": (32, 32), "b.png": (32, 32)})
    (path / "bad1.png").write_bytes(b"x")
    (path / "bad2.png").write_bytes((path / "a.png").read_bytes()[:200])
    with pytest.raises(InputError, match=r"bad1\.png: .*1 more.*`skip_bad`"):
        open_folder(path)


def test_a_picture_smaller_than_the_crop_is_named_with_its_size(folder):
    # 35 pixels hold only 32 that divide by the scale.
    with pytest.raises(InputError, match=r"small\.png: 50x35 pixels are fewer than the crop of 36"):
        open_folder(folder("hr", {"a.png": (40, 40), "b.png": (40, 40), "small.png": (35, 50)}), crop=36)


def test_a_shrunken_picture_is_cut_then_made_smaller_then_cut_to_the_scale(folder):
    path = folder("hr", {"a.png": (221, 301), "b.png": (200, 200)})
    source = open_folder(path, shrink=[1, 3])
    sizes = {entry.name: (entry.height, entry.width) for entry in source.entries}
    assert sizes == {"a.png": (220, 300), "b.png": (200, 200), "a.png at 1/3": (72, 100), "b.png at 1/3": (64, 64)}
    [pair] = [pair for pair in read(source, source.entries) if pair.name == "a.png at 1/3"]
    smaller = resize.downscale(picture_io.read_rgb(path / "a.png")[:219, :300], 3)
    np.testing.assert_array_equal(pair.hr, smaller[:72, :100])
    np.testing.assert_array_equal(pair.lr, resize.downscale(smaller[:72, :100], 4))


def test_a_picture_is_in_the_test_split_at_all_sizes_or_at_none(folder):
    path = folder("hr", {f"{number}.png": (80, 80) for number in range(12)})
    split = splits(open_folder(path, shrink=[1, 2], validation=0.4))
    assert len(split) == 24
    assert set(split.values()) == {"train", "test"}
    assert all(split[f"{number}.png"] == split[f"{number}.png at 1/2"] for number in range(12))


def test_a_picture_that_is_too_small_once_shrunken_is_named_with_its_size(folder):
    path = folder("hr", {"a.png": (200, 200), "small.png": (60, 90)})
    with pytest.raises(InputError, match=r"small\.png: 1/2 of 90x60 pixels are fewer than the crop of 32"):
        open_folder(path, shrink=[2])


def test_skip_bad_leaves_bad_pictures_out_and_says_which(folder):
    path = folder("hr", {"a.png": (32, 32), "b.png": (40, 32), "small.png": (31, 40)})
    (path / "bad.png").write_bytes(b"x")
    source = open_folder(path, skip_bad=True)
    assert sorted(splits(source)) == ["a.png", "b.png"]
    bad, small = source.skipped
    assert "bad.png: " in bad
    assert "small.png: 40x31 pixels" in small


def test_skip_bad_needs_two_good_pictures_all_the_same(folder):
    path = folder("hr", {"a.png": (32, 32)})
    (path / "bad.png").write_bytes(b"x")
    with pytest.raises(InputError, match="at least 2"):
        open_folder(path, skip_bad=True)


def test_an_edited_picture_of_the_same_name_and_size_is_another_entry(tmp_path, noise):
    def entries():
        return FolderSource(tmp_path, scale=4, crop=32, validation=0.05).entries

    for name in ("a.png", "b.png"):
        Image.fromarray(noise(32, 32)).save(tmp_path / name)
    before = entries()
    assert entries() == before
    Image.fromarray(noise(32, 32, 9)).save(tmp_path / "b.png")
    assert entries() != before


# Folders of LR pictures


def lr_folder(tmp_path, noise, names):
    """HR pictures 0001.png and 0002.png, and LR pictures that are not quite what the source would make."""
    for name in ("hr", "lr"):
        (tmp_path / name).mkdir()
    for seed, (hr, lr) in enumerate(names.items()):
        Image.fromarray(noise(40, 48, seed)).save(tmp_path / "hr" / hr)
        Image.fromarray(resize.downscale(noise(40, 48, seed), 4) ^ 1).save(tmp_path / "lr" / lr)
    return {"path": tmp_path / "hr", "lr_folder": tmp_path / "lr"}


@pytest.mark.parametrize(
    "names",
    [
        {"0001.png": "0001.png", "0002.png": "0002.png"},
        {"0001.png": "0001x4.png", "0002.png": "0002x4.png"},
        {"0001.jpg": "0001.png", "0002.bmp": "0002x4.tif"},
    ],
    ids=["same names", "DIV2K's names", "other formats"],
)
def test_given_lr_pictures_are_matched_by_name_and_used_as_they_are(tmp_path, noise, names):
    source = open_folder(**lr_folder(tmp_path, noise, names))
    assert source.kernel == "given"
    for entry in source.entries:
        (pair,) = read(source, [entry])
        np.testing.assert_array_equal(pair.hr, picture_io.read_rgb(tmp_path / "hr" / entry.name))
        lr = picture_io.read_rgb(tmp_path / "lr" / names[entry.name])
        np.testing.assert_array_equal(pair.lr, lr)


def test_a_missing_lr_picture_is_named(tmp_path, noise):
    folders = lr_folder(tmp_path, noise, {"0001.png": "0001.png", "0002.png": "0002x2.png"})
    with pytest.raises(InputError, match=r"lr: no LR picture for 0002\.png \(looked for 0002, 0002x4, "):
        open_folder(**folders)


def test_an_lr_picture_of_another_size_is_named(tmp_path, noise):
    folders = lr_folder(tmp_path, noise, {"0001.png": "0001.png", "0002.png": "0002.png"})
    Image.fromarray(noise(20, 24)).save(folders["lr_folder"] / "0002.png")
    with pytest.raises(InputError, match=r"lr/0002\.png: 24x20 pixels are not 1/4 of 0002\.png's 48x40"):
        open_folder(**folders)


def test_lr_sizes_may_be_rounded_either_way(tmp_path, noise):
    """41 HR pixels are 10 LR pixels to one program and 11 to another; what both share is kept."""
    for rows in (10, 11):
        Image.fromarray(noise(41, 48)).save(tmp_path / "hr.png")
        lr = resize.downscale(noise(rows * 4, 48), 4)
        Image.fromarray(lr).save(tmp_path / "lr.png")
        pair = read_pair(tmp_path / "hr.png", tmp_path / "lr.png", 4)
        np.testing.assert_array_equal(pair.hr, noise(41, 48)[:40])
        np.testing.assert_array_equal(pair.lr, lr[:10])


@pytest.mark.parametrize("what", ["hr", "lr"])
def test_a_picture_that_changes_between_check_and_write_is_refused(folder, noise, tmp_path, what):
    folder("hr", {"a.png": (64, 64), "b.png": (64, 64)})
    hr, lr = tmp_path / "hr", tmp_path / "lr"
    lr.mkdir()
    for name in ("a", "b"):
        Image.open(hr / f"{name}.png").resize((16, 16), Image.Resampling.BOX).save(lr / f"{name}x4.png")
    source = open_folder(hr, lr_folder=lr)
    read(source, source.entries)
    changed = {"hr": hr / "a.png", "lr": lr / "ax4.png"}[what]
    with Image.open(changed) as picture:
        size = picture.size
    Image.fromarray(noise(*size[::-1], 99)).save(changed)
    with pytest.raises(InputError, match=r"a\.png: changed after it was checked; leave the pictures alone"):
        read(source, source.entries)


@pytest.mark.parametrize("wrapped", ["collages", "imperfect"])
def test_pictures_that_are_made_of_others_are_checked_too(folder, noise, wrapped):
    path = folder("hr", {name: (80, 80) for name in ("a.png", "b.png", "c.png")})
    options = {"collages": {"collages": 4}, "imperfect": {"imperfect": 1.0}}[wrapped]
    source = make_source("folder", images=path, scale=4, crop=32, **options)
    for name in ("a.png", "b.png", "c.png"):
        Image.fromarray(noise(80, 80, 99)).save(path / name)
    made = [entry for entry in source.entries if entry.name.startswith("collage") or wrapped == "imperfect"]
    with pytest.raises(InputError, match=r"\.png: changed after it was checked"):
        read(source, made)
