"""Extras of setup.cfg that tests can do without."""

import pytest


def need_export():
    """Skip a whole test file where the extra `export` is not installed."""
    for library in ("ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"):
        pytest.importorskip(library, reason=f'{library} is not installed: pip install -e ".[export]"')


def need_video():
    """Skip a whole test file where the extra `video` is not installed."""
    pytest.importorskip("av", reason='PyAV is not installed: pip install -e ".[video]"')


def need_art():
    """Skip a whole test file where the extra `art` is not installed."""
    for library in ("ai_edge_litert", "flatbuffers", "kagglehub"):
        pytest.importorskip(library, reason=f'{library} is not installed: pip install -e ".[art]"')
