"""`srgan upscale` of animated pictures: their frames, durations and plays, in the format that is asked."""

import numpy as np
import pytest
from helpers.result_folders import files
from helpers.score_pictures import smooth
from PIL import Image, ImageDraw

from pyimagesearch.images.animation import read_animation
from pyimagesearch.inference.upscaler import load_upscaler
from pyimagesearch.system import memory


@pytest.fixture
def gif(tmp_path):
    """Three frames, of which the lower half stays, shown twice."""
    first = smooth(16, 24, seed=0)
    pictures = []
    for number in range(3):
        picture = first.copy()
        picture[:8] = np.roll(first[:8], 3 * number, axis=1)
        pictures.append(Image.fromarray(picture).quantize(200))
    path = tmp_path / "a.gif"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=[40, 120, 300], loop=1)
    return path


@pytest.mark.parametrize("name", ["b.png", "b.webp", "b.gif"])
def test_frames_durations_and_plays_are_kept(srgan, gif, tmp_path, name, save_generator):
    code, out, err = srgan(gif, "-o", tmp_path / name)
    assert (code, err) == (0, [])
    assert "24x16 to 96x64, 3 frames" in out
    before, after = read_animation(gif), read_animation(tmp_path / name)
    assert (after.durations, after.plays, after.alpha) == (before.durations, before.plays, False)
    upscaler = load_upscaler(str(save_generator("light", 4)[0]))
    for found, lr in zip(after.frames(), before.frames(), strict=True):
        difference = np.abs(found.astype(int) - upscaler(lr))
        assert difference.max() <= 1 if name == "b.png" else difference.mean() < 12


def test_in_a_folder_an_animated_gif_becomes_a_webp(srgan, gif, tmp_path, noise):
    folder = tmp_path / "pictures"
    folder.mkdir()
    gif.rename(folder / "a.gif")
    Image.fromarray(noise(8, 8)).quantize(16).save(folder / "still.gif")
    assert srgan(folder, "-o", tmp_path / "big")[0] == 0
    assert files(tmp_path / "big") == ["a.webp", "still.png"]
    assert read_animation(tmp_path / "big/a.webp").durations == (40, 120, 300)


def test_the_first_frame_alone_is_a_picture_as_before(srgan, gif, tmp_path):
    code, out, _ = srgan(gif, "-o", tmp_path / "big", "--first-frame")
    assert code == 0
    assert "24x16 to 96x64, the first of 3 pages or frames" in out
    assert files(tmp_path / "big") == ["a.png"]
    assert srgan(gif, "-o", tmp_path / "one.png", "--first-frame")[0] == 0
    assert {Image.open(tmp_path / name).n_frames for name in ("big/a.png", "one.png")} == {1}


def test_a_size_holds_for_every_frame(srgan, gif, tmp_path):
    assert srgan(gif, "-o", tmp_path / "b.webp", "--size", "48x")[0] == 0
    assert Image.open(tmp_path / "b.webp").size == (48, 32)


def test_transparency_stays(srgan, tmp_path):
    frames = []
    for number in range(3):
        picture = Image.new("RGBA", (24, 16))
        ImageDraw.Draw(picture).ellipse((4 * number, 2, 4 * number + 10, 13), fill=(200, 60, 30, 255))
        frames.append(picture)
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], duration=50, loop=0, lossless=True)
    assert srgan(tmp_path / "a.webp", "-o", tmp_path / "b.webp")[0] == 0
    for number, frame in enumerate(read_animation(tmp_path / "b.webp").frames()):
        assert frame.shape == (64, 96, 4)
        assert frame[32, 16 * number + 20, 3] == 255
        assert frame[0, :, 3].max() == 0  # beyond the reach of the filter


def test_a_format_without_frames_is_refused_by_name(srgan, gif, tmp_path):
    code, _, err = srgan(gif, "-o", tmp_path / "b.jpg")
    assert code == 2
    assert "is animated; name a .gif, .png, .webp file, or give --first-frame" in err[0]


def test_more_frames_than_fit_into_memory_are_refused_before_any_work(srgan, gif, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 100_000)
    code, _, err = srgan(gif, "-o", tmp_path / "b.png")
    assert code == 1
    assert "3 frames of 96x64 need 147.5 kB of memory" in err[0]
    assert "name a .webp file" in err[0]
    assert files(tmp_path) == ["a.gif"]
