"""Results on the disk: who has to make room, and names."""

import asyncio

import numpy as np
import pytest
from helpers.server_process import png

from pyimagesearch.inference.mixture import Single
from pyimagesearch.serving import formats
from pyimagesearch.serving import jobs as jobs_module
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.serving.job import Job
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.options import Options
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.places import Place
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.store import PREFIX, Store

SAMPLES = np.zeros((50, 50, 3), np.uint8)
MOST = SAMPLES.nbytes * 17 * 5 // 2  # two such pictures before their results are packed


@pytest.fixture(scope="module")
def workers():
    with PictureWorkers(pixels=10_000) as started:
        yield started


def test_room_is_made_by_those_that_were_fetched_then_by_the_oldest_but_not_in_their_first_minute(
    workers, tmp_path, monkeypatch
):
    workers.wait_until_ready()

    async def play():
        with Store(MOST, tmp_path) as store:
            service = Service(Engine(Single("bicubic")), workers, Limits(), store)

            async def job(name):
                made = Job(service.upscaling.task(Options({}, 4, formats.PNG)), Place(), kept=True)
                made.place.held = False
                await service.jobs.add_picture(made, name, await workers.decode(packed), alone=True)
                service.jobs.begin(made)
                await made.wait()
                while made.ended_at is None:
                    await asyncio.sleep(0.01)
                made.pictures[0].bytes = SAMPLES.nbytes * 17  # as of noise, which cannot be packed
                return made

            packed = png(SAMPLES)
            first, second = await job("first"), await job("second")
            with pytest.raises(ServiceError) as refused:  # both are new, and nobody has fetched them
                await job("third")
            assert (refused.value.status, refused.value.code) == (503, "busy")
            second.pictures[0].downloaded = True
            third = await job("third")
            assert {each.id for each in service.jobs} == {first.id, third.id}
            monkeypatch.setattr(jobs_module, "LEAST_KEPT", 0.0)
            fourth = await job("fourth")
            assert {each.id for each in service.jobs} == {third.id, fourth.id}
            names = {path.name for path in store.folder.iterdir()}
            kept = {path.name for each in service.jobs for path in each.pictures[0].files.values()}
            assert names == kept | {"lock"}
            service.jobs.cancel(third)
            service.jobs.cancel(fourth)
            assert [path.name for path in store.folder.iterdir()] == ["lock"]
        assert [*tmp_path.iterdir()] == []

    asyncio.run(play())


def test_only_folders_of_servers_that_have_ended_are_removed(tmp_path):
    for name in (f"{PREFIX}without_lock", "other"):
        (tmp_path / name).mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "other")
    left = tmp_path / f"{PREFIX}left"
    left.mkdir()
    (left / "lock").touch()
    (left / "file").write_text("of a killed server")
    with Store(base=tmp_path) as living:
        assert not left.exists()
        with Store(base=tmp_path):
            assert living.folder.exists()
        assert living.folder.stat().st_mode & 0o077 == 0
    assert {path.name for path in tmp_path.iterdir()} == {f"{PREFIX}without_lock", f"{PREFIX}link", "other"}


def test_names_of_results_are_distinct_also_where_capitals_do_not_count():
    given = ["a_x4.png", "A_x4.png", "a_x4.png", "a_x4 (2).png"]
    assert formats.distinct(given) == ["a_x4.png", "A_x4 (2).png", "a_x4 (3).png", "a_x4 (2) (2).png"]
