"""`srgan upscale`: which pictures become which files, and what is said of those that do not."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pyimagesearch import images, memory, upscale
from pyimagesearch.cli import main
from pyimagesearch.upscaler import Upscaler, load_upscaler

ROOT = Path(__file__).parent.parent


@pytest.fixture
def srgan(save_generator, capsys):
    """srgan(*arguments) runs `srgan upscale` with a tiny generator: exit code, stdout, lines of stderr."""

    def run(*arguments, model=None):
        model = model or save_generator("light", 4)[0]
        capsys.readouterr()
        code = main(["upscale", *map(str, arguments), "--model", str(model)])
        out, err = capsys.readouterr()
        return code, out, err.splitlines()

    return run


@pytest.fixture
def photos(tmp_path, noise):
    """A folder of three pictures, one of them in a folder of its own."""
    folder = tmp_path / "photos"
    for number, name in enumerate(["a.png", "b.tif", "deeper/c.png"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(noise(9, 12, number)).save(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_one_picture_becomes_the_file_that_is_named(srgan, photos, tmp_path, save_generator):
    code, out, err = srgan(photos / "a.png", "-o", tmp_path / "big.png")
    assert (code, err) == (0, [])
    assert "12x9 to 48x36" in out
    expected = load_upscaler(str(save_generator("light", 4)[0]))(images.read(photos / "a.png"))
    np.testing.assert_array_equal(images.read(tmp_path / "big.png"), expected)


@pytest.mark.parametrize(
    ("inputs", "flags", "expected"),
    [
        (["a.png"], [], ["a.png"]),
        ([""], [], ["a.png", "b.tif"]),
        ([""], ["-r"], ["a.png", "b.tif", "deeper/c.png"]),
        (["*.png"], [], ["a.png"]),
        (["**/*.png"], [], ["a.png", "c.png"]),
        (["a.png", "deeper"], [], ["a.png", "c.png"]),
        (["a.png", "a.*"], [], ["a.png"]),
    ],
)
def test_files_folders_and_globs(srgan, photos, tmp_path, inputs, flags, expected):
    code, _, err = srgan(*(photos / name for name in inputs), *flags, "-o", tmp_path / "big")
    assert (code, err) == (0, [])
    assert files(tmp_path / "big") == expected


@pytest.mark.parametrize(
    ("picture", "flags"),
    [("", ["-o", "."]), ("", ["-r", "-o", "."]), ("a.png", ["-o", "a.png"]), ("a.png", ["-o", "../photos"])],
)
def test_a_picture_is_never_replaced_by_its_result(srgan, photos, monkeypatch, picture, flags):
    monkeypatch.chdir(photos)
    before = {name: (photos / name).read_bytes() for name in files(photos)}
    code, _, err = srgan(photos / picture, *flags, "--overwrite")
    assert code == 2
    assert "is one of the pictures; name another -o" in err[0]
    assert {name: (photos / name).read_bytes() for name in files(photos)} == before


@pytest.mark.parametrize("pattern", ["*", "**/*.png"])
def test_a_glob_leaves_out_what_is_in_the_output_folder(srgan, photos, monkeypatch, pattern):
    monkeypatch.chdir(photos)
    assert srgan(pattern, "-o", "larger")[0] in (0, 1)  # notes.txt is no picture
    made = files(photos / "larger")
    code, _, err = srgan(pattern, "-o", "larger", "--overwrite")
    assert code in (0, 1)
    assert not any("larger" in line for line in err)
    assert files(photos / "larger") == made


def test_what_was_upscaled_before_is_not_upscaled_again(srgan, photos):
    for _ in range(2):
        assert srgan(photos, "-r", "-o", photos / "big", "--overwrite")[0] == 0
    assert files(photos / "big") == ["a.png", "b.tif", "deeper/c.png"]


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (7, 2)])
def test_pictures_from_one_pixel_on(srgan, tmp_path, noise, size):
    Image.fromarray(noise(*size)).save(tmp_path / "tiny.png")
    assert srgan(tmp_path / "tiny.png", "-o", tmp_path / "big.png")[0] == 0
    assert Image.open(tmp_path / "big.png").size == (4 * size[1], 4 * size[0])


def test_a_gif_becomes_a_png_for_its_colours(srgan, tmp_path, noise):
    Image.fromarray(noise(8, 8)).quantize(16).save(tmp_path / "a.gif", transparency=0)
    assert srgan(tmp_path / "a.gif", "-o", tmp_path / "big")[0] == 0
    assert Image.open(tmp_path / "big/a.png").mode == "RGBA"


def test_a_failing_picture_is_reported_at_the_end_and_the_others_are_done(srgan, photos, tmp_path):
    (photos / "aa.png").write_bytes((photos / "a.png").read_bytes()[:60])
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(photos / "alpha.webp", lossless=True)
    (photos / "alpha.webp").rename(photos / "alpha.jpg")
    code, out, err = srgan(photos, "-o", tmp_path / "big")
    assert code == 1
    assert files(tmp_path / "big") == ["a.png", "b.tif"]
    assert "aa.png: corrupt or truncated" in err[0]
    assert "alpha.jpg: .jpg holds no transparency" in err[1]
    assert err[2:] == ["srgan: 2 of 4 picture(s) failed; the others are done"]
    assert "2 of 4 picture(s) upscaled" in out


def test_nothing_is_overwritten_without_the_flag(srgan, photos, tmp_path):
    (tmp_path / "big").mkdir()
    (tmp_path / "big/a.png").write_text("precious")
    code, _, err = srgan(photos, "-o", tmp_path / "big")
    assert code == 1
    assert "a.png: exists already; --overwrite" in err[0]
    assert (tmp_path / "big/a.png").read_text() == "precious"
    assert (tmp_path / "big/b.tif").exists()
    assert srgan(photos, "-o", tmp_path / "big", "--overwrite")[0] == 0
    assert Image.open(tmp_path / "big/a.png").size == (48, 36)


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        (["{photos}/none.png", "-o", "{tmp}/x"], "none.png: no such file or folder"),
        (["{photos}/*.bmp", "-o", "{tmp}/x"], "no match"),
        (["{photos}", "-o", "{tmp}/x.png"], "name a folder"),
        (["{photos}/a.png", "{photos}/b.tif", "-o", "{tmp}/x.png"], "name a folder"),
        (["{photos}/a.png", "-o", "{tmp}/x.gif"], "256 colours"),
        (["{photos}/a.png", "-o", "{photos}/notes.txt"], "is a file"),
        (["{photos}", "{photos}/deeper/../../photos2", "-o", "{tmp}/x"], "would both become"),
        (["{photos}/a.png", "-o", "gs://bucket/x"], "local files"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--tile", "7"], "auto or 32 to 4096, received 7"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--size", "big"], "received big"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--size", "0x5"], "received 0x5"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--blend", "1.5"], "not 1.5"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--gan-model", "g.keras"], "belongs to --blend"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--blend", "0.5", "--model", "m.keras"], "--gan-model, which is missing"),
    ],
)
def test_wrong_input_is_refused_in_one_line_before_anything_is_done(srgan, photos, tmp_path, flags, wrong, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos2").mkdir()
    Image.new("RGB", (3, 3)).save(tmp_path / "photos2/a.png")
    before = files(tmp_path)
    code, _, err = srgan(*(flag.format(photos=photos, tmp=tmp_path) for flag in flags))
    assert code == 2
    assert len(err) == 1
    assert wrong in err[0]
    assert files(tmp_path) == before


def test_the_model_that_ships_needs_no_flag_and_no_file(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["upscale", str(photos / "a.png"), "-o", "big.png"]) == 0
    lr = images.read(photos / "a.png")
    np.testing.assert_array_equal(images.read("big.png"), load_upscaler("light")(lr))


def test_a_blend_without_models_mixes_the_two_that_ship(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for part in ("0", "0.5", "1"):
        assert main(["upscale", str(photos / "a.png"), "--blend", part, "-o", f"{part}.png"]) == 0
    lr = images.read(photos / "a.png")
    np.testing.assert_array_equal(images.read("0.png"), load_upscaler("light")(lr))
    np.testing.assert_array_equal(images.read("1.png"), load_upscaler("light-gan")(lr))
    assert not np.array_equal(images.read("0.5.png"), images.read("0.png"))


def test_a_blend_is_the_mix_of_two_models(photos, tmp_path, save_generator):
    first, second = (str(save_generator("light", 4, seed)[0]) for seed in (0, 1))
    one = str(photos / "a.png")
    for part in ("0", "0.5", "1"):
        flags = ["--model", first, "--gan-model", second, "--blend", part, "-o", str(tmp_path / f"{part}.png")]
        assert main(["upscale", one, *flags]) == 0
    np.testing.assert_array_equal(images.read(tmp_path / "0.png"), load_upscaler(first)(images.read(one)))
    np.testing.assert_array_equal(images.read(tmp_path / "1.png"), load_upscaler(second)(images.read(one)))
    middle = (images.read(tmp_path / "0.png").astype(float) + images.read(tmp_path / "1.png")) / 2
    assert np.abs(images.read(tmp_path / "0.5.png") - middle).max() <= 1


def test_models_of_two_scales_cannot_be_mixed(srgan, photos, tmp_path, save_generator):
    other = save_generator("light", 2)[0]
    code, _, err = srgan(photos, "-o", tmp_path / "big", "--blend", "0.5", "--gan-model", other)
    assert code == 2
    assert "is x4, but" in err[0]


@pytest.mark.parametrize(("size", "expected"), [("40x20", (40, 20)), ("24x", (24, 18)), ("x12", (16, 12))])
def test_another_size_is_the_result_downscaled(srgan, photos, tmp_path, size, expected):
    assert srgan(photos / "a.png", "-o", tmp_path / "full.png")[0] == 0
    assert srgan(photos / "a.png", "-o", tmp_path / "small.png", "--size", size)[0] == 0
    full = images.read(tmp_path / "full.png")
    np.testing.assert_array_equal(images.read(tmp_path / "small.png"), images.resize_bicubic(full, *expected[::-1]))


def test_a_size_beyond_the_models_is_refused(srgan, photos, tmp_path):
    code, _, err = srgan(photos / "a.png", "-o", tmp_path / "big.png", "--size", "49x36")
    assert code == 1
    assert "--size 49x36 is more than the 48x36" in err[0]


@pytest.mark.parametrize(("channels", "kind"), [((), np.uint8), ((4,), np.uint16)])
def test_a_downscale_in_strips_is_seamless(channels, kind):
    samples = np.random.default_rng(0).integers(0, np.iinfo(kind).max, (150, 170, *channels)).astype(kind)
    found = upscale.shrink(samples, 50, 70)
    expected = images.resize_bicubic(samples.reshape(150, 170, -1), 50, 70)
    np.testing.assert_array_equal(found.reshape(expected.shape), expected)


@pytest.mark.parametrize("tile", ["32", "50", "auto"])
def test_tiles_change_no_pixel_by_more_than_one_level(srgan, tmp_path, noise, tile):
    Image.fromarray(noise(101, 75)).save(tmp_path / "a.png")
    assert srgan(tmp_path / "a.png", "-o", tmp_path / "whole.png", "--tile", "1000")[0] == 0
    assert srgan(tmp_path / "a.png", "-o", tmp_path / "tiled.png", "--tile", tile)[0] == 0
    whole, tiled = (images.read(tmp_path / f"{name}.png").astype(int) for name in ("whole", "tiled"))
    assert np.abs(whole - tiled).max() <= 1


def test_a_result_that_does_not_fit_into_the_memory_is_refused(srgan, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 5000)
    code, _, err = srgan(photos / "a.png", "-o", tmp_path / "big.png")
    assert code == 1
    assert "a.png: its result needs 12.1 kB of memory, but 5.0 kB are free" in err[0]


def test_out_of_memory_is_said_of_the_picture_alone(srgan, photos, tmp_path, monkeypatch):
    tile = Upscaler._tile

    def sometimes(self, lr, *rest):
        if np.array_equal(lr, images.read(photos / "a.png")):
            raise MemoryError
        tile(self, lr, *rest)

    monkeypatch.setattr(Upscaler, "_tile", sometimes)
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
        "import re, sys; from pyimagesearch.cli import main; code = main(sys.argv[1:]);"
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
        assert images.read(tmp_path / "big" / name).shape == (1200, 1600, 3)
