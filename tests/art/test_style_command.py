"""`srgan style`: what becomes of picture files, stopping and going on, and what is refused before any work."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.entry_points import run_command
from helpers.result_folders import files
from PIL import Image, ImageCms

from pyimagesearch.art.transfer import Transfer
from pyimagesearch.images import picture_io

# A small part of a random VGG19.
SHALLOW = ("--weights", "random", "--content-layers", "block2_conv1", "--style-layers", "block1_conv1,block2_conv1")
SHORT = ("--size", "48", "--epochs", "1", "--steps-per-epoch", "3")


@pytest.fixture
def srgan_style(capsys):
    """srgan_style(*arguments) runs the command: exit code, stdout, lines of stderr."""

    def run(*arguments, network=(*SHALLOW, *SHORT)):
        return run_command(capsys, "style", *arguments, *network)

    return run


@pytest.fixture
def wave(tmp_path, noise):
    path = tmp_path / "wave.png"
    Image.fromarray(noise(40, 60, 5)).save(path)
    return path


def test_a_result_has_the_size_that_is_asked_for_and_keeps_what_the_file_holds(srgan_style, deep_photo, wave, tmp_path):
    code, out, err = srgan_style(deep_photo, wave, "-o", tmp_path / "out.png")
    assert (code, err) == (0, [])
    assert out.startswith(f"{tmp_path}/out.png: 48x40 to 48x40, 3 steps, loss ")
    before, after = (picture_io.read(path) for path in (deep_photo, tmp_path / "out.png"))
    assert after.samples.dtype == np.uint16
    np.testing.assert_array_equal(after.samples[:, :, 3], before.samples[:, :, 3])
    assert 300 < np.abs(after.samples[20:, :, :3].astype(int) - before.samples[20:, :, :3]).mean() < 10_000
    assert (after.icc, after.exif, after.texts) == (before.icc, before.exif, before.texts)
    assert before.icc
    assert before.exif
    assert files(tmp_path) == ["deep.png", "out.png", "wave.png"]


def test_the_longest_side_is_made_as_long_as_asked_for_and_full_keeps_it(srgan_style, photo, wave, tmp_path):
    for size, expected in (("96", (96, 80)), ("full", (48, 40))):
        target = tmp_path / f"{size}.png"
        network = (*SHALLOW, "--size", size, "--coarsest", "48", "--epochs", "1", "--steps-per-epoch", "1")
        assert srgan_style(photo, wave, "-o", target, network=network)[0] == 0
        assert Image.open(target).size == expected


def test_a_grey_picture_gets_colours_and_loses_the_profile_that_is_for_grey(srgan_style, tmp_path, wave, noise):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture_io.write(tmp_path / "grey.png", picture_io.Picture(noise(30, 40)[:, :, 0], icc))
    assert srgan_style(tmp_path / "grey.png", wave, "-o", tmp_path / "colours.png")[0] == 0
    made = picture_io.read(tmp_path / "colours.png")
    assert (made.samples.shape, made.icc) == ((36, 48, 3), None)
    assert srgan_style(tmp_path / "grey.png", wave, "-o", tmp_path / "kept.png", "--keep-colours", "luminance")[0] == 0
    kept = picture_io.read(tmp_path / "kept.png")
    assert (kept.samples.shape, kept.icc) == ((36, 48), icc)


def test_progress_pictures_are_written_and_never_replace_others(srgan_style, photo, wave, tmp_path):
    made = tmp_path / "made"
    assert srgan_style(photo, wave, "-o", made / "out.png", "--progress-every", "2")[0] == 0
    assert files(made) == ["out.png", "out_step2.png"]
    assert (made / "out.png").read_bytes() != (made / "out_step2.png").read_bytes()
    (made / "out.png").unlink()
    code, _, err = srgan_style(photo, wave, "-o", made / "out.png", "--progress-every", "2")
    assert (code, len(err)) == (2, 1)
    assert "out_step2.png: exists already; --overwrite replaces it" in err[0]


def test_a_mask_leaves_what_is_black(srgan_style, photo, wave, tmp_path):
    mask = np.zeros((40, 48), np.uint8)
    mask[20:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    assert srgan_style(photo, wave, "-o", tmp_path / "out.png", "--mask", tmp_path / "mask.png")[0] == 0
    before, after = (picture_io.read_rgb(path) for path in (photo, tmp_path / "out.png"))
    np.testing.assert_array_equal(after[:20], before[:20])
    assert (after[20:] != before[20:]).any()


def command(photo: Path, wave: Path, target: Path, *more: str) -> list[str]:
    program = "import sys; from pyimagesearch.cli.main import main; sys.exit(main(sys.argv[1:]))"
    slow = ["--size", "96", "--epochs", "1", "--steps-per-epoch", "60", "--optimizer", "lbfgs", "--progress-every", "5"]
    return [sys.executable, "-c", program, "style", str(photo), str(wave), "-o", str(target), *SHALLOW, *slow, *more]


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -9)])
def test_a_stopped_transfer_leaves_the_picture_so_far_and_the_same_command_goes_on(photo, wave, tmp_path, number, code):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    whole, stopped = tmp_path / "whole" / "out.png", tmp_path / "stopped" / "out.png"
    subprocess.run(command(photo, wave, whole), check=True, capture_output=True, env=environment)
    process = subprocess.Popen(
        command(photo, wave, stopped), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    deadline = time.monotonic() + 120
    while not stopped.with_name("out.png.unfinished").exists():
        assert process.poll() is None, "it ended before it could be stopped"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == code, said
    if number != signal.SIGKILL:
        assert f"stopped by {number.name} after step " in said
        assert said.endswith(f"of 60: {stopped} is the picture so far; the same command goes on\n")
        assert picture_io.read_rgb(stopped).shape == (80, 96, 3)
    again = subprocess.run(command(photo, wave, stopped), check=True, capture_output=True, text=True, env=environment)
    assert "goes on after step" in again.stdout
    assert stopped.read_bytes() == whole.read_bytes()
    assert not stopped.with_name("out.png.unfinished").exists()


@pytest.fixture
def unfinished(photo, wave, tmp_path, monkeypatch, srgan_style):
    """The target of a transfer that a signal stopped after its second step."""
    whole = Transfer.steps

    def interrupted(self, start=None):
        for snapshot in whole(self, start):
            yield snapshot
            if snapshot.done == 2 and start is None:
                signal.raise_signal(signal.SIGINT)

    target = tmp_path / "out.png"
    with monkeypatch.context() as patched:
        patched.setattr(Transfer, "steps", interrupted)
        code, _, err = srgan_style(photo, wave, "-o", target)
    assert code == 130
    assert err == [
        f"srgan: stopped by SIGINT after step 2 of 3: {target} is the picture so far; the same command goes on"
    ]
    return target


def test_the_same_command_goes_on_and_ends_as_if_it_had_not_been_stopped(
    unfinished, srgan_style, photo, wave, tmp_path
):
    assert srgan_style(photo, wave, "-o", tmp_path / "whole.png")[0] == 0
    so_far = unfinished.read_bytes()
    code, out, _ = srgan_style(photo, wave, "-o", unfinished)
    assert code == 0
    assert f"{unfinished}: goes on after step 2 of 3" in out
    assert so_far != unfinished.read_bytes() == (tmp_path / "whole.png").read_bytes()
    assert not unfinished.with_name("out.png.unfinished").exists()
    code, _, err = srgan_style(photo, wave, "-o", unfinished)
    assert (code, err) == (2, [f"srgan: {unfinished}: exists already; --overwrite replaces it"])


def test_no_other_command_goes_on_with_it_nor_with_a_damaged_state(unfinished, srgan_style, photo, wave, tmp_path):
    Image.new("RGB", (40, 40), "red").save(tmp_path / "red.png")
    for styles, more, wrong in (([wave], ["--strength", "0.5"], "--strength"), ([tmp_path / "red.png"], [], "style 1")):
        code, _, err = srgan_style(photo, *styles, "-o", unfinished, *more)
        assert code == 2
        assert f"out.png.unfinished: belongs to a transfer with another {wrong}; give the same to go on, or" in err[0]
    state = unfinished.with_name("out.png.unfinished")
    state.write_bytes(state.read_bytes()[:-100])
    code, _, err = srgan_style(photo, wave, "-o", unfinished)
    assert (code, err) == (2, [f"srgan: {state}: is damaged; remove it, or --overwrite begins anew"])
    code, out, _ = srgan_style(photo, wave, "-o", unfinished, "--strength", "0.5", "--overwrite")
    assert (code, "goes on" in out) == (0, False)
    assert not state.exists()


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        ("photo.png nothing.png", "nothing.png: no such file"),
        ("nothing.png wave.png", "nothing.png: no such file"),
        ("photo.png .", ".: is no file; name one picture"),
        ("photo.png notes.txt", "notes.txt: not a picture that Pillow or OpenCV can read"),
        ("photo.png wave.png --mask wave.png", "wave.png: must have the content's size, 48x40, received 60x40"),
        ("photo.png wave.png --mix 1,2", "--mix must have a number for each style, 1, received 2"),
        ("photo.png wave.png --mix a", "argument --mix: takes numbers, such as 2,1, received a"),
        ("photo.png wave.png --size big", "argument --size: must be full or pixels, such as 1024, received big"),
        ("photo.png wave.png --size 20", "--size must be 32 to 16384 pixels, received 20"),
        ("photo.png wave.png --style-layers conv9", "--style-layers has no conv9; valid: block1_conv1, block1"),
        ("photo.png wave.png --progress-every 0", "--progress-every must be at least 1, received 0"),
        ("photo.png wave.png --fast-models x", "--fast-models belongs to --fast, which is missing"),
        ("photo.png wave.png --weights no.h5", "--weights: no such file no.h5; give imagenet, random or the"),
        ("photo.png wave.png -o wave.png", "wave.png: would be replaced by the result, but is one of"),
        ("alpha.png wave.png -o a.jpg", "a.jpg: .jpg holds no transparency; name a .png, .tif or .webp file"),
        ("narrow.png wave.png --style-layers block5_conv1", "narrow.png: is too small: 800x8 pixels are seen as 48x1"),
        ("photo.png wave.png --size 16000 --tile 4096", "of memory, but"),
    ],
)
@pytest.mark.usefixtures("photo", "wave")
def test_wrong_input_is_refused_in_one_line(srgan_style, tmp_path, monkeypatch, noise, arguments, wrong):
    monkeypatch.chdir(tmp_path)
    Path("notes.txt").write_text("no picture")
    Image.fromarray(noise(8, 800)).save("narrow.png")
    Image.fromarray(np.dstack([noise(20, 20), noise(20, 20)[:, :, 0]])).save("alpha.png")
    before = files(tmp_path)
    output = [] if "-o" in arguments else ["-o", "out.png"]
    code, _, err = srgan_style(network=(*SHORT, *SHALLOW, *arguments.split(), *output))
    assert (code, len(err)) == (2, 1)
    assert wrong in err[0]
    assert files(tmp_path) == before
