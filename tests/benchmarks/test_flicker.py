"""The measure of flicker: by hand on frames that are known."""

import json

import numpy as np
import pytest
from helpers.optional_extras import need_video

need_video()

from helpers.films import write_film  # noqa: E402

from pyimagesearch.benchmarks.flicker import flicker, still_places  # noqa: E402
from pyimagesearch.cli.main import main  # noqa: E402


def test_a_moving_square_is_not_still_and_noise_is():
    rng = np.random.default_rng(0)
    picture = np.full((80, 120, 3), 120.0)
    frames = []
    for left in (20, 26):
        frame = picture + rng.normal(0, 3, picture.shape)
        frame[30:50, left : left + 20] += 90
        frames.append(frame.round().astype(np.uint8))
    still = still_places(*frames)
    assert not still[28:52, 18:48].any()
    assert still[:, 80:].all()
    assert still[:10].all()


def test_flicker_is_the_mean_change_of_still_places():
    before = np.zeros((8, 8, 3), np.uint8)
    after = before.copy()
    after[:4, :4] = 6  # still
    after[4:, 4:] = 200  # not still
    still = np.array([[True, True], [True, False]])
    assert flicker(before, after, still) == pytest.approx(6 / 3)
    assert flicker(before.astype(np.uint16), after.astype(np.uint16) * 257, still) == pytest.approx(6 / 3)


def test_the_command_compares_models_with_bicubic(tmp_path, capsys, save_generator, noise):
    rng = np.random.default_rng(0)
    frames = [np.clip(noise(32, 48) * 0.5 + rng.normal(60, 3, (32, 48, 3)), 0, 255).astype(np.uint8) for _ in range(4)]
    film = write_film(tmp_path / "a.mkv", frames, codec="ffv1", pixels="yuv444p")
    model = str(save_generator("light", 4)[0])
    code = main(["benchmark", "flicker", str(film), "--model", model, "--json", str(tmp_path / "a.json")])
    assert code == 0
    found = json.loads((tmp_path / "a.json").read_text())
    assert (found["frames"], found["models"]["bicubic"]["ratio"]) == (4, 1.0)
    assert found["models"][model]["flicker"] > 0
    assert "x bicubic's" in capsys.readouterr().out


def test_a_film_in_which_nothing_stands_still_is_refused(tmp_path, capsys, noise):
    film = write_film(tmp_path / "a.mkv", [noise(32, 48, n) for n in range(3)], codec="ffv1", pixels="yuv444p")
    assert main(["benchmark", "flicker", str(film)]) == 2
    assert "name a film from a camera at rest" in capsys.readouterr().err
