"""`srgan upscale`: by which models, to which size, in how much memory, and nothing half-written."""

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.images import picture_io
from pyimagesearch.inference.upscaler import Upscaler, load_upscaler
from pyimagesearch.system import memory

ROOT = Path(__file__).parents[2]


def test_the_model_that_ships_needs_no_flag_and_no_file(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["upscale", str(photos / "a.png"), "-o", "big.png"]) == 0
    lr = picture_io.read_rgb(photos / "a.png")
    np.testing.assert_array_equal(picture_io.read_rgb("big.png"), load_upscaler("photo-gan")(lr))


@pytest.mark.slow
def test_sliders_without_models_mix_those_that_ship(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lr = picture_io.read_rgb(photos / "a.png")
    corners = {("0", "0"): "light", ("0", "1"): "light-gan", ("1", "0"): "photo", ("1", "1"): "photo-gan"}
    for (clean, crisp), model in corners.items():
        flags = ["--clean", clean, "--crisp", crisp, "-o", f"{model}.png"]
        assert main(["upscale", str(photos / "a.png"), *flags]) == 0
        np.testing.assert_array_equal(picture_io.read_rgb(f"{model}.png"), load_upscaler(model)(lr))


def test_crisp_mixes_the_weights_of_two_models(photos, tmp_path, models, mixed_by_hand):
    one = str(photos / "a.png")
    lr = picture_io.read_rgb(one)
    for part, flag in ((0.0, "--crisp"), (0.3, "--crisp"), (1.0, "--blend")):
        flags = ["--model", models[0], "--gan-model", models[1], flag, str(part), "-o", str(tmp_path / f"{part}.png")]
        assert main(["upscale", one, *flags]) == 0
        np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / f"{part}.png"), mixed_by_hand(part)(lr))
    first, second = (picture_io.read_rgb(tmp_path / f"{part}.png").astype(float) for part in (0.0, 1.0))
    assert np.abs(first - second).mean() > 1


@pytest.mark.parametrize(
    ("kind", "scale", "seed", "reason"),
    [
        ("light", 2, 0, "x4 and x2; name models of one scale"),
        ("srresnet", 4, 0, "their networks differ"),
        ("light", 4, 1, "neither was trained from the other"),
    ],
)
def test_what_cannot_be_mixed_is_refused(srgan, photos, tmp_path, save_generator, kind, scale, seed, reason):
    other = save_generator(kind, scale, seed)[0]
    code, _, err = srgan(photos, "-o", tmp_path / "big", "--crisp", "0.5", "--gan-model", other)
    assert code == 2
    assert reason in err[0]


def test_bicubic_cannot_be_mixed(srgan, photos, tmp_path):
    code, _, err = srgan(photos, "-o", tmp_path / "big", "--crisp", "0.5", "--gan-model", "light", model="bicubic")
    assert code == 2
    assert err == ["srgan: --gan-model and --crisp mix two trained models; bicubic is none"]


@pytest.mark.parametrize("tile", ["32", "50", "auto"])
def test_tiles_change_no_pixel_by_more_than_one_level(srgan, tmp_path, noise, tile):
    Image.fromarray(noise(101, 75)).save(tmp_path / "a.png")
    assert srgan(tmp_path / "a.png", "-o", tmp_path / "whole.png", "--tile", "1000")[0] == 0
    assert srgan(tmp_path / "a.png", "-o", tmp_path / "tiled.png", "--tile", tile)[0] == 0
    whole, tiled = (picture_io.read_rgb(tmp_path / f"{name}.png").astype(int) for name in ("whole", "tiled"))
    assert np.abs(whole - tiled).max() <= 1


def test_a_result_that_does_not_fit_into_the_memory_is_refused(srgan, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 5000)
    code, _, err = srgan(photos / "a.png", "-o", tmp_path / "big.png")
    assert code == 1
    assert "a.png: its result needs 12.1 kB of memory, but 5.0 kB are free" in err[0]


def test_out_of_memory_is_said_of_the_picture_alone(srgan, photos, tmp_path, monkeypatch):
    tile = Upscaler.fill_tile

    def sometimes(self, lr, *rest):
        if np.array_equal(lr, picture_io.read_rgb(photos / "a.png")):
            raise MemoryError
        tile(self, lr, *rest)

    monkeypatch.setattr(Upscaler, "fill_tile", sometimes)
    code, _, err = srgan(photos, "-o", tmp_path / "big")
    assert code == 1
    assert "a.png: out of memory, even with the smallest tile" in err[0]
    assert files(tmp_path / "big") == ["b.tif"]


def test_a_failing_write_leaves_nothing(srgan, photos, tmp_path, monkeypatch):
    def fail(_self, file, **_):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    code, _, err = srgan(photos / "a.png", "-o", tmp_path / "big/a.png")
    assert code == 1
    assert "No space left" in err[0]
    assert files(tmp_path / "big") == []


def test_progress_over_pictures_and_tiles_goes_to_a_terminal_only(srgan, photos, tmp_path, monkeypatch):
    assert srgan(photos, "-o", tmp_path / "one")[2] == []
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    text = "\n".join(srgan(photos, "-o", tmp_path / "two")[2])
    assert "upscaling" in text
    assert "a.png" in text


@pytest.mark.slow
def test_a_picture_of_12_megapixels_stays_under_3_gb(tmp_path, save_generator):
    rng = np.random.default_rng(0)
    small = Image.fromarray(rng.integers(0, 256, (300, 400, 3), dtype=np.uint8))
    small.resize((4000, 3000)).save(tmp_path / "a.jpg")
    # Not getrusage, in which a child begins with the peak of its parent, here the test run.
    program = (
        "import re, sys; from pyimagesearch.cli.main import main; code = main(sys.argv[1:]);"
        "print('peak', re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]); sys.exit(code)"
    )
    command = ["upscale", tmp_path / "a.jpg", "-o", tmp_path / "b.png", "--model", save_generator("srresnet", 4)[0]]
    done = subprocess.run([sys.executable, "-c", program, *command], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) * 1024 < 3e9
    assert Image.open(tmp_path / "b.png").size == (16000, 12000)


@pytest.mark.slow
def test_a_kill_leaves_no_half_result(tmp_path, save_generator, noise):
    for number in range(40):
        Image.fromarray(noise(300, 400, number)).save(tmp_path / f"{number:02}.png")
    command = ["upscale", tmp_path, "-o", tmp_path / "big", "--model", save_generator("light", 4)[0]]
    process = subprocess.Popen([sys.executable, "-m", "pyimagesearch", *command], stderr=subprocess.PIPE, cwd=ROOT)
    deadline = time.time() + 120
    while len(list(tmp_path.glob("big/*.png"))) < 2 and time.time() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    assert 2 <= len(files(tmp_path / "big")) < 40
    for name in files(tmp_path / "big"):
        assert picture_io.read_rgb(tmp_path / "big" / name).shape == (1200, 1600, 3)


def test_a_full_disk_ends_the_batch_at_once(srgan, photos, tmp_path, monkeypatch):
    written = []

    def fail(_self, file, **_):
        written.append(file)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    code, _, err = srgan(photos, "-o", tmp_path / "big")
    assert code == 1
    assert err == [
        f"srgan: {tmp_path}/big/a.png: no space is left on the disk; free some, or name another place; the results "
        "before this one are done"
    ]
    assert len(written) == 1


def test_a_name_that_no_file_can_have_is_refused_before_anything_is_done(srgan, photos, tmp_path):
    (photos / "a.png").rename(photos / ("x" * 255))
    code, _, err = srgan(photos / ("x" * 255), "-o", tmp_path / "big")
    assert code == 2
    assert "xxx.png: has a name of 259 bytes, but at most 255 are possible; shorten it" in err[0]
    assert not (tmp_path / "big").exists()


@pytest.mark.parametrize("name", ["x" * 251 + ".png", "ü" * 125 + "x.png"])
def test_the_longest_names_are_written(srgan, photos, tmp_path, name):
    (photos / "a.png").rename(photos / name)
    assert srgan(photos / name, "-o", tmp_path / "big")[0] == 0
    assert files(tmp_path / "big") == [name]
