"""upscale_file and upscale_folder: pictures from Python."""

import numpy as np
import pytest
from helpers.result_folders import files
from PIL import Image

import pyimagesearch
from pyimagesearch import InputError, upscale_file, upscale_folder
from pyimagesearch.images import picture_io


@pytest.fixture(scope="module")
def model(save_generator) -> str:
    return str(save_generator("light", 4)[0])


def test_a_file_becomes_what_the_upscaler_gives(photos, tmp_path, model):
    upscale_file(photos / "a.png", tmp_path / "big.png", model=model)
    expected = pyimagesearch.load_upscaler(model)(picture_io.read_rgb(photos / "a.png"))
    np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / "big.png"), expected)


def test_a_file_may_get_another_size_and_replaces_only_when_asked(photos, tmp_path):
    upscaler, target = pyimagesearch.load_upscaler("bicubic"), tmp_path / "big.png"
    upscale_file(photos / "a.png", target, model=upscaler, size=(24, None))
    assert Image.open(target).size == (24, 18)
    with pytest.raises(InputError, match="exists already; `overwrite` replaces it"):
        upscale_file(photos / "a.png", target, model=upscaler)
    upscale_file(photos / "a.png", target, model=upscaler, overwrite=True)
    assert Image.open(target).size == (48, 36)


def test_a_folder_becomes_a_folder_and_failures_are_returned(photos, tmp_path, model):
    (photos / "broken.png").write_bytes((photos / "a.png").read_bytes()[:60])
    failures = upscale_folder(photos, tmp_path / "big.png", model=model, recursive=True)
    assert files(tmp_path / "big.png") == ["a.png", "b.tif", "deeper/c.png"]
    assert len(failures) == 1
    assert "broken.png: corrupt or truncated" in failures[0]
    assert upscale_folder(photos / "deeper", tmp_path / "deeper", model="bicubic") == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"tile": 7}, "`tile` must be None or 32 to 4096, received 7"),
        ({"size": (0, 5)}, r"`size` must be .* received \(0, 5\)"),
        ({"size": (None, None)}, "`size` must be"),
        ({"model": "no_such_model"}, "no such model"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_written(photos, tmp_path, options, reason):
    with pytest.raises(InputError, match=reason):
        upscale_file(photos / "a.png", tmp_path / "big.png", **options)
    with pytest.raises(InputError, match=reason):
        upscale_folder(photos, tmp_path / "big", **options)
    assert not list(tmp_path.glob("big*"))


def test_a_file_for_a_folder_and_a_folder_for_a_file_are_refused(photos, tmp_path):
    with pytest.raises(InputError, match="`target` must be a picture file"):
        upscale_file(photos / "a.png", tmp_path)
    with pytest.raises(InputError, match="`source` must be a folder"):
        upscale_folder(photos / "a.png", tmp_path / "big")
    with pytest.raises(InputError, match="no such file"):
        upscale_file(photos / "none.png", tmp_path / "big.png", model="bicubic")
    with pytest.raises(InputError):
        upscale_file(photos, tmp_path / "big.png", model="bicubic")
