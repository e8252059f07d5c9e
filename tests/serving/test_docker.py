"""The Dockerfiles, as far as that is possible without Docker: their steps in a fresh folder and environment."""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
import numpy as np
import pytest
from helpers.server_process import pixels, png, wait_until

from pyimagesearch.cli.main import build_parser

ROOT = Path(__file__).parents[2]
OF_THE_SYSTEM = ("apt-get", "useradd")  # first words of the RUN steps that change more than one folder
NOBODY = 65534  # a user whom every Linux has


def steps(name):
    """(instruction, rest) of each line of a Dockerfile."""
    text = re.sub(r"^#.*\n", "", (ROOT / name).read_text(), flags=re.MULTILINE)
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]


def only(found, instruction):
    """The rest of the one line with this instruction."""
    (rest,) = [rest for name, rest in found if name == instruction]
    return rest


def copies(found):
    """(sources, target) of each COPY."""
    return [(words[:-1], words[-1]) for words in (shlex.split(rest) for name, rest in found if name == "COPY")]


CPU = steps("Dockerfile")


def test_the_image_for_gpus_differs_in_its_extra_and_in_what_nvidia_needs():
    gpu = steps("Dockerfile.gpu")
    nvidia = ("ENV", "NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility")
    assert [(name, rest.replace("[gpu,", "[cpu,")) for name, rest in gpu if (name, rest) != nvidia] == CPU
    assert nvidia in gpu


def test_docker_is_sent_what_is_copied_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text().split()
    assert lines[0] == "*"
    sent = {line[1:] for line in lines if line.startswith("!")}
    assert sent == {Path(source).parts[0] for sources, _ in copies(CPU) for source in sources}
    assert all((ROOT / source).exists() for sources, _ in copies(CPU) for source in sources)


def test_it_serves_at_the_port_that_is_exposed_and_whose_health_is_checked_and_not_as_root():
    port = only(CPU, "EXPOSE")
    command = json.loads(only(CPU, "ENTRYPOINT")) + json.loads(only(CPU, "CMD"))
    assert command[0] == "srgan"
    assert build_parser().parse_args(command[1:]).port == int(port)
    assert f"127.0.0.1:{port}/healthz" in only(CPU, "HEALTHCHECK")
    names = [name for name, _ in CPU]
    assert names.index("USER") > max(number for number, name in enumerate(names) if name in ("RUN", "COPY"))
    assert f" {only(CPU, 'USER')}" in next(rest for _, rest in CPU if rest.startswith("useradd"))


def as_nobody():
    """What makes subprocess run a command as another user, where this one is root."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def python_that_others_can_run():
    """The Python that runs this test, or that of the system where the first lies in the home of root."""
    for python in (sys._base_executable, "/usr/bin/python3"):
        check = [python, "-c", "import ensurepip, sys; sys.exit(sys.version_info < (3, 11))"]
        try:
            if subprocess.run(check, cwd="/", env={}, check=False, **as_nobody()).returncode == 0:
                return python
        except OSError:
            pass
    pytest.skip("no Python 3.11 or newer that other users can run")


class Container:
    """A folder in the place of WORKDIR, and an environment in the place of the image's Python."""

    def __init__(self, folder):
        self._folder, self._home = folder / "srgan", folder / "python"
        subprocess.run([python_that_others_can_run(), "-m", "venv", self._home], check=True)
        self._environment = {"PATH": f"{self._home}/bin:/usr/bin:/bin", "HOME": "/nonexistent"}

    def build(self):
        """COPY and RUN, in their order; what concerns the whole system is left out."""
        for name, rest in CPU:
            if name == "WORKDIR":
                self._folder.mkdir()
            elif name == "COPY":
                self._copy(*shlex.split(rest))
            elif name == "RUN" and not rest.startswith(OF_THE_SYSTEM):
                command = re.sub(r"--mount=\S+ ", "", rest)
                of_pip = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
                subprocess.run(command, shell=True, check=True, cwd=self._folder, env=self._environment | of_pip)

    def _copy(self, *words):
        *sources, target = words
        for source in sources:
            if (ROOT / source).is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / source, self._folder / target, ignore=ignored, dirs_exist_ok=True)
            else:
                (self._folder / target).mkdir(exist_ok=True)
                shutil.copy(ROOT / source, self._folder / target)

    def start(self, command):
        """As the container's one process, and not as root."""
        return subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stderr=subprocess.PIPE, **as_nobody()
        )  # fmt: skip


@pytest.fixture
def folder():
    """Like tmp_path, but one that other users can read."""
    made = Path(tempfile.mkdtemp(prefix="srgan-docker-", dir="/var/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
def test_the_steps_make_a_server_that_answers_is_healthy_and_ends(folder):
    """Of the image it has neither the system nor its Python, which is the one that runs this test."""
    container = Container(folder)
    container.build()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    exposed = only(CPU, "EXPOSE")
    command = [port if word == exposed else word for word in json.loads(only(CPU, "ENTRYPOINT"))]
    options, _, checked = only(CPU, "HEALTHCHECK").partition(" CMD ")
    assert re.fullmatch(r"(--[a-z-]+=\d+[sm] ?)+", options)
    check = [word.replace(f":{exposed}/", f":{port}/") for word in json.loads(checked)]
    assert check != json.loads(checked)

    def is_healthy():
        with container.start(check) as checking:
            checking.communicate()
        return checking.returncode == 0

    with container.start(command + json.loads(only(CPU, "CMD"))) as server:
        try:
            wait_until(is_healthy, 120)
            answer = httpx.post(
                f"http://127.0.0.1:{port}/v1/upscale", content=png(np.zeros((9, 12, 3), np.uint8)), timeout=60
            )
            assert pixels(answer.content).shape == (36, 48, 3)
            server.send_signal(signal.SIGTERM)
            assert server.wait(70) == 0
            assert server.stderr.read() == b""
        finally:
            server.kill()
    assert not is_healthy()
