"""A film that is stopped keeps its whole segments; the same call goes on and ends with the same bytes."""

import json

import pytest
from helpers.optional_extras import need_video

need_video()

from helpers.films import moving_pictures, write_film  # noqa: E402
from helpers.result_folders import files  # noqa: E402

from pyimagesearch.errors import InputError, Interrupted  # noqa: E402
from pyimagesearch.inference.film.upscale import upscale_film  # noqa: E402
from pyimagesearch.inference.upscaler import BicubicUpscaler, load_upscaler  # noqa: E402
from pyimagesearch.system import locks  # noqa: E402


class Stopping(BicubicUpscaler):
    """Bicubic during whose n-th picture Ctrl-C arrives."""

    def __init__(self, upscaler, number):
        super().__init__(upscaler.scale)
        self._left = number

    def __call__(self, lr, on_tile=lambda _: None):
        self._left -= 1
        if not self._left:
            raise KeyboardInterrupt
        return super().__call__(lr, on_tile)


@pytest.fixture
def film(tmp_path):
    """150 frames: two whole segments and half of one."""
    return write_film(tmp_path / "film.mp4", moving_pictures(150, 24, 32), sound="aac")


@pytest.fixture
def bicubic():
    return load_upscaler("bicubic")


def stop(film, target, upscaler, number, **options):
    with pytest.raises(Interrupted) as stopped:
        upscale_film(film, target, model=Stopping(upscaler, number), **options)
    return stopped.value


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9"])
def test_a_film_that_was_stopped_twice_ends_with_the_bytes_of_one_that_was_not(film, tmp_path, bicubic, codec):
    upscale_film(film, tmp_path / "whole.mp4", model=bicubic, codec=codec)
    target = tmp_path / "stopped.mp4"
    said = stop(film, target, bicubic, 100, codec=codec)
    assert said.exit_code == 130
    assert str(said) == (
        f"stopped by SIGINT; 60 upscaled frames are kept in {target}.parts, and the same command goes on"
    )
    assert not target.exists()
    assert "120 upscaled frames are kept" in str(stop(film, target, bicubic, 80, codec=codec))
    upscale_film(film, target, model=Stopping(bicubic, 31), codec=codec)  # 30 are left
    assert target.read_bytes() == (tmp_path / "whole.mp4").read_bytes()
    assert files(tmp_path) == ["film.mp4", "stopped.mp4", "whole.mp4"]


def test_a_film_of_whole_segments_that_was_stopped_while_they_were_joined(tmp_path, bicubic, monkeypatch):
    film = write_film(tmp_path / "film.mp4", moving_pictures(120, 24, 32))
    target = tmp_path / "larger.mp4"

    def broken(*_):
        raise OSError(28, "No space left on device", str(target))

    with monkeypatch.context() as patched:
        patched.setattr("pyimagesearch.inference.film.joining.join", broken)
        with pytest.raises(OSError, match="No space left"):
            upscale_film(film, target, model=bicubic)
    upscale_film(film, target, model=Stopping(bicubic, 1))
    assert files(tmp_path) == ["film.mp4", "larger.mp4"]


def test_segments_of_other_settings_are_never_mixed(film, tmp_path, bicubic, save_generator):
    target = tmp_path / "larger.mp4"
    stop(film, target, bicubic, 100)
    for options, named in (
        ({"crf": 30}, "another crf;"),
        ({"size": (64, None)}, "another size;"),
        ({"codec": "hevc"}, "another codec, crf;"),
        ({"model": str(save_generator("light", 4)[0])}, "another model, tile;"),
    ):
        with pytest.raises(InputError, match=f"holds 1 finished segments of this film, made with {named}"):
            upscale_film(film, target, **{"model": bicubic, **options})
    other = write_film(tmp_path / "other.mp4", moving_pictures(70, 24, 32, seed=1))
    with pytest.raises(InputError, match="another source"):
        upscale_film(other, target, model=bicubic)
    upscale_film(other, tmp_path / "expected.mp4", model=bicubic)
    upscale_film(other, target, model=bicubic, overwrite=True)
    assert target.read_bytes() == (tmp_path / "expected.mp4").read_bytes()


def test_what_a_kill_left_half_written_is_removed(film, tmp_path, bicubic):
    target = tmp_path / "larger.mp4"
    stop(film, target, bicubic, 100)
    parts = tmp_path / "larger.mp4.parts"
    (parts / f".srgan-{'0' * 32}.part").write_bytes(b"half")
    assert json.loads((parts / "made_by.json").read_text())["codec"] == "h264"
    stop(film, target, bicubic, 10)
    assert files(parts) == ["000000.segment", "made_by.json"]


def test_nothing_is_left_where_no_segment_was_finished(film, tmp_path, bicubic):
    said = stop(film, tmp_path / "larger.mp4", bicubic, 10)
    assert str(said) == "stopped by SIGINT; no segment was finished yet"
    assert files(tmp_path) == ["film.mp4"]


def test_two_processes_do_not_write_one_film(film, tmp_path, bicubic):
    target = tmp_path / "larger.mp4"
    with locks.hold(f"{target}.parts"), pytest.raises(InputError, match="this film is in use by"):
        upscale_film(film, target, model=bicubic)


def test_a_result_that_is_there_is_kept(film, tmp_path, bicubic):
    target = tmp_path / "larger.mp4"
    target.write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        upscale_film(film, target, model=bicubic)
    assert target.read_text() == "precious"
    assert files(tmp_path) == ["film.mp4", "larger.mp4"]
