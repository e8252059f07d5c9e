"""pyimagesearch.system.locks: one process at a time holds a folder, and nobody holds it after its death."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time

import pytest
from helpers.gcs_emulator import LocalGCS

from pyimagesearch.errors import InputError, RunError
from pyimagesearch.system import locks
from pyimagesearch.system.locks import CLAIM, Claim, hold

HOLDER = """
import sys
from pyimagesearch.system import locks
locks.SETTLE_S = 0.5
with locks.hold(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""
CONTENDER = """
import sys
from pyimagesearch.errors import InputError
from pyimagesearch.system import locks
locks.LEASE_S = 2.0
for _ in sys.stdin:
    try:
        with locks.hold(sys.argv[1]):
            pass
        print("held", flush=True)
    except InputError as error:
        print(error, flush=True)
"""


def holder(folder, **options):
    """A process that holds the folder until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
    )
    assert process.stdout.readline() == "held\n"
    return process


def end(process):
    process.kill()
    process.communicate()


def test_a_second_process_is_told_who_holds_the_folder_and_gets_it_after_a_kill(tmp_path):
    process = holder(tmp_path / "run")
    with pytest.raises(InputError) as refused, hold(str(tmp_path / "run")):
        pass
    end(process)
    said = str(refused.value)
    assert said.startswith(f"{tmp_path / 'run'}: this run is in use by ")
    assert f"process {process.pid};" in said or "another process;" in said  # not every file system lets /proc/locks say
    with hold(str(tmp_path / "run")) as lock:
        lock.check()
    assert list((tmp_path / "run").iterdir()) == []


def test_within_a_process_it_is_held_once_too(tmp_path):
    with hold(str(tmp_path)), pytest.raises(InputError), hold(str(tmp_path)):
        pass
    with hold(str(tmp_path)):
        pass


@pytest.mark.parametrize("again", [True, False])
def test_a_folder_that_is_removed_or_replaced_is_no_longer_held(tmp_path, again):
    folder = tmp_path / "run"
    with hold(str(folder)) as lock:
        folder.rename(tmp_path / "elsewhere")
        if again:
            folder.mkdir()
        with pytest.raises(RunError, match="was removed or replaced"):
            lock.check()


def test_a_folder_in_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(InputError, match=r"cannot be made \(Too many levels"), hold(str(tmp_path / "loop" / "run")):
        pass


# Claims are for buckets, and work on any folder.


def claim(folder, lease_s=0.4):
    return Claim(str(folder), lease_s=lease_s, settle_s=0.05)


def foreign(folder, **values):
    """Write the claim of another machine's process; changed `values` make it one that is renewed."""
    text = json.dumps({"token": "theirs", "host": "far", "pid": 7, "boot": "other", "lease_s": 0.3, **values})
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / CLAIM)


def test_a_claim_is_renewed_and_removed_at_the_end(tmp_path):
    with claim(tmp_path) as held:
        first = json.loads((tmp_path / CLAIM).read_text())
        wait_for(lambda: json.loads((tmp_path / CLAIM).read_text())["time"] > first["time"])
        held.check()
    assert list(tmp_path.iterdir()) == []


def test_the_claim_of_a_living_process_of_this_machine_is_refused_at_once(tmp_path):
    (tmp_path / CLAIM).write_text(json.dumps({"token": "theirs", "host": "here", "time": 0.0, **locks.this_process()}))
    with pytest.raises(InputError, match=f"in use by process {os.getpid()} on here"):
        claim(tmp_path, lease_s=60).__enter__()


def test_the_claim_of_a_dead_process_of_this_machine_is_taken_at_once(tmp_path):
    dead = {**locks.this_process(), "started": "1"}  # the number is in use again, by another process
    (tmp_path / CLAIM).write_text(json.dumps({"token": "theirs", "time": time.time(), **dead}))
    with claim(tmp_path, lease_s=60) as held:
        held.check()


def test_a_claim_that_another_machine_renews_is_refused(tmp_path):
    foreign(tmp_path, time=time.time(), lease_s=60)
    timer = threading.Timer(0.3, foreign, [tmp_path], {"time": time.time() + 1, "lease_s": 60})
    timer.start()
    with pytest.raises(InputError, match="in use by process 7 on far"):
        claim(tmp_path).__enter__()
    timer.join()


def test_a_claim_that_another_machine_no_longer_renews_expires(tmp_path):
    foreign(tmp_path, time=time.time() + 100)  # its clock is ahead
    began = time.monotonic()
    with claim(tmp_path) as held:
        assert time.monotonic() - began > 0.3
        held.check()


def test_a_claim_of_long_ago_is_not_waited_for(tmp_path):
    foreign(tmp_path, time=time.time() - 10_000, lease_s=60)
    with claim(tmp_path) as held:
        held.check()


def test_who_loses_a_claim_is_told_and_leaves_the_other_ones(tmp_path):
    with claim(tmp_path) as held:
        foreign(tmp_path, time=time.time())
        wait_for(lambda: raises(held.check))
        with pytest.raises(RunError, match="process 7 on far has claimed it"):
            held.check()
    assert json.loads((tmp_path / CLAIM).read_text())["token"] == "theirs"


def test_a_claim_that_cannot_be_renewed_is_lost_after_its_lease(tmp_path):
    with claim(tmp_path / "run") as held:
        shutil.rmtree(tmp_path / "run")
        (tmp_path / "run").write_text("in the way")
        wait_for(lambda: raises(held.check))
        with pytest.raises(RunError, match="could not be renewed"):
            held.check()


def raises(check):
    try:
        check()
    except RunError:
        return True
    return False


def wait_for(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_on_a_bucket_a_second_process_is_refused_and_a_killed_one_holds_nothing(tmp_path):
    with LocalGCS(tmp_path) as service:
        service.make_bucket("lab")
        environment = service.child()
        process = holder("gs://lab/run", env=environment)
        contender = subprocess.Popen(
            [sys.executable, "-c", CONTENDER, "gs://lab/run"],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip

        def answer():
            contender.stdin.write("now\n")
            return contender.stdout.readline()

        assert f"gs://lab/run: this run is in use by process {process.pid} on " in answer()
        end(process)
        assert service.names("lab") == [f"run/{CLAIM}"]
        assert answer() == "held\n"
        assert service.names("lab") == []
        contender.communicate()
        assert contender.returncode == 0
