"""Rates that are measured, and times that are foreseen from them."""

import math

import numpy as np
import pytest

from pyimagesearch.inference.mixture import Single
from pyimagesearch.serving import capacity
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.forecast import Arrivals, Rate
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


def test_what_comes_before_is_foreseen_as_more_of_what_came_in_the_last_minute():
    clock = Clock()
    arrivals = Arrivals(clock)
    assert arrivals.end_of(work=8, due=clock.now + 1000) == 8
    for _ in range(60):  # half a second of work comes each second, and waits for 2 s for later ones
        clock.now += 1
        arrivals.add(0.5, patience=2)
    patient = arrivals.end_of(work=8, due=clock.now + 1000)
    assert patient == pytest.approx(16, rel=0.05)  # t = 8 + t / 2
    hasty = arrivals.end_of(work=8, due=clock.now + 6)  # overtaken only by those of the next 4 s
    assert hasty == pytest.approx(10, rel=0.05)
    assert arrivals.end_of(work=8, due=clock.now) == 8
    clock.now += 61
    assert arrivals.end_of(work=8, due=clock.now + 1000) == 8


def test_more_short_work_than_the_machine_can_do_is_no_endless_wait():
    clock = Clock()
    arrivals = Arrivals(clock)
    for _ in range(60):
        clock.now += 1
        arrivals.add(3, patience=12)
    assert arrivals.end_of(work=8, due=clock.now + 40) == pytest.approx(8 + 3 * 28, rel=0.05)


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
