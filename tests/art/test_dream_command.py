"""`srgan dream`: what becomes of a picture file, and what is refused before any work."""

import os
import subprocess
import sys
from urllib.error import URLError

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image

from pyimagesearch.art.backbones import BACKBONES
from pyimagesearch.cli.main import build_parser
from pyimagesearch.images import picture_io


def test_a_dream_has_the_pictures_size_and_keeps_what_its_file_holds(srgan_dream, deep_photo, tmp_path):
    code, out, err = srgan_dream(deep_photo, "-o", tmp_path / "dream.png")
    assert (code, err) == (0, [])
    assert out.startswith(f"{tmp_path}/dream.png: 48x40 (")
    before, after = (picture_io.read(path) for path in (deep_photo, tmp_path / "dream.png"))
    assert after.samples.dtype == np.uint16
    np.testing.assert_array_equal(after.samples[:, :, 3], before.samples[:, :, 3])
    change = np.abs(after.samples[20:, :, :3].astype(int) - before.samples[20:, :, :3])
    assert 1000 < change.mean() < 10_000
    assert (after.icc, after.exif, after.texts) == (before.icc, before.exif, before.texts)
    assert before.icc
    assert before.exif


def test_grey_stays_grey(srgan_dream, tmp_path, noise):
    Image.fromarray(noise(30, 40)[:, :, 0]).save(tmp_path / "grey.jpg", quality=95)
    assert srgan_dream(tmp_path / "grey.jpg", "-o", tmp_path / "dreams")[0] == 0
    dream = picture_io.read(tmp_path / "dreams" / "grey.jpg").samples
    assert dream.shape == (30, 40)
    assert np.abs(dream.astype(int) - picture_io.read(tmp_path / "grey.jpg").samples).mean() > 1


@pytest.mark.slow
def test_another_process_dreams_the_same_bits(srgan_dream, tmp_path, noise):
    Image.fromarray(noise(90, 300)).save(tmp_path / "wide.png")  # in two tiles
    tiled = ["--tile", "256", "--octaves", "0", "--seed", "7"]
    assert srgan_dream(tmp_path / "wide.png", "-o", tmp_path / "a.png", *tiled)[0] == 0
    program = "import sys; from pyimagesearch.cli.main import main; sys.exit(main(sys.argv[1:]))"
    arguments = ["dream", tmp_path / "wide.png", "-o", tmp_path / "b.png", "--backbone", "vgg19", "--weights", "random"]
    subprocess.run(
        [sys.executable, "-c", program, *arguments, "--layers", "block1_conv2", "--steps", "2", *tiled],
        check=True,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert srgan_dream(tmp_path / "wide.png", "-o", tmp_path / "c.png", *tiled[:-1], "8")[0] == 0
    dreams = [picture_io.read_rgb(tmp_path / name).astype(int) for name in ("a.png", "c.png")]
    assert 0 < np.abs(dreams[0] - dreams[1]).mean() < 0.5  # the places of the tiles are others, and hardly matter


def test_a_guide_changes_the_dream(srgan_dream, photo, tmp_path):
    Image.new("RGB", (30, 20), (250, 40, 10)).save(tmp_path / "guide.png")
    assert srgan_dream(photo, "-o", tmp_path / "free.png")[0] == 0
    assert srgan_dream(photo, "-o", tmp_path / "guided.png", "--guide", tmp_path / "guide.png")[0] == 0
    free, guided = (picture_io.read_rgb(tmp_path / name).astype(float) for name in ("free.png", "guided.png"))
    assert np.abs(free - guided).mean() > 1


@pytest.mark.parametrize(
    ("flags", "line"),
    [
        (["--steps", "0"], "--steps must be at least 1, received 0"),
        (["--step-size", "nan"], "--step-size must be 0.001 to 1, received nan"),
        (["--tile", "100"], "--tile must be 256 to 4096, received 100"),
        (["--seed", "-1"], "--seed must be at least 0, received -1"),
        (["--zoom", "0"], "--zoom must be at least 1 frame, received 0"),
        (["--octaves", "-30,0"], "octaves are one or more powers of -20 to 20, received -30,0"),
        (["--layers", "block1_conv2,mixed3"], "--layers block1_conv2,mixed3: vgg19 has no layer mixed3; valid for "
         "vgg19: block1_conv1, block1_conv2, block1_pool, "),
        (["--weights", "nowhere.h5"], "--weights: no such file nowhere.h5; give imagenet, random or the path "),
        (["--weights", "{photo}"], "--weights {photo}: not the weights of VGG19 without its top; --weights also "),
        (["--guide", "nowhere.png"], "nowhere.png: no such file"),
        (["--zoom", "3", "-o", "frames.png"], "--output frames.png: holds no frames; name a folder, or a .mp4 file"),
        (["-o", "{photo}"], "{photo}: would be replaced by a result, but is one of the pictures; name another output"),
    ],
)  # fmt: skip
def test_wrong_flags_are_refused_in_one_line(srgan_dream, photo, tmp_path, monkeypatch, flags, line):
    monkeypatch.chdir(tmp_path)
    flags = [flag.format(photo=photo) for flag in flags]
    code, _, err = srgan_dream(photo, "-o", "dreams/", *flags)
    assert code == 2
    assert len(err) == 1
    assert err[0].startswith(f"srgan: {line.format(photo=photo)}")
    assert files(tmp_path) == ["photo.png"]


def test_without_a_network_the_other_weights_are_named(srgan_dream, photo, tmp_path, monkeypatch):
    def no_network(*_):
        raise URLError("Name or service not known")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", no_network)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))  # nothing cached
    code, _, err = srgan_dream(photo, "-o", tmp_path / "dream.png", "--weights", "imagenet")
    assert code == 2
    assert err[-1].startswith("srgan: --weights imagenet: Keras could not download VGG19 (URL fetch failure")
    assert err[-1].endswith(
        "--weights also takes random (no download) or the path of an .h5 file of VGG19 without its top"
    )


def test_octaves_that_are_no_numbers_are_refused(srgan_dream, photo):
    code, _, err = srgan_dream(photo, "-o", "dream.png", "--octaves", "-2,x")
    assert code == 2
    assert "--octaves" in err[0]


@pytest.mark.parametrize("picture", ["nowhere.png", "folder"])
def test_what_is_no_picture_file_is_refused(srgan_dream, tmp_path, picture):
    (tmp_path / "folder").mkdir()
    code, _, err = srgan_dream(tmp_path / picture, "-o", tmp_path / "dream.png")
    assert code == 2
    assert err[0].startswith(f"srgan: {tmp_path / picture}: ")


def test_a_picture_or_guide_that_is_too_small_is_refused(srgan_dream, photo, tmp_path):
    deep = ("--backbone", "vgg19", "--weights", "random", "--layers", "block5_pool")
    code, _, err = srgan_dream(photo, "-o", tmp_path / "dream.png", network=deep)
    assert (code, err) == (2, [
        f"srgan: {photo}: 48x40 pixels: the network would see 28x24, but block5_pool needs 32 a side; take larger "
        "octaves, or earlier layers"
    ])  # fmt: skip
    Image.new("RGB", (600, 50)).save(tmp_path / "guide.png")
    flags = ["--octaves", "0", "--guide", tmp_path / "guide.png"]
    code, _, err = srgan_dream(photo, "-o", tmp_path / "dream.png", *flags, network=deep)
    assert (code, err) == (2, [
        "srgan: --guide of 600x50 pixels: the network would see 256x21, but block5_pool needs 32 a side; take another "
        "guide, or earlier layers"
    ])  # fmt: skip


def test_what_is_no_picture_is_said_before_the_network_is_loaded(srgan_dream, photo, tmp_path):
    (tmp_path / "text.jpg").write_text("no picture")
    network = ("--weights", tmp_path / "nowhere.h5")
    for pictures in ([tmp_path / "text.jpg"], [photo, "--guide", tmp_path / "text.jpg"]):
        code, _, err = srgan_dream(*pictures, "-o", tmp_path / "dream.png", network=network)
        assert code == 2
        assert err[0].startswith(f"srgan: {tmp_path}/text.jpg: ")


def test_a_dream_that_does_not_fit_into_memory_is_refused(srgan_dream, photo, tmp_path, monkeypatch):
    monkeypatch.setattr("pyimagesearch.system.memory.available", lambda: 500_000)
    code, _, err = srgan_dream(photo, "-o", tmp_path / "dream.png", "--octaves", "0,8")
    assert code == 2
    assert err[0].startswith(f"srgan: {photo}: a dream of 48x40 pixels in these octaves needs ")
    assert err[0].endswith("500.0 kB are free; leave out large octaves, or take a smaller --tile")


def test_a_result_that_exists_stays_unless_it_is_to_be_replaced(srgan_dream, photo, tmp_path):
    (tmp_path / "dream.png").write_text("mine")
    code, _, err = srgan_dream(photo, "-o", tmp_path / "dream.png")
    assert (code, err) == (2, [f"srgan: {tmp_path}/dream.png: exists already; --overwrite replaces it"])
    assert (tmp_path / "dream.png").read_text() == "mine"
    assert srgan_dream(photo, "-o", tmp_path / "dream.png", "--overwrite")[0] == 0
    assert picture_io.read_rgb(tmp_path / "dream.png").shape == (40, 48, 3)


def test_the_flag_offers_the_backbones_that_there_are():
    dream = build_parser()._subparsers._group_actions[0].choices["dream"]
    (action,) = [action for action in dream._actions if "--backbone" in action.option_strings]
    assert tuple(action.choices) == tuple(BACKBONES)
