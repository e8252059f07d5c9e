"""Animated GIF, APNG and WebP: frames as a viewer composes them, durations, plays, transparency."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from pyimagesearch.errors import InputError
from pyimagesearch.images.animation import Animation, is_animated, read_animation, write_animation
from pyimagesearch.images.picture import Picture

DURATIONS = [40, 120, 300, 50]


def dots(mode="RGBA", count=4):
    """A square that stays and a disc that moves, on nothing."""
    pictures = []
    for number in range(count):
        picture = Image.new("RGBA", (40, 30), (0, 0, 0, 0) if mode == "RGBA" else (255, 255, 255, 255))
        draw = ImageDraw.Draw(picture)
        draw.rectangle((4, 4, 20, 20), fill=(200, 40, 40, 255))
        draw.ellipse((6 * number, 8, 6 * number + 12, 20), fill=(30, 120, 220, 255))
        pictures.append(picture.convert(mode))
    return pictures


def shown(path):
    """What a viewer shows: RGBA frames with their durations, equal ones in a row joined."""
    found = []
    with Image.open(path) as opened:
        first = 1 if opened.info.get("default_image") else 0
        for number in range(first, opened.n_frames):
            opened.seek(number)
            pixels, duration = np.asarray(opened.convert("RGBA")), opened.info["duration"]
            if found and np.array_equal(found[-1][0], pixels):
                found[-1] = (pixels, found[-1][1] + duration)
            else:
                found.append((pixels, duration))
    return found


def saved(path, pictures, **options):
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=DURATIONS, **options)
    return path


@pytest.mark.parametrize(
    ("suffix", "disposal"), [(".gif", 0), (".gif", 1), (".gif", 2), (".gif", 3), (".png", 0), (".png", 1), (".png", 2)]
)
def test_frames_are_composed_as_the_disposal_says(tmp_path, suffix, disposal):
    """FFmpeg composes them by the same words of the formats, and by other code."""
    av = pytest.importorskip("av")
    path = saved(tmp_path / f"a{suffix}", dots(), loop=0, disposal=disposal)
    animation = read_animation(path)
    assert (animation.height, animation.width, animation.durations) == (30, 40, tuple(DURATIONS))
    with av.open(str(path)) as film:
        expected = [frame.to_ndarray(format="rgba") for frame in film.decode(video=0)]
    for found, reference in zip(animation.frames(), expected, strict=True):
        np.testing.assert_array_equal(found[:, :, 3], reference[:, :, 3])
        visible = reference[:, :, 3] > 0
        np.testing.assert_array_equal(found[visible], reference[visible])


def test_webp_frames_are_those_that_were_written(tmp_path):
    animation = read_animation(saved(tmp_path / "a.webp", dots(), loop=0, lossless=True))
    assert animation.durations == tuple(DURATIONS)
    for found, picture in zip(animation.frames(), dots(), strict=True):
        visible = np.asarray(picture)[:, :, 3] > 0
        np.testing.assert_array_equal(found[visible], np.asarray(picture)[visible])


@pytest.mark.parametrize(
    ("suffix", "loop", "plays"), [(".gif", None, 1), (".gif", 0, 0), (".gif", 2, 3), (".png", 3, 3), (".webp", 2, 2)]
)
def test_how_often_it_is_shown(tmp_path, suffix, loop, plays):
    options = {} if loop is None else {"loop": loop}
    animation = read_animation(saved(tmp_path / f"a{suffix}", dots("RGB"), **options))
    assert animation.plays == plays
    for target in (".gif", ".png", ".webp"):
        write_animation(tmp_path / f"b{target}", animation.frames(), animation, Picture(np.zeros((1, 1), np.uint8)))
        assert read_animation(tmp_path / f"b{target}").plays == plays


@pytest.mark.parametrize("suffix", [".png", ".webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_written_frames_are_those_that_are_shown(tmp_path, suffix, mode):
    animation = read_animation(saved(tmp_path / "a.png", dots(mode), loop=1))
    lossless = Picture(np.zeros((1, 1), np.uint8), encoder={"WEBP": {"lossless": True, "exact": True}})
    write_animation(tmp_path / f"b{suffix}", animation.frames(), animation, lossless)
    for (found, duration), picture, expected in zip(
        shown(tmp_path / f"b{suffix}"), animation.frames(), DURATIONS, strict=True
    ):
        assert duration == expected
        rgba = np.asarray(Image.fromarray(picture).convert("RGBA"))
        np.testing.assert_array_equal(found[rgba[:, :, 3] > 0], rgba[rgba[:, :, 3] > 0])
        np.testing.assert_array_equal(found[:, :, 3], rgba[:, :, 3])


def test_a_gif_keeps_its_transparency_and_its_colours_nearly(tmp_path):
    animation = read_animation(saved(tmp_path / "a.png", dots(), loop=0))
    write_animation(tmp_path / "b.gif", animation.frames(), animation, Picture(np.zeros((1, 1), np.uint8)))
    for (found, duration), picture, expected in zip(
        shown(tmp_path / "b.gif"), animation.frames(), DURATIONS, strict=True
    ):
        assert duration == expected
        np.testing.assert_array_equal(found[:, :, 3], picture[:, :, 3])
        visible = picture[:, :, 3] > 0
        assert np.abs(found[visible].astype(int) - picture[visible]).max() <= 4


def test_durations_that_a_gif_cannot_hold_keep_their_sum(tmp_path):
    animation = Animation(tmp_path / "a.png", 30, 40, (33.4, 33.3, 33.3, 50.0), 0, alpha=False)
    frames = (np.asarray(picture) for picture in dots("RGB"))
    saved(tmp_path / "a.png", dots("RGB"))
    write_animation(tmp_path / "b.gif", frames, animation, Picture(np.zeros((1, 1), np.uint8)))
    assert [duration for _, duration in shown(tmp_path / "b.gif")] == [30, 40, 30, 50]


def test_the_picture_for_other_programs_is_no_frame_of_an_apng(tmp_path):
    pictures = dots()
    path = tmp_path / "a.png"
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=DURATIONS[1:], default_image=True)
    assert read_animation(path).durations == tuple(DURATIONS[1:])


def test_still_pictures_and_other_files_are_not_animated(tmp_path):
    dots()[0].save(tmp_path / "a.png")
    dots("RGB")[0].save(tmp_path / "a.tif", save_all=True, append_images=dots("RGB")[1:])
    (tmp_path / "a.gif").write_text("no picture")
    assert not any(is_animated(tmp_path / name) for name in ("a.png", "a.tif", "a.gif", "none.gif"))


def test_a_corrupt_frame_is_named(tmp_path):
    path = saved(tmp_path / "a.png", dots())
    path.write_bytes(path.read_bytes()[:-120])
    with pytest.raises(InputError, match=r"a.png: frame \d is corrupt"):
        read_animation(path)
