"""`srgan degrade`: what training sees, as files."""

import numpy as np
import pytest
from helpers.score_pictures import smooth
from PIL import Image

from pyimagesearch.cli.main import main
from pyimagesearch.data.input.degradation_presets import MILD
from pyimagesearch.data.input.degradations import degrade
from pyimagesearch.images import picture_io


@pytest.fixture
def hr(tmp_path):
    """A folder of two HR pictures."""
    folder = tmp_path / "hr"
    folder.mkdir()
    for number, size in enumerate([(66, 81), (40, 64)]):
        Image.fromarray(smooth(*size, seed=number)).save(folder / f"{number}.png")
    return folder


def test_each_picture_becomes_a_damaged_one_the_same_at_each_call(hr, tmp_path, capsys):
    for name in ("one", "other"):
        assert main(["degrade", str(hr), "-o", str(tmp_path / name), "--preset", "mild"]) == 0
    assert f"{hr / '0.png'} -> {tmp_path / 'one' / '0.png'} (20x16)" in capsys.readouterr().out
    for number in range(2):
        picture = picture_io.read_rgb(hr / f"{number}.png")
        cut = picture[: picture.shape[0] // 4 * 4, : picture.shape[1] // 4 * 4]
        expected = degrade(cut, 4, MILD, np.random.default_rng([42, number]))
        for name in ("one", "other"):
            np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / name / f"{number}.png"), expected)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--preset", "wild"], "invalid choice: 'wild'"),
        (["--preset", "full", "--scale", "0"], "--scale must be at least 1"),
        (["--preset", "full", "--scale", "100"], "has fewer than 100 pixels a side"),
    ],
)
def test_nonsense_is_refused_in_one_line(hr, tmp_path, capsys, flags, said):
    assert main(["degrade", str(hr), "-o", str(tmp_path / "lr"), *flags]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "lr").exists()
