"""`srgan dream --zoom`: frames of a dive, as pictures or a film."""

import itertools
import sys

import numpy as np
import pytest
from helpers.optional_extras import need_video
from helpers.result_folders import files
from PIL import Image

from pyimagesearch.art.dive import closer
from pyimagesearch.images import picture_io


@pytest.mark.parametrize(("dtype", "shape"), [(np.uint8, (60, 81, 3)), (np.uint16, (60, 81))])
def test_closer_is_the_middle_enlarged(dtype, shape):
    slope = 1 if dtype == np.uint8 else 100
    y, x = np.mgrid[:60, :81]
    ramp = (slope * (2 * y + x)).astype(dtype)
    picture = ramp if len(shape) == 2 else np.repeat(ramp[:, :, None], 3, axis=2)
    found = closer(picture)
    assert (found.shape, found.dtype) == (shape, dtype)
    wide = found.astype(float).reshape(60, 81, -1)[:, :, 0]
    across = (wide[30, 70] - wide[30, 10]) / 60
    down = (wide[50, 40] - wide[10, 40]) / 40
    assert across == pytest.approx(slope * 81 / 83, rel=0.02)  # one pixel less on either side
    assert down == pytest.approx(2 * slope * 60 / 62, rel=0.02)
    middle = picture.reshape(60, 81, -1)[29:31, 40, 0].mean()
    assert wide[29:31, 40].mean() == pytest.approx(middle, abs=0.02 * slope + 0.5)  # which stays where it is


def test_a_dive_is_a_folder_of_frames_that_keep_what_the_file_holds(srgan_dream, deep_photo, tmp_path):
    code, out, err = srgan_dream(deep_photo, "--zoom", "3", "-o", tmp_path / "dive")
    assert (code, err) == (0, [])
    assert "3 frame(s) of 48x40" in out
    assert files(tmp_path / "dive") == ["frame_0001.png", "frame_0002.png", "frame_0003.png"]
    assert srgan_dream(deep_photo, "-o", tmp_path / "dream.png")[0] == 0
    frames = [picture_io.read(tmp_path / "dive" / name) for name in files(tmp_path / "dive")]
    np.testing.assert_array_equal(frames[0].samples, picture_io.read(tmp_path / "dream.png").samples)
    for before, after in itertools.pairwise(frames):
        assert after.icc == before.icc
        step = np.abs(after.samples[25:, :, :3].astype(int) - closer(before.samples)[25:, :, :3])
        assert 0 < step.mean() < 3000  # what one step adds


def test_frames_of_an_earlier_dive_stay_or_go_together(srgan_dream, photo, tmp_path):
    assert srgan_dream(photo, "--zoom", "3", "-o", tmp_path / "dive")[0] == 0
    (tmp_path / "dive" / "notes.txt").write_text("mine")
    code, _, err = srgan_dream(photo, "--zoom", "2", "-o", tmp_path / "dive")
    assert (code, err) == (2, [f"srgan: {tmp_path}/dive/frame_0001.png: exists already; --overwrite replaces it"])
    assert srgan_dream(photo, "--zoom", "2", "-o", tmp_path / "dive", "--overwrite")[0] == 0
    assert files(tmp_path / "dive") == ["frame_0001.png", "frame_0002.png", "notes.txt"]


class TestFilm:
    def test_a_film_has_the_frames_in_their_colours(self, srgan_dream, tmp_path):
        need_video()
        import av

        Image.new("RGB", (49, 40), (220, 60, 30)).save(tmp_path / "red.png")
        flags = ["--zoom", "4", "--octaves", "0", "--step-size", "0.001"]
        assert srgan_dream(tmp_path / "red.png", "-o", tmp_path / "dive.mp4", *flags)[0] == 0
        assert files(tmp_path) == ["dive.mp4", "red.png"]
        with av.open(str(tmp_path / "dive.mp4")) as film:
            stream = film.streams.video[0]
            frames = [frame.to_ndarray(format="rgb24", src_colorspace="ITU709") for frame in film.decode(stream)]
            assert (stream.codec_context.name, stream.average_rate) == ("h264", 25)
        assert len(frames) == 4
        assert frames[0].shape == (40, 48, 3)
        np.testing.assert_allclose(frames[0][5:-5, 5:-5].mean(axis=(0, 1)), [220, 60, 30], atol=3)

    def test_a_size_that_no_film_has_is_refused(self, srgan_dream, tmp_path):
        need_video()
        Image.new("RGB", (40, 1)).save(tmp_path / "line.png")
        flags = ["--zoom", "4", "--octaves", "0"]
        code, _, err = srgan_dream(tmp_path / "line.png", "-o", tmp_path / "dive.mp4", *flags)
        assert code == 2
        assert err[0].endswith("dive.mp4: a film has 2 to 16384 pixels a side, not 40x1; name a folder")
        assert files(tmp_path) == ["line.png"]

    def test_without_pyav_the_extra_is_named_before_any_work(self, srgan_dream, photo, tmp_path, monkeypatch):
        monkeypatch.setitem(sys.modules, "av", None)
        code, _, err = srgan_dream(photo, "--zoom", "4", "-o", tmp_path / "dive.mp4")
        assert code == 2
        assert 'pip install -e ".[video]"' in err[0]
