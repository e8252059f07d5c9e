"""pyimagesearch.data.sources: which pictures are held out, the sample, and DIV2K."""

import hashlib
import re
import zipfile

import cv2
import numpy as np
import pytest
import requests
import tensorflow as tf
import tensorflow_datasets as tfds
from helpers.source_entries import read, splits

from pyimagesearch.data.dataset.records import parse, read_pictures
from pyimagesearch.data.dataset.writer import write_dataset
from pyimagesearch.data.sources import div2k as div2k_source
from pyimagesearch.data.sources.base import held_out
from pyimagesearch.data.sources.div2k import DIV2K_CONFIGS, Div2kSource, check_reachable
from pyimagesearch.data.sources.sample import SampleSource
from pyimagesearch.errors import InputError
from pyimagesearch.images import resize

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
        np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, 4))


def test_a_crop_that_the_sample_cannot_hold_is_refused():
    with pytest.raises(InputError, match=r"`crop` 304: larger than the sample's picture chelsea \(448x300\)"):
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
            contents[f"DIV2K_{split}_LR_bicubic"][f"X4/{number:04d}x4.png"] = resize.downscale(picture, 4)
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
        patch.setattr(div2k_source, "check_reachable", lambda _: None)
        patch.setattr(
            div2k_source, "download_options", lambda: {"download_config": config, "download_dir": home / "cache"}
        )
        yield Div2kSource("bicubic_x4", scale=4, crop=32), hr


def test_div2ks_validation_pictures_are_the_test_split(div2k):
    source, _ = div2k
    assert [entry.split for entry in source.entries] == ["train"] * 5 + ["test"] * 2
    assert source.kernel == "bicubic"


@pytest.mark.parametrize(("split", "theirs"), [("train", "train"), ("test", "valid")])
def test_div2ks_pairs_are_aligned_and_complete(div2k, split, theirs):
    source, hr = div2k
    pairs = read(source, [entry for entry in source.entries if entry.split == split])
    for pair in pairs:
        np.testing.assert_array_equal(pair.lr, resize.downscale(pair.hr, 4))
    assert {pair.hr.tobytes() for pair in pairs} == {picture.tobytes() for picture in hr[theirs]}


def test_a_run_of_div2ks_entries_gives_the_same_pairs_as_the_whole(div2k):
    """Every shard reads its own run of entries."""
    source, _ = div2k
    whole = read(source, source.entries[:5])
    parts = [*read(source, source.entries[:2]), *read(source, source.entries[2:5])]
    assert [pair.name for pair in parts] == [pair.name for pair in whole]
    for one, other in zip(parts, whole, strict=True):
        np.testing.assert_array_equal(one.hr, other.hr)


def test_a_failing_download_is_one_line_that_says_what_to_do_at_once(tmp_path, monkeypatch, caplog):
    asked = []

    def refuse(*arguments, **_):
        asked.append(arguments)
        raise requests.ConnectionError("no route\nto host")

    monkeypatch.setattr(tfds.core.constants, "DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(requests.Session, "request", refuse)
    monkeypatch.setattr(div2k_source, "check_reachable", check_reachable)  # which the fixture may have replaced
    with pytest.raises(
        InputError, match=r"could not prepare div2k/bicubic_x4 \(.*no route to host.*`source` folder"
    ) as error:
        Div2kSource("bicubic_x4", scale=4, crop=32)
    assert "\n" not in str(error.value)
    assert len(asked) == 1  # TFDS would ask 11 times, in three minutes
    assert re.search(r"Preparing div2k/bicubic_x4 in .*: \d+\.\d [kG]B to download", caplog.text)


def test_a_config_of_another_scale_is_refused():
    with pytest.raises(InputError, match=r"bicubic_x2 disagrees with `scale` 4; give `scale` 2"):
        Div2kSource("bicubic_x2", scale=4, crop=32)


def test_an_unknown_config_is_refused_with_the_valid_ones():
    with pytest.raises(InputError, match=r"unknown bicubic_x5; valid: .*bicubic_x4.*realistic_wild_x4"):
        Div2kSource("bicubic_x5", scale=4, crop=32)


def test_the_valid_configs_are_those_of_tfds():
    assert set(DIV2K_CONFIGS) == set(tfds.builder_cls("div2k").builder_configs)


def test_div2k_is_written_and_read_back_although_its_sizes_are_guesses(div2k, tmp_path):
    source, hr = div2k
    manifest = write_dataset(source, str(tmp_path))
    assert manifest.pictures == {"train": 5, "test": 2}
    stored = {pair.hr.tobytes() for pair in read_pictures(str(tmp_path), manifest)}
    assert stored == {picture.tobytes() for picture in hr["valid"]}


@pytest.mark.parametrize("scale", [2, 3])
def test_the_writer_asks_the_source_for_scale_and_crop(tmp_path, scale):
    """Scale and crop are stated once, so that LR and HR tiles show the same area."""
    manifest = write_dataset(SampleSource(scale=scale, crop=48), str(tmp_path))
    assert (manifest.scale, manifest.crop) == (scale, 48)
    with pytest.raises(TypeError):
        write_dataset(SampleSource(scale=scale, crop=48), str(tmp_path / "other"), scale=4, crop=48)
    for path in tmp_path.glob("t*/*.tfrec"):
        _, lr, hr = parse(next(iter(tf.data.TFRecordDataset(str(path)))), scale)
        assert hr.shape[0] == lr.shape[0] * scale
        np.testing.assert_allclose(np.mean(lr, axis=(0, 1)), np.mean(hr, axis=(0, 1)), atol=1.5)
