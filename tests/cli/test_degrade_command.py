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


def test_each_picture_becomes_a_damaged_one_by_its_name_and_the_seed(hr, tmp_path, capsys):
    assert main(["degrade", str(hr), "-o", str(tmp_path / "all"), "--preset", "mild"]) == 0
    assert main(["degrade", str(hr / "1.png"), "-o", str(tmp_path / "one"), "--preset", "mild"]) == 0
    assert f"{hr / '0.png'} -> {tmp_path / 'all' / '0.png'} (20x16)" in capsys.readouterr().out
    for number in range(2):
        picture = picture_io.read_rgb(hr / f"{number}.png")
        cut = picture[: picture.shape[0] // 4 * 4, : picture.shape[1] // 4 * 4]
        expected = degrade(cut, 4, MILD, np.random.default_rng([42, *str(number).encode()]))
        np.testing.assert_array_equal(picture_io.read_rgb(tmp_path / "all" / f"{number}.png"), expected)
    alone, among_others = (picture_io.read_rgb(tmp_path / name / "1.png") for name in ("one", "all"))
    np.testing.assert_array_equal(alone, among_others)


def test_files_that_exist_are_kept_unless_they_may_be_replaced(hr, tmp_path, capsys):
    output = tmp_path / "lr"
    output.mkdir()
    (output / "0.png").write_text("mine")
    command = ["degrade", str(hr), "-o", str(output), "--preset", "mild"]
    assert main(command) == 1
    assert f"{output / '0.png'}: exists; --overwrite replaces it" in capsys.readouterr().err
    assert (output / "0.png").read_text() == "mine"
    assert picture_io.read_rgb(output / "1.png").shape == (10, 16, 3)  # the other is done
    assert main([*command, "--overwrite"]) == 0
    assert picture_io.read_rgb(output / "0.png").shape == (16, 20, 3)


def test_a_picture_that_cannot_be_used_does_not_stop_the_others(hr, tmp_path, capsys):
    Image.new("RGB", (3, 50)).save(hr / "narrow.png")
    (hr / "broken.png").write_text("no picture")
    assert main(["degrade", str(hr), "-o", str(tmp_path / "lr"), "--preset", "full"]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 3
    assert "narrow.png: has fewer than 4 pixels a side" in "".join(lines)
    assert "2 of 4 picture(s) failed" in lines[-1]
    assert sorted(path.name for path in (tmp_path / "lr").iterdir()) == ["0.png", "1.png"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--preset", "wild"], "invalid choice: 'wild'"),
        (["--preset", "full", "--scale", "0"], "--scale must be at least 1"),
        (["--preset", "full", "--seed", "-1"], "--seed at least 0"),
    ],
)
def test_nonsense_is_refused_in_one_line(hr, tmp_path, capsys, flags, said):
    assert main(["degrade", str(hr), "-o", str(tmp_path / "lr"), *flags]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert said in lines[0]
    assert not (tmp_path / "lr").exists()
