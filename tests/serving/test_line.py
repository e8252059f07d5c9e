"""The line and its places: who is let in, who is next, how long it takes."""

import asyncio
import threading
import time

import pytest
from fastapi import Request

from pyimagesearch.inference.tiles import LARGEST_TILE
from pyimagesearch.serving import places as places_module
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.formats import PNG, Kind
from pyimagesearch.serving.job import Job
from pyimagesearch.serving.jobs import Jobs
from pyimagesearch.serving.line import Line, busy
from pyimagesearch.serving.metrics import Metrics
from pyimagesearch.serving.picture_workers import Decoded
from pyimagesearch.serving.places import Place, Places
from pyimagesearch.serving.store import Store
from pyimagesearch.serving.task import Plan, Task
from pyimagesearch.serving.ticket import LANES, Ticket


def request():
    return Request({"type": "http", "state": {}})


def places(most):
    return Places(most, lambda: busy(1))


def test_places_are_given_back():
    async def ask():
        two = places(2)
        taken = [two.place(request()) for _ in range(2)]
        for place in taken:
            await anext(place)
        with pytest.raises(ServiceError) as refused:
            await anext(two.place(request()))
        assert refused.value.status == 503
        await taken[0].aclose()
        await anext(two.place(request()))

    asyncio.run(ask())


def test_the_place_of_a_job_outlives_its_request():
    async def ask():
        one, first = places(1), request()
        entered = one.place(first)
        await anext(entered)
        first.state.place.handed_over = True
        await entered.aclose()
        with pytest.raises(ServiceError):
            await anext(one.place(request()))
        one.leave(first.state.place)
        await anext(one.place(request()))

    asyncio.run(ask())


def test_an_upload_that_takes_long_leaves_its_place_to_another(monkeypatch):
    monkeypatch.setattr(places_module, "PROTECTED_SECONDS", 0.0)

    async def ask():
        one, slow, quick = places(1), request(), request()
        await anext(one.place(slow))

        async def upload():
            async with one.upload(slow):
                await anext(one.place(quick))
                await asyncio.Event().wait()

        with pytest.raises(ServiceError) as refused:
            await upload()
        assert refused.value.status == 503
        async with one.upload(quick):
            pass
        with pytest.raises(ServiceError):  # its picture is being worked on: it keeps its place
            await anext(one.place(request()))

    asyncio.run(ask())


class Works:
    """Pictures of some tiles each, whose work waits for `tile` to be given; `log` tells what was worked on."""

    def __init__(self, line):
        self.line, self.log, self.tile = line, [], threading.Semaphore(0)

    def ticket(self, name, seconds, tiles=1, before=0.0, takes=0.0, pieces=1):
        tile = LARGEST_TILE**2

        def work(ticket):
            for _ in range(tiles):
                self.log.append(name)
                self.tile.acquire()
                time.sleep(takes)
                self.line.tile_done(ticket, tile)
            return name

        return Ticket(name, work, seconds=seconds, pixels=tiles * tile, piece=pieces * tile, before=before)

    def give(self, tiles):
        for _ in range(tiles):
            self.tile.release()

    async def begun(self, count):
        async with asyncio.timeout(20):
            while len(self.log) < count:
                await asyncio.sleep(0.005)


def run(play, **limits):
    async def whole():
        works = Works(Line(**({"most_seconds": 1000} | limits)))
        await play(works)

    asyncio.run(whole())


def test_short_ones_come_first_and_one_is_worked_on_at_a_time():
    async def play(works):
        first = works.ticket("first", 50)
        works.line.add([first])
        await works.begun(1)
        others = [works.ticket(name, seconds) for name, seconds in (("long", 40), ("short", 1), ("middle", 10))]
        works.line.add(others)
        assert [ticket.owner for ticket in works.line.ahead_of(others[0])] == ["short"]
        assert [ticket.owner for ticket in works.line.ahead_of(others[2])] == ["long", "short"]
        works.give(4)
        ended = await asyncio.gather(*(ticket.future for ticket in [first, *others]))
        assert ended == ["first", "long", "short", "middle"]
        assert works.log == ["first", "short", "long", "middle"]

    run(play)


def test_lanes_share_the_time_so_that_none_waits_for_all_of_another():
    async def play(works):
        works.give(100)
        works.line.add([works.ticket("first", 50, takes=0.05)])
        await works.begun(1)
        short = [works.ticket("short", 0.1, takes=0.05) for _ in range(12)]
        long = [works.ticket("long", 20, takes=0.05) for _ in range(4)]
        works.line.add([*short, *long])
        await asyncio.gather(*(ticket.future for ticket in [*short, *long]))
        assert works.log[1] == "short"
        place_of_last_long = max(place for place, name in enumerate(works.log) if name == "long")
        assert 7 <= place_of_last_long <= 10, works.log  # turn by turn, not after all the short ones, nor before them

    run(play)


def test_a_lane_that_was_empty_saves_up_no_time():
    async def play(works):
        works.give(100)
        before = [works.ticket("short", 0.1, takes=0.05) for _ in range(8)]
        works.line.add(before)
        await asyncio.gather(*(ticket.future for ticket in before))
        works.line.add([works.ticket("first", 0.1, takes=0.05)])
        await works.begun(9)
        late = [
            *(works.ticket("long", 20, takes=0.05) for _ in range(6)),
            *(works.ticket("short", 0.1) for _ in range(3)),
        ]
        works.line.add(late)
        await asyncio.gather(*(ticket.future for ticket in late))
        assert works.log.index("short", 9) <= 12, works.log

    run(play)


def test_a_short_one_goes_between_the_tiles_of_a_long_one():
    async def play(works):
        long = works.ticket("long", 100, tiles=3)
        works.line.add([long])
        await works.begun(1)
        works.line.add([works.ticket("short", 1), works.ticket("too long for that", 60)])
        works.give(5)
        await long.future
        assert works.log[:4] == ["long", "short", "long", "long"]

    run(play)


def test_a_job_of_many_pictures_waits_like_one_long_one():
    async def play(works):
        works.line.add([works.ticket("first", 50)])
        await works.begun(1)
        time.sleep(0.1)  # which the lane of the long ones is charged
        many = [works.ticket("many", 3, before=3 * number) for number in range(4)]
        works.line.add([*many, works.ticket("one", 4)])
        works.give(6)
        await many[-1].future
        assert works.log == ["first", "many", "one", "many", "many", "many"]

    run(play)


def test_who_leaves_is_never_worked_on_and_who_is_worked_on_is_stopped_at_the_next_tile():
    async def play(works):
        tickets = [works.ticket(str(number), 50, tiles=2) for number in range(3)]
        works.line.add(tickets)
        await works.begun(1)
        works.line.leave(tickets[0])
        works.line.leave(tickets[1])
        works.give(3)
        ended = await asyncio.gather(*(ticket.future for ticket in tickets), return_exceptions=True)
        assert [type(each) for each in ended] == [asyncio.CancelledError, asyncio.CancelledError, str]
        assert works.log == ["0", "2", "2"]

    run(play)


def test_time_counts_from_the_first_tile():
    async def play(works):
        late = works.ticket("late", 50, tiles=2)
        works.line.add([works.ticket("first", 1), late])
        await works.begun(1)
        time.sleep(0.3)  # the late one waits for longer than it may take
        works.give(2)
        await works.begun(3)
        works.give(1)
        assert await late.future == "late"
        slow = works.ticket("slow", 50, tiles=2)
        works.line.add([slow])
        await works.begun(4)
        time.sleep(0.3)
        works.give(1)
        with pytest.raises(ServiceError) as refused:
            await slow.future
        assert (refused.value.status, refused.value.code) == (504, "too_slow")
        whole = works.ticket("whole", 50)
        works.line.add([whole])
        await works.begun(5)
        time.sleep(0.3)
        works.give(1)
        assert await whole.future == "whole"  # it took too long, but nothing is left of it to be saved

    run(play, most_each=0.25)


def test_the_end_of_a_picture_is_foreseen_from_the_lanes():
    async def play(works):
        works.line.add([works.ticket("first", 40, tiles=2)])
        await works.begun(1)
        short, long = works.ticket("short", 4), works.ticket("long", 20)
        works.line.add([short, long])
        assert len(LANES) == 3
        # The tile at work, then half of the time, which the other lane has too.
        assert works.line.seconds_until_done(short) == pytest.approx(20 + 8, rel=0.1)
        alone = 4 + 40 + 20  # the short one, the long ones before it, itself
        assert alone < works.line.seconds_until_done(long) < 2 * alone
        works.give(4)
        await long.future

    run(play)


def test_who_waits_for_another_lane_waits_for_a_whole_piece_of_its_work():
    async def play(works):
        long = works.ticket("long", 40, tiles=4, pieces=2)
        works.line.add([long])
        await works.begun(1)
        short = works.ticket("short", 4)
        works.line.add([short])
        assert works.line.seconds_until_done(short) == pytest.approx(20 + 8, rel=0.1)
        works.give(5)
        await long.future

    run(play)


def test_work_that_takes_too_long_teaches_the_rate(noise):
    """The disk, the line and its thread are those of a server; no worker processes, since there is no result."""
    learnt = []

    def work(_samples, on_pixels):
        for _ in range(4):
            time.sleep(0.1)
            on_pixels(1)

    def plan(samples):
        kind = Kind(samples[0].shape, samples[0].dtype.str)
        return Plan(kind, 4, 1, 0.1, work, lambda part, seconds: learnt.append((part, seconds)))

    async def whole():
        with Store() as store:
            line = Line(1000, most_each=0.15)
            jobs = Jobs(None, store, line, places(1), Metrics())
            job = Job(Task(plan, "late", PNG), Place(), kept=True)
            await jobs.add_picture(job, "a.png", Decoded(noise(8, 8), b""), alone=True)
            jobs.begin(job)
            await job.wait()
            assert job.pictures[0].error.code == "too_slow"

    asyncio.run(whole())
    ((part, seconds),) = learnt
    assert part == 0.5
    assert seconds >= 0.2


def test_a_full_line_says_when_there_will_be_room():
    async def play(works):
        works.line.add([works.ticket("a", 60), works.ticket("b", 35)])
        works.line.check_room(4)
        with pytest.raises(ServiceError) as refused:
            works.line.check_room(30)
        assert (refused.value.status, refused.value.code) == (503, "busy")
        assert 20 <= int(refused.value.headers["Retry-After"]) <= 25
        with pytest.raises(ServiceError) as refused:
            works.line.check_room(101)
        assert (refused.value.status, refused.value.code) == (413, "too_much_work")
        works.give(2)

    run(play, most_seconds=100)
