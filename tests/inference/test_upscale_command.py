"""`srgan upscale`: which pictures become which files, and what is said of those that do not."""

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image

from pyimagesearch.images import picture_io
from pyimagesearch.inference.upscaler import load_upscaler


def test_one_picture_becomes_the_file_that_is_named(srgan, photos, tmp_path, save_generator):
    code, out, err = srgan(photos / "a.png", "-o", tmp_path / "big.png")
    assert (code, err) == (0, [])
    assert "12x9 to 48x36" in out
    expected = load_upscaler(str(save_generator("light", 4)[0]))(picture_io.read_rgb(photos / "a.png"))
    np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / "big.png"), expected)


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


def test_a_folders_pictures_of_other_suffixes_are_found_at_any_depth(srgan, photos, tmp_path, noise):
    for name in ("d.jfif", "deeper/e.jfif"):
        Image.fromarray(noise(9, 12)).save(photos / name, "JPEG")
    code, _, err = srgan(photos, "-r", "-o", tmp_path / "big")
    assert (code, err) == (0, [])
    assert files(tmp_path / "big") == ["a.png", "b.tif", "d.png", "deeper/c.png", "deeper/e.png"]


@pytest.mark.parametrize("folder", ["big.heic/", "v1.2", "big.of.may"])
def test_a_folder_may_have_a_dot_in_its_name(srgan, photos, tmp_path, folder):
    (tmp_path / "big.of.may").mkdir()
    code, _, err = srgan(photos / "a.png", "-o", f"{tmp_path}/{folder}")
    assert (code, err) == (0, [])
    assert files(tmp_path / folder) == ["a.png"]


@pytest.mark.parametrize(
    ("picture", "flags"),
    [("", ["-o", "."]), ("", ["-r", "-o", "."]), ("a.png", ["-o", "a.png"]), ("a.png", ["-o", "../photos"])],
)
def test_a_picture_is_never_replaced_by_its_result(srgan, photos, monkeypatch, picture, flags):
    monkeypatch.chdir(photos)
    before = {name: (photos / name).read_bytes() for name in files(photos)}
    code, _, err = srgan(photos / picture, *flags, "--overwrite")
    assert code == 2
    assert "is one of the pictures; name another output" in err[0]
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


def test_pages_that_are_left_out_are_counted(srgan, tmp_path, noise):
    pages = [Image.fromarray(noise(8, 8)) for _ in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    code, out, err = srgan(tmp_path / "a.tif", "-o", tmp_path / "b.tif")
    assert code == 0
    assert "8x8 to 32x32, the first of 3 pages or frames" in "\n".join([out, *err])


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
        (["{photos}/a.png", "-o", "{photos}/notes.txt"], "notes.txt: no picture (.png"),
        (["{photos}/a.png", "-o", "{tmp}/x.xcf"], "x.xcf: no picture (.png"),
        (["{photos}", "{photos}/deeper/../../photos2", "-o", "{tmp}/x"], "would both become"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--tile", "7"], "auto or 32 to 4096, received 7"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--size", "big"], "received big"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--size", "0x5"], "received 0x5"),
        (
            ["{photos}/a.png", "-o", "{tmp}/x", "--blend", "1.5"],
            "--crisp must be at least 0 and at most 1, received 1.5",
        ),
        (["{photos}/a.png", "-o", "{tmp}/x", "--blend", "0.5", "--model", "light"], "needs --gan-model beside --model"),
        (["{photos}/a.png", "-o", "{tmp}/x", "--clean", "0.5", "--model", "light"], "leave --model out"),
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


def test_loops_of_links_end(srgan, photos, tmp_path):
    (photos / "loop").symlink_to(".")
    (photos / "up").symlink_to("..")
    code, _, _ = srgan(photos / "**" / "*.png", "-o", f"{tmp_path}/out/")
    assert code == 0
    assert files(tmp_path / "out") == ["a.png", "c.png"]


@pytest.mark.parametrize("output", ["loop/", "loop", "loop/a.png", "loop/deeper/a.png", "file/a.png", "file/deeper/"])
def test_an_output_that_cannot_be_made_is_refused_before_anything_is_done(srgan, photos, tmp_path, output):
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "file").write_text("mine")
    code, _, said = srgan(photos / "a.png", "-o", tmp_path / output)
    assert code == 2
    place = tmp_path / output.split("/")[0]
    why = "because of {} (Too many levels of symbolic links)" if "loop" in output else ": {} is not a folder"
    assert why.format(place) in said[0]
    assert len(said) == 1
