"""pyimagesearch.data.patterns: two colours in stripes and in hair."""

import cv2
import numpy as np
import pytest

from pyimagesearch.data.sources import patterns


def directions(pattern, window):
    """Of windows of a pattern (side, side, 1): how alike the directions of its edges are, 0 to 1 (1: one direction),
    and which way the lines run, in radians (by the structure tensor)."""
    down, right = np.gradient(pattern[..., 0])
    xx, yy, xy = (cv2.boxFilter(each, -1, (window, window)) for each in (right**2, down**2, right * down))
    inside = np.s_[window::window, window::window]
    coherence = np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-12)
    return coherence[inside], (np.arctan2(2 * xy, xx - yy) / 2 + np.pi / 2)[inside]


@pytest.mark.parametrize("unit", [1, 2, 4])
def test_hair_is_fine_lines_side_by_side_whose_direction_changes_slowly(unit):
    noise = np.random.default_rng(0).random((200, 200, 1))
    by_chance = directions(noise, 16)[0].mean()
    spreads, means, changes = [], [], []
    for seed in range(12):
        hair = patterns.hair(np.random.default_rng(seed), unit, 200 * unit)
        assert hair.shape == (200 * unit, 200 * unit, 1)
        assert hair.min() >= 0
        assert hair.max() <= 1
        assert 0.4 < hair.mean() < 0.6
        coherence, ways = directions(hair, 16 * unit)
        assert coherence.mean() > 2 * by_chance
        mean = np.exp(2j * ways).mean()
        spreads.append(1 - np.abs(mean))
        means.append(mean / np.abs(mean))
        changes.append(np.abs(np.diff(hair, axis=0)).mean() * unit)
    assert min(spreads) < 0.3 < max(spreads)  # some is combed, some whirls
    assert np.abs(np.mean(means)) < 0.6  # one picture's runs another way than the next one's
    assert 0.04 < np.mean(changes) < 0.2  # as wide at every unit


def test_hair_is_everywhere_whatever_its_direction():
    for seed in range(12):
        hair = patterns.hair(np.random.default_rng(seed), 2, 400)[..., 0]
        windows = hair.reshape(10, 40, 10, 40).std(axis=(1, 3))
        assert windows.min() > windows.mean() / 2


def test_stripes_are_of_two_colours_and_as_wide_as_units_are_long():
    for unit in (1, 4):
        changes = []
        for seed in range(20):
            stripes = patterns.stripes(np.random.default_rng(seed), unit, 100 * unit)
            assert stripes.shape == (100 * unit, 100 * unit, 1)
            assert stripes.min() >= 0
            assert stripes.max() <= 1
            changes.append(np.abs(np.diff(stripes, axis=0)).mean() + np.abs(np.diff(stripes, axis=1)).mean())
        assert 0.1 / unit < np.mean(changes) < 1 / unit


@pytest.mark.parametrize("draw", [patterns.stripes, patterns.hair])
def test_a_pattern_follows_from_the_state_of_rng_alone(draw):
    first, again, other = (draw(np.random.default_rng(seed), 2, 60) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.01


@pytest.mark.parametrize("draw", [patterns.stripes, patterns.hair])
def test_the_smallest_shapes_can_be_filled(draw):
    for side in range(1, 12):
        assert np.isfinite(draw(np.random.default_rng(side), 4, side)).all()


def test_about_half_of_the_stripes_are_crossed_by_others_as_in_fabric():
    lines = [directions(patterns.stripes(np.random.default_rng(seed), 4, 400), 80)[0].mean() for seed in range(60)]
    assert 22 < sum(alike < 0.8 for alike in lines) < 40
    assert sum(alike > 0.9 for alike in lines) > 15
