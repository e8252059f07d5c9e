"""One server process for all tests of the endpoints, and the application in this process for what needs no models."""

import pytest
from helpers import server_process, server_thread

from pyimagesearch.inference.mixture import Single
from pyimagesearch.serving.access import Access
from pyimagesearch.serving.app import create_app
from pyimagesearch.serving.engine import Engine
from pyimagesearch.serving.guard import Guard
from pyimagesearch.serving.limits import Limits
from pyimagesearch.serving.measured import Measured
from pyimagesearch.serving.picture_workers import PictureWorkers
from pyimagesearch.serving.service import Service
from pyimagesearch.serving.store import Store


@pytest.fixture(scope="session")
def model(save_generator):
    return str(save_generator("light", 4)[0])


@pytest.fixture(scope="session")
def server(models, tmp_path_factory):
    """A server of two models; it ends well, without a word of its own on stderr, and leaves no file where it ran."""
    folder = tmp_path_factory.mktemp("cwd")
    (folder / "setup.cfg").write_text("secret")
    limits = ["--max-bytes", server_process.MOST_BYTES, "--max-pixels", server_process.MOST_PIXELS]
    with server_process.serving("--model", models[0], "--gan-model", models[1], *limits, cwd=folder) as running:
        yield running
        assert running.stop() == 0
        assert [line for line in running.errors if "Invalid HTTP request" not in line] == []
        assert [path.name for path in folder.iterdir()] == ["setup.cfg"]


@pytest.fixture(scope="session")
def client(server):
    with server.client() as session:
        yield session


@pytest.fixture(scope="session")
def bicubic_server():
    """The service in a thread of this process, with bicubic in place of a model and the default limits."""
    limits = Limits()
    with Store() as store, PictureWorkers(pixels=limits.pixels) as workers:
        workers.wait_until_ready()
        service = Service(Engine(Single("bicubic")), workers, limits, store)
        app = create_app(service)
        guarded = Guard(Access(app, ["127.0.0.1"]), 41)
        measured = Measured(guarded, service.metrics, app.routes)
        with server_thread.serving(measured, service.metrics.bad_request) as running:
            running.workers = workers
            yield running
