"""Rates that are measured, and times that are foreseen from them."""

import math

import numpy as np
import pytest

from pyimagesearch.inference.mixture import Single
from pyimagesearch.serving import capacity
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.forecast import Arrivals, Rate, seconds_until_done
from pyimagesearch.serving.limits import ONE_TILE, Limits


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_rate_follows_what_is_measured():
    rate = Rate(1e-6, fixed=0.1)
    assert rate(1_000_000) == pytest.approx(1.1)
    for _ in range(40):
        rate.add(1_000_000, 3.1)  # three times as slow from now on
    assert rate(1_000_000) == pytest.approx(3.1, rel=0.1)
    rate.add(100, 0.05)  # less than a picture's fixed time: no pixel takes less than nothing
    assert rate(0) == pytest.approx(0.1)


def test_what_will_come_is_foreseen_as_what_came_in_the_last_minute():
    clock = Clock()
    arrivals = Arrivals(2, clock)
    assert arrivals.rates() == [0, 0]
    for _ in range(60):
        clock.now += 1
        arrivals.add(1, 0.5)
    assert arrivals.rates() == pytest.approx([0, 0.5], rel=0.05)
    arrivals.add(0, 12)
    assert arrivals.rates() == pytest.approx([0.2, 0.5], rel=0.05)
    clock.now += 61
    assert arrivals.rates() == [0, 0]


def played(work, others, step=0.001):
    """The same second by second: equal parts for all lanes that have work, what a lane does not need for the others."""
    now, lanes = 0.0, [[left, rate] for left, rate in others]
    while work > 0:
        needs = [left + rate * step for left, rate in lanes]
        part, free, hungry = step, step, 1 + len(lanes)
        for need in sorted(needs):  # those that need less than an equal part leave the rest to the others
            part = free / hungry
            if need > part:
                break
            free, hungry = free - need, hungry - 1
        else:
            part = free
        work -= part
        lanes = [[max(0.0, need - part), rate] for need, (_, rate) in zip(needs, lanes, strict=True)]
        now += step
    return now


@pytest.mark.parametrize(
    ("work", "others"),
    [
        (8, []),
        (8, [(0, 0)]),
        (8, [(100, 0)]),
        (8, [(3, 0), (100, 0)]),
        (8, [(0, 0.25)]),
        (8, [(2, 0.25), (4, 0.1)]),
        (8, [(1, 0.9), (5, 0)]),
        (1, [(1, 0.9), (50, 2)]),
    ],
)
def test_lanes_that_share_the_time_end_when_they_would_second_by_second(work, others):
    assert seconds_until_done(work, others) == pytest.approx(played(work, others), rel=0.02)


def test_the_largest_picture_is_one_that_this_machine_can_do(model, monkeypatch):
    engine = Engine(Single(model))
    rate = capacity.seconds_per_pixel(engine)
    assert 0 < rate < 1e-3
    free, plenty = 64 << 30, 1 << 50
    monkeypatch.setattr("pyimagesearch.system.memory.available", lambda: free)
    limits = Limits(seconds=60)
    most = capacity.most_pixels(engine, 1e-5, limits, plenty)
    assert 3_000_000 < most < 60 / 1e-5
    side = math.isqrt(most)
    assert engine.seen_pixels(side, side) * 1e-5 < 60
    assert capacity.most_pixels(engine, 2e-5, limits, plenty) == pytest.approx(most / 2, rel=0.1)
    small_disk = capacity.most_pixels(engine, 1e-5, limits, 100_000_000)
    assert small_disk * 3 * 16 < 100_000_000
    free = 3 << 30
    assert capacity.most_pixels(engine, 1e-8, limits, plenty) * 3 * 16 * 2 < free
    assert capacity.most_pixels(engine, 1.0, limits, plenty) == ONE_TILE
    assert np.all([capacity.most_pixels(engine, 1e-12, limits, plenty) <= capacity.HIGHEST])
