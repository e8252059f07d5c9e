"""The public Python API: lazy, documented, and its examples run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import pyimagesearch

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text()


def test_importing_the_package_is_quick_and_loads_no_library():
    program = (
        "import sys, time; start = time.perf_counter(); import pyimagesearch; "
        "slow = {'tensorflow', 'keras', 'numpy', 'cv2', 'PIL'} & set(sys.modules); assert not slow, slow"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", pyimagesearch.__all__)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(pyimagesearch, name)
    assert name in dir(pyimagesearch)
    if name != "__version__":
        assert f"`{name}" in PAGE
        assert getattr(pyimagesearch, name).__doc__


def test_a_name_that_is_none_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'upscaler'"):
        pyimagesearch.upscaler  # noqa: B018


@pytest.mark.slow
def test_the_examples_of_the_page_run(records, folders, tmp_path):
    examples = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(examples) >= 3
    names = {"RECORDS": records, "RUN": str(tmp_path / "run"), "PHOTOS": str(folders[0])}
    for example in examples:
        exec(example, names)
    assert (tmp_path / "run" / "models" / "generator.keras").exists()
