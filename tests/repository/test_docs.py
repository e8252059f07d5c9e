"""README and docs name every command, flag and preset, and nothing that does not exist."""

import argparse
import re
from pathlib import Path

import pytest

from pyimagesearch.cli.main import build_parser
from pyimagesearch.presets import PRESETS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TEXTS = {str(path.relative_to(ROOT)).removeprefix("docs/"): path.read_text() for path in PAGES}
ALL = "\n".join(TEXTS.values())
DOORS = {"tfrecords": "create_tfrecords.py", "train": "train_srgan.py", "grid": "inference.py"}


def commands(parser: argparse.ArgumentParser, path: tuple[str, ...] = ()) -> dict[str, argparse.ArgumentParser]:
    """Every command that takes flags, such as `benchmark step`."""
    found = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, sub in action.choices.items():
                found |= commands(sub, (*path, name)) or {" ".join((*path, name)): sub}
    return found


COMMANDS = commands(build_parser())
FLAGS = [
    (name, flag)
    for name, sub in COMMANDS.items()
    for action in sub._actions
    for flag in action.option_strings
    if flag[:2] == "--" and flag != "--help"
]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_docs(name):
    assert f"srgan {name}" in ALL
    if name in DOORS:
        assert DOORS[name] in README


@pytest.mark.parametrize(("name", "flag"), FLAGS)
def test_every_flag_is_on_a_page_about_its_command(name, flag):
    pages = [text for text in TEXTS.values() if f"srgan {name}" in text or DOORS.get(name, "-") in text]
    assert any(re.search(rf"{flag}(?![a-z-])", text) for text in pages)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_in_the_table_with_time_and_score(name):
    preset = PRESETS[name]
    row = next(line for line in TEXTS["training.md"].splitlines() if line.startswith(f"| `{name}`"))
    assert preset.expected_time in row
    assert preset.expected_score in row


def test_every_make_target_is_real():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", ALL, re.MULTILINE))
    assert named <= targets
    assert {"demo", "test", "setup"} <= named


def test_the_docs_name_no_flag_that_does_not_exist():
    others = {"--logdir", "--backend-store-uri", "--help"}  # tensorboard's, mlflow's, and every command's
    others |= {"--nodes", "--ntasks-per-node", "--gpus-per-node", "--signal", "--requeue"}  # sbatch's
    others |= {"--input"}  # --input_name and --input_shape of onnxruntime's tools
    others |= {"--data-binary", "--now"}  # curl's, systemctl's
    others |= {"--rm", "--stop-timeout", "--read-only", "--tmpfs", "--gpus"}  # docker's
    assert set(re.findall(r"(?<!\w)--[a-z][a-z0-9-]+", ALL)) <= {flag for _, flag in FLAGS} | others


def test_every_endpoint_of_the_server_and_every_flag_of_it_is_in_its_page():
    from pyimagesearch.inference.mixture import Single
    from pyimagesearch.serving.app import create_app
    from pyimagesearch.serving.engine import Engine
    from pyimagesearch.serving.limits import Limits
    from pyimagesearch.serving.picture_workers import PictureWorkers
    from pyimagesearch.serving.service import Service
    from pyimagesearch.serving.store import Store

    app = create_app(Service(Engine(Single("bicubic")), PictureWorkers(pixels=1), Limits(1, 1, 1, 1), Store()))
    endpoints = [(method, path) for path, methods in app.openapi()["paths"].items() for method in methods]
    assert len(endpoints) == 21
    for method, path in endpoints:
        assert f"`{method.upper()} {path}`" in TEXTS["serving.md"]
    for action in COMMANDS["serve"]._actions:
        assert "--help" in action.option_strings or f"`{action.option_strings[-1]}" in TEXTS["serving.md"]


def test_the_defaults_in_the_servers_page_are_the_flags():
    rows = dict(re.findall(r"^\| `(--[a-z-]+) [A-Z]+` \| ([0-9.]+) \|", TEXTS["serving.md"], re.MULTILINE))
    assert len(rows) == 5
    for flag, value in rows.items():
        default = COMMANDS["serve"].get_default(flag[2:].replace("-", "_"))
        assert value == (str(default) if isinstance(default, str) else f"{default:.0f}")


def anchors(text: str) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", path.read_text()):
        if not target.startswith("https://"):
            page = path.parent / target if target else path
            assert page.exists(), target
            assert not anchor or anchor in anchors(page.read_text()), f"{target}#{anchor}"


def test_every_doc_is_one_hop_from_the_readme():
    for path in (ROOT / "docs").glob("*.md"):
        assert f"docs/{path.name}" in README
