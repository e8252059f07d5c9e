"""README and docs name every command, flag and preset, and nothing that does not exist."""

import argparse
import re
from pathlib import Path

import pytest

from pyimagesearch.cli import build_parser
from pyimagesearch.presets import PRESETS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TEXTS = {path.name: path.read_text() for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
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
FLAGS = {
    flag for sub in COMMANDS.values() for action in sub._actions for flag in action.option_strings if flag[:2] == "--"
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_in_the_docs(name):
    assert f"srgan {name}" in ALL
    if name in DOORS:
        assert DOORS[name] in README


@pytest.mark.parametrize("flag", sorted(FLAGS - {"--help"}))
def test_every_flag_is_in_the_docs(flag):
    assert re.search(rf"`{flag}\b", ALL) or re.search(rf"{flag} ", ALL)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_in_the_readmes_table_with_time_and_score(name):
    preset = PRESETS[name]
    row = next(line for line in README.splitlines() if line.startswith(f"| `{name}`"))
    assert preset.expected_time in row
    assert preset.expected_score in row


def test_every_make_target_is_real():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", ALL, re.MULTILINE))
    assert named <= targets
    assert {"demo", "test", "setup"} <= named


def test_the_docs_name_no_flag_that_does_not_exist():
    others = {"--logdir", "--help"}  # tensorboard's, and every command's
    others |= {"--nodes", "--ntasks-per-node", "--gpus-per-node", "--signal", "--requeue"}  # sbatch's
    others |= {"--input"}  # --input_name and --input_shape of onnxruntime's tools
    assert set(re.findall(r"--[a-z][a-z0-9-]+", ALL)) <= FLAGS | others


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    folder = ROOT if name == "README.md" else ROOT / "docs"
    for target in re.findall(r"\]\(([^)#]+)", TEXTS[name]):
        assert target.startswith("https://") or (folder / target).exists(), target


def test_every_doc_is_one_hop_from_the_readme():
    for path in (ROOT / "docs").glob("*.md"):
        assert f"docs/{path.name}" in README
