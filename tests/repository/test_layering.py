"""Imports run one way: a room imports only rooms below it, or of its own folder."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pyimagesearch

PACKAGE = Path(pyimagesearch.__file__).parent
ROOT = PACKAGE.parent
# From top to bottom; rooms on one line do not import each other. A new room has to find its place here.
FLOORS = (
    ("create_tfrecords.py", "train_srgan.py", "inference.py", "__main__.py"),
    ("cli",),
    ("benchmarks",),
    ("training", "serving"),
    ("export",),
    ("evaluation", "art"),
    ("inference",),
    ("models", "data", "losses.py", "presets"),
    ("config.py", "images"),
    ("config_groups.py", "system"),
    ("errors.py", "__init__.py"),
)
DOOR_NAMES = FLOORS[0]
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(PACKAGE.rglob("*.py"))
CLI = sorted(str(path.relative_to(PACKAGE)) for path in (PACKAGE / "cli").glob("*.py"))
DOORS = sorted(ROOT.glob("*.py"))  # none where the package is installed without its repository


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE) if path.is_relative_to(PACKAGE) else path.relative_to(ROOT)
    return relative.parts[0]


def imports(tree: ast.AST) -> list[str]:
    """The dotted names that a module, or a part of it, imports; of `from a import b` both a and a.b."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports would hide from this test"
            found += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return found


def rooms_imported(tree: ast.AST) -> set[str]:
    names = [name.split(".") for name in imports(tree)]
    inside = {parts[1] for parts in names if parts[0] == "pyimagesearch" and len(parts) > 1}
    return {room for name in inside for room in (name, f"{name}.py") if room in FLOOR_OF and room not in DOOR_NAMES}


def libraries_at_module_level(path: Path) -> set[str]:
    """What importing the module imports at once: everything outside of functions."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = []
    return {name.split(".")[0] for name in imports(tree)} - {"pyimagesearch"}


def outside_the_standard_library(path: Path) -> set[str]:
    return {name for name in libraries_at_module_level(path) if name not in sys.stdlib_module_names}


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_modules_to_check():
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", MODULES + DOORS, ids=short)
def test_a_room_imports_only_rooms_below_it_or_of_its_own_folder(path):
    room = room_of(path)
    assert room in FLOOR_OF, f"{short(path)}: give the room {room} a floor in this test"
    above = {
        other
        for other in rooms_imported(ast.parse(path.read_text()))
        if other != room and FLOOR_OF[other] <= FLOOR_OF[room]
    }
    assert not above, f"{short(path)} imports {sorted(above)}, which are not below {room}"


@pytest.mark.parametrize("path", DOORS, ids=short)
def test_a_door_only_calls_the_command_line(path):
    assert rooms_imported(ast.parse(path.read_text())) == {"cli"}
    assert outside_the_standard_library(path) == set()


@pytest.mark.parametrize(
    "name",
    [
        "system/gcs.py",
        "config.py",
        "config_groups.py",
        *[f"presets/{name}.py" for name in ("__init__", "base", "own", "papers")],
        "errors.py",
        "__main__.py",
        "export/formats.py",
        "art/style_settings.py",
        "__init__.py",
        *CLI,
    ],
)
def test_what_help_needs_imports_only_the_standard_library(name):
    assert outside_the_standard_library(PACKAGE / name) == set()


@pytest.mark.parametrize("path", sorted((PACKAGE / "models").rglob("*.py")), ids=short)
def test_models_need_only_keras_and_numpy(path):
    assert outside_the_standard_library(path) <= {"keras", "numpy"}
    assert not {name for name in imports(ast.parse(path.read_text())) if name.split(".")[0] == "tensorflow"}


@pytest.mark.parametrize("name", ["losses.py", "evaluation/metrics.py"])
def test_losses_and_metrics_run_on_any_backend_of_keras(name):
    assert outside_the_standard_library(PACKAGE / name) <= {"keras", "numpy"}
    assert not {found for found in imports(ast.parse((PACKAGE / name).read_text())) if found.startswith("tensorflow")}


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_a_module_is_short_enough_to_be_read_at_once(path):
    assert len(path.read_text().splitlines()) <= 260


HELP = """
import runpy, sys
sys.argv = ["pyimagesearch", *sys.argv[1:]]
try:
    runpy.run_module("pyimagesearch", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
slow = {"tensorflow", "keras", "cv2", "numpy", "matplotlib", "PIL", "skimage", "tensorflow_datasets"} & set(sys.modules)
assert not slow, slow
"""


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        ("--help", "COMMAND"),
        ("train --help", "presets:"),
        ("export --help", "{savedmodel,onnx,tflite}"),
        ("--version", "srgan 0"),
    ],
)
def test_help_answers_without_loading_a_library(arguments, answer):
    ended = subprocess.run(
        [sys.executable, "-c", HELP, *arguments.split()], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    assert answer in ended.stdout


def test_wrong_flags_are_refused_without_loading_tensorflow():
    program = (
        "import sys; from pyimagesearch.cli.main import main;"
        "code = main(['train', '--device', 'cpu', '--preset', 'none']);"
        "assert code == 2, code; assert 'tensorflow' not in sys.modules"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.startswith("srgan: unknown preset none")
