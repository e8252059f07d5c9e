"""pyimagesearch.data.sources: which pictures there are, which are held out, and that LR and HR belong together."""

import hashlib
import itertools
import zipfile

import cv2
import numpy as np
import pytest
import requests
import tensorflow_datasets as tfds
from PIL import Image

from pyimagesearch import images
from pyimagesearch.data import sources
from pyimagesearch.data.records import read_pictures
from pyimagesearch.data.sources import Div2kSource, FolderSource, SampleSource, held_out
from pyimagesearch.data.writer import write_dataset
from pyimagesearch.errors import UserError


def read(source, entries):
    """The pairs of `entries`."""
    return [job() for job in source.jobs(entries)]


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


def splits(source):
    return {entry.name: entry.split for entry in source.entries}


# The test split


def test_the_held_out_pictures_never_change():
    """Written down once: whoever changes the choice moves test pictures of existing datasets into training."""
    names = [f"{number:04d}.png" for number in range(1, 31)]
    assert held_out(names, 0.1) == {"0015.png", "0019.png", "0021.png", "0027.png", "0030.png"}


def test_the_held_out_pictures_depend_on_names_not_on_their_order():
    names = [f"photo {number}.jpg" for number in range(50)]
    assert held_out(names[::-1], 0.2) == held_out(names, 0.2)


def test_about_the_asked_part_is_held_out():
    names = [f"{number}.jpg" for number in range(2000)]
    assert len(held_out(names, 0.05)) == pytest.approx(100, abs=30)


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.5, 0.999])
@pytest.mark.parametrize("count", [2, 3, 10])
def test_at_least_one_picture_is_held_out_and_never_all(count, fraction):
    assert 1 <= len(held_out([f"{number}.png" for number in range(count)], fraction)) < count


def test_adding_pictures_moves_no_other():
    old = [f"old {number}.png" for number in range(60)]
    new = [f"new {number}.png" for number in range(60)]
    assert held_out(old + new, 0.2) & set(old) == held_out(old, 0.2)


# Folders


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
            whole = images.read(tmp_path / entry.name)
            assert pair.name == entry.name
            np.testing.assert_array_equal(pair.hr, whole[: entry.height, : entry.width])
            np.testing.assert_array_equal(pair.lr, images.downscale(pair.hr, 4))
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
    with pytest.raises(UserError, match="nowhere: no such folder"):
        open_folder(tmp_path / "nowhere")
    with pytest.raises(UserError, match=f"{tmp_path}: holds no picture"):
        open_folder(tmp_path)


def test_one_picture_is_too_few(folder):
    with pytest.raises(UserError, match=r"holds 1 usable picture\(s\); at least 2"):
        open_folder(folder("hr", {"a.png": (32, 32)}))


def test_corrupt_pictures_are_named_and_counted(folder):
    path = folder("hr", {"a.png": (32, 32), "b.png": (32, 32)})
    (path / "bad1.png").write_bytes(b"x")
    (path / "bad2.png").write_bytes((path / "a.png").read_bytes()[:200])
    with pytest.raises(UserError, match=r"bad1\.png: .*1 more.*--skip-bad"):
        open_folder(path)


def test_a_picture_smaller_than_the_crop_is_named_with_its_size(folder):
    # 35 pixels hold only 32 that divide by the scale.
    with pytest.raises(UserError, match=r"small\.png: 50x35 pixels are fewer than the crop of 36"):
        open_folder(folder("hr", {"a.png": (40, 40), "b.png": (40, 40), "small.png": (35, 50)}), crop=36)


def test_a_shrunken_picture_is_cut_then_made_smaller_then_cut_to_the_scale(folder):
    path = folder("hr", {"a.png": (221, 301), "b.png": (200, 200)})
    source = open_folder(path, shrink=[1, 3])
    sizes = {entry.name: (entry.height, entry.width) for entry in source.entries}
    assert sizes == {"a.png": (220, 300), "b.png": (200, 200), "a.png at 1/3": (72, 100), "b.png at 1/3": (64, 64)}
    [pair] = [pair for pair in read(source, source.entries) if pair.name == "a.png at 1/3"]
    smaller = images.downscale(images.read(path / "a.png")[:219, :300], 3)
    np.testing.assert_array_equal(pair.hr, smaller[:72, :100])
    np.testing.assert_array_equal(pair.lr, images.downscale(smaller[:72, :100], 4))


def test_a_picture_is_in_the_test_split_at_all_sizes_or_at_none(folder):
    path = folder("hr", {f"{number}.png": (80, 80) for number in range(12)})
    split = splits(open_folder(path, shrink=[1, 2], validation=0.4))
    assert len(split) == 24
    assert set(split.values()) == {"train", "test"}
    assert all(split[f"{number}.png"] == split[f"{number}.png at 1/2"] for number in range(12))


def test_a_picture_that_is_too_small_once_shrunken_is_named_with_its_size(folder):
    path = folder("hr", {"a.png": (200, 200), "small.png": (60, 90)})
    with pytest.raises(UserError, match=r"small\.png: 1/2 of 90x60 pixels are fewer than the crop of 32"):
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
    with pytest.raises(UserError, match="at least 2"):
        open_folder(path, skip_bad=True)


# Folders of LR pictures


def lr_folder(tmp_path, noise, names):
    """HR pictures 0001.png and 0002.png, and LR noise that no downscale would give."""
    for name in ("hr", "lr"):
        (tmp_path / name).mkdir()
    for seed, (hr, lr) in enumerate(names.items()):
        Image.fromarray(noise(40, 48, seed)).save(tmp_path / "hr" / hr)
        Image.fromarray(noise(10, 12, seed + 100)).save(tmp_path / "lr" / lr)
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
        seed = list(names).index(entry.name)
        np.testing.assert_array_equal(pair.hr, images.read(tmp_path / "hr" / entry.name))
        np.testing.assert_array_equal(pair.lr, noise(10, 12, seed + 100))


def test_a_missing_lr_picture_is_named(tmp_path, noise):
    folders = lr_folder(tmp_path, noise, {"0001.png": "0001.png", "0002.png": "0002x2.png"})
    with pytest.raises(UserError, match=r"lr: no LR picture for 0002\.png \(looked for 0002 and 0002x4\)"):
        open_folder(**folders)


def test_an_lr_picture_of_another_size_is_named(tmp_path, noise):
    folders = lr_folder(tmp_path, noise, {"0001.png": "0001.png", "0002.png": "0002.png"})
    Image.fromarray(noise(20, 24)).save(folders["lr_folder"] / "0002.png")
    with pytest.raises(UserError, match=r"lr/0002\.png: 24x20 pixels are not 1/4 of 0002\.png's 48x40"):
        open_folder(**folders)


def test_lr_sizes_may_be_rounded_either_way(tmp_path, noise):
    """41 HR pixels are 10 LR pixels to one program and 11 to another; what both share is kept."""
    for rows in (10, 11):
        Image.fromarray(noise(41, 48)).save(tmp_path / "hr.png")
        Image.fromarray(noise(rows, 12, seed=1)).save(tmp_path / "lr.png")
        pair = sources.read_pair(tmp_path / "hr.png", tmp_path / "lr.png", 4)
        np.testing.assert_array_equal(pair.hr, noise(41, 48)[:40])
        np.testing.assert_array_equal(pair.lr, noise(rows, 12, seed=1)[:10])


# The sample


@pytest.fixture(scope="module")
def sample():
    return SampleSource(scale=4, crop=96)


def test_the_sample_holds_astronaut_and_chelsea_out(sample):
    test = [name for name, split in splits(sample).items() if split == "test"]
    assert sorted(test) == ["astronaut", "chelsea"]
    assert len(sample.entries) == 8


def test_the_samples_pictures_are_photographs_in_colour(sample):
    for entry in sample.entries:
        (pair,) = read(sample, [entry])
        assert pair.hr.dtype == np.uint8
        assert pair.hr.shape == (entry.height, entry.width, 3)
        assert np.ptp(pair.hr.astype(int), axis=2).mean() > 5  # grey would have 0
        np.testing.assert_array_equal(pair.lr, images.downscale(pair.hr, 4))


def test_a_crop_that_the_sample_cannot_hold_is_refused():
    with pytest.raises(UserError, match=r"--crop 304: larger than the sample's picture chelsea \(448x300\)"):
        SampleSource(scale=4, crop=304)


# DIV2K: the real builder of TensorFlow Datasets, over zips that are laid out as the official ones


@pytest.fixture(scope="module")
def div2k(tmp_path_factory):
    """The source over 5 training and 2 validation pictures, and the HR pictures of each split."""
    home = tmp_path_factory.mktemp("div2k")
    manual = home / "manual"
    manual.mkdir()
    builder = tfds.builder_cls("div2k")
    rng = np.random.default_rng(0)
    hr = {
        "train": [rng.integers(0, 256, (40 + 4 * number, 48, 3), dtype=np.uint8) for number in range(5)],
        "valid": [rng.integers(0, 256, (40, 52 + 4 * number, 3), dtype=np.uint8) for number in range(2)],
    }
    infos = {}
    for split, first in (("train", 1), ("valid", 801)):
        contents = {f"DIV2K_{split}_HR": {}, f"DIV2K_{split}_LR_bicubic": {}}
        for number, picture in enumerate(hr[split], start=first):
            contents[f"DIV2K_{split}_HR"][f"{number:04d}.png"] = picture
            contents[f"DIV2K_{split}_LR_bicubic"][f"X4/{number:04d}x4.png"] = images.downscale(picture, 4)
        for file, (top, pictures) in zip(
            (f"DIV2K_{split}_HR", f"DIV2K_{split}_LR_bicubic_X4"), contents.items(), strict=True
        ):
            path = manual / f"{file}.zip"
            with zipfile.ZipFile(path, "w") as archive:
                for name, picture in pictures.items():
                    archive.writestr(f"{top}/{name}", cv2.imencode(".png", picture[:, :, ::-1])[1].tobytes())
            infos[f"https://data.vision.ee.ethz.ch/cvl/DIV2K/{file}.zip"] = tfds.download.checksums.UrlInfo(
                size=path.stat().st_size, checksum=hashlib.sha256(path.read_bytes()).hexdigest(), filename=path.name
            )
    with pytest.MonkeyPatch.context() as patch:
        # What TFDS_DATA_DIR sets, which is read when TFDS is imported.
        patch.setattr(tfds.core.constants, "DATA_DIR", str(home / "data"))
        patch.setattr(builder, "url_infos", infos)
        config = tfds.download.DownloadConfig(manual_dir=manual, try_download_gcs=False)
        patch.setattr(sources, "download_options", lambda: {"download_config": config, "download_dir": home / "cache"})
        yield Div2kSource("bicubic_x4", scale=4), hr


def test_div2ks_validation_pictures_are_the_test_split(div2k):
    source, _ = div2k
    assert [entry.split for entry in source.entries] == ["train"] * 5 + ["test"] * 2
    assert source.kernel == "bicubic"


@pytest.mark.parametrize(("split", "theirs"), [("train", "train"), ("test", "valid")])
def test_div2ks_pairs_are_aligned_and_complete(div2k, split, theirs):
    source, hr = div2k
    pairs = read(source, [entry for entry in source.entries if entry.split == split])
    for pair in pairs:
        np.testing.assert_array_equal(pair.lr, images.downscale(pair.hr, 4))
    assert {pair.hr.tobytes() for pair in pairs} == {picture.tobytes() for picture in hr[theirs]}


def test_a_run_of_div2ks_entries_gives_the_same_pairs_as_the_whole(div2k):
    """Every shard reads its own run of entries."""
    source, _ = div2k
    whole = read(source, source.entries[:5])
    parts = [*read(source, source.entries[:2]), *read(source, source.entries[2:5])]
    assert [pair.name for pair in parts] == [pair.name for pair in whole]
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(one.hr, other.hr)


def test_a_failing_download_is_one_line_that_says_what_to_do(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise requests.ConnectionError("no route\nto host")

    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(requests.Session, "request", refuse)
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    monkeypatch.setattr(sources, "download_options", lambda: {"download_config": config, "download_dir": tmp_path})
    with pytest.raises(
        UserError, match=r"could not prepare div2k/bicubic_x4 \(.*no route to host.*--source folder"
    ) as error:
        Div2kSource("bicubic_x4", scale=4)
    assert "\n" not in str(error.value)


def test_a_config_of_another_scale_is_refused():
    with pytest.raises(UserError, match=r"bicubic_x2 disagrees with --scale 4; give --scale 2"):
        Div2kSource("bicubic_x2", scale=4)


def test_an_unknown_config_is_refused_with_the_valid_ones():
    with pytest.raises(UserError, match=r"unknown bicubic_x5; valid: .*bicubic_x4.*realistic_wild_x4"):
        Div2kSource("bicubic_x5", scale=4)


def test_the_valid_configs_are_those_of_tfds():
    assert set(sources.DIV2K_CONFIGS) == set(tfds.builder_cls("div2k").builder_configs)


def test_div2k_is_written_and_read_back_although_its_sizes_are_guesses(div2k, tmp_path):
    source, hr = div2k
    manifest = write_dataset(source, str(tmp_path), scale=4, crop=32)
    assert manifest.pictures == {"train": 5, "test": 2}
    stored = {pair.hr.tobytes() for pair in read_pictures(str(tmp_path), manifest)}
    assert stored == {picture.tobytes() for picture in hr["valid"]}


def test_an_edited_picture_of_the_same_name_and_size_is_another_entry(tmp_path, noise):
    def entries():
        return FolderSource(tmp_path, scale=4, crop=32, validation=0.05).entries

    for name in ("a.png", "b.png"):
        Image.fromarray(noise(32, 32)).save(tmp_path / name)
    before = entries()
    assert entries() == before
    Image.fromarray(noise(32, 32, 9)).save(tmp_path / "b.png")
    assert entries() != before
