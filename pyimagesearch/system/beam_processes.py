"""Beam's own runner with worker processes, and what it lacks: it waits for ever for a worker that died.

The pipeline runs in a process of its own, the driver, which starts the workers. They are one process group. A driver
whose worker dies ends; then the group is killed, and the pipeline is run again.
"""

import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import sys
import tempfile
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from pyimagesearch.errors import RunError
from pyimagesearch.system import beam

logger = logging.getLogger(__name__)

NOT_BY_PROXY = "no_grpc_proxy"  # environment variable of gRPC, which else reads no_proxy
MOST_DEATHS = 5  # one after the other, without progress


def run_in_processes(runner: beam.Runner, build: beam.Build, *, progress: Callable[[], int]) -> dict[str, int]:
    """Run a pipeline as `beam.run` does, again and again until no process of it dies on the way."""
    deaths, before = 0, progress()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        while (counters := _attempt(runner, build, log)) is None:
            now = progress()
            deaths, before = (1, now) if now > before else (deaths + 1, before)
            if deaths == MOST_DEATHS:
                raise RunError(
                    f"processes of Beam died {deaths} times in a row, and nothing was finished in between (the last "
                    f"said: {_last_line(log)}); where memory is short, give fewer direct_num_workers by `beam_option`; "
                    "the same command goes on"
                )
            logger.info("A worker process of Beam died; starting the workers again for what is left")
    return counters


def _attempt(runner: beam.Runner, build: beam.Build, log: Path) -> dict[str, int] | None:
    """The counters of a pipeline that ran to its end; None where a process died. Raises what the pipeline raised."""
    context = multiprocessing.get_context("spawn")  # a fork of a process with TensorFlow's threads would hang
    ours, theirs = context.Pipe()
    driver = context.Process(target=_drive, args=(pickle.dumps((runner, build)), theirs, log))
    driver.start()
    theirs.close()  # else its end would not be noticed
    try:
        answer = ours.recv()
    except (EOFError, ConnectionError):
        return None
    finally:
        assert driver.pid
        with contextlib.suppress(ProcessLookupError):  # of a driver that has not come to make its group
            os.killpg(driver.pid, signal.SIGKILL)
        driver.kill()
        driver.join()
        ours.close()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _drive(pickled: bytes, parent: Connection, log: Path) -> None:
    """The main function of a driver: sends the counters or an exception to its parent.

    pickled: the runner and what builds the pipeline, so that nothing they import prints before the log is there.
    """
    os.setsid()  # a group of its own with all workers; Ctrl-C reaches the parent alone
    sink = os.open(log, os.O_CREAT | os.O_TRUNC | os.O_WRONLY)  # Beam and its workers print hundreds of lines
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))  # workers find this package as we did
    # gRPC, by which workers talk to their driver, would ask a proxy of the environment for this machine itself.
    not_by_proxy = os.environ.get(NOT_BY_PROXY) or os.environ.get(NOT_BY_PROXY.replace("grpc_", "")) or ""
    os.environ[NOT_BY_PROXY] = ",".join(filter(None, (not_by_proxy, "localhost")))
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # Beam's threads end by an exception when their worker has died; its main thread goes on waiting.
    threading.excepthook = lambda _: os._exit(1)
    try:
        runner, build = pickle.loads(pickled)
        parent.send(beam.run_here(runner, build))
    except Exception as error:
        parent.send(_picklable(error))


def _end_with(parent: Connection) -> None:
    """Kill this driver and its workers when the parent is gone, however it ended."""
    with contextlib.suppress(EOFError, OSError):
        parent.recv()
    os.killpg(0, signal.SIGKILL)


def _picklable(error: Exception) -> Exception:
    """The error for another process: TensorFlow's cannot be sent."""
    return error if type(error).__module__.startswith("pyimagesearch") else RuntimeError(str(error))


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n") if log.exists() else []
    return next((line.strip()[:200] for line in reversed(lines) if line.strip()), "nothing")
