"""ONNX Runtime Web for tests: fetched by npm into the user's cache the first time."""

import shutil
from pathlib import Path

import pytest

from pyimagesearch.serving import browser_runtime


def found() -> Path:
    """The folder of its files; skips the test where they are not there and npm, which fetches them, is not either."""
    if not shutil.which("npm") and not (browser_runtime.cache() / browser_runtime.NAME).is_dir():
        pytest.skip("onnxruntime-web is not here, and no npm to fetch it (Debian: apt-get install npm)")
    return browser_runtime.find()
