"""`srgan serve --browser`: the files of ONNX Runtime Web are the known ones, or the command says what to do."""

import os
import shutil
import stat

import pytest
from helpers.optional_extras import need_export

from pyimagesearch.cli.main import main
from pyimagesearch.serving import browser_runtime

need_export()


@pytest.fixture
def refused(capsys):
    """refused(*flags) is the one line with which `srgan serve` ends with code 2."""

    def run(*flags: str) -> str:
        assert main(["serve", *flags]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        return err

    return run


def test_a_folder_without_the_files_or_with_others_is_refused(refused, tmp_path):
    assert "has no ort.wasm.min.mjs; it is to hold onnxruntime-web 1.30.0" in refused("--browser", str(tmp_path))
    (tmp_path / "dist").mkdir()
    for name in browser_runtime.FILES:
        (tmp_path / "dist" / name).write_text("another version")
    said = refused("--browser", str(tmp_path))
    assert f"{tmp_path}/dist/ort.wasm.min.mjs: is not that of onnxruntime-web 1.30.0" in said


def test_without_npm_and_with_an_npm_that_fails_the_line_says_what_to_do(refused, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "--browser needs npm once, to fetch onnxruntime-web 1.30.0; install it" in refused("--browser")
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho 'npm error code ENOTFOUND' >&2; exit 1\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    said = refused("--browser")
    assert "npm cannot fetch onnxruntime-web 1.30.0 (npm error code ENOTFOUND); try again, or unpack" in said
    assert not any((tmp_path / "cache").rglob("*"))  # nothing half


def test_bicubic_is_no_network_for_browsers(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(browser_runtime, "FILES", {})  # what is no matter here
    assert "--browser needs a network, and bicubic is none; name another by --model" in refused(
        "--model", "bicubic", "--browser", str(tmp_path), "--port", "0"
    )


@pytest.mark.slow
def test_npm_fetches_the_files_once(tmp_path, monkeypatch):
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine (Debian: apt-get install npm)")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = browser_runtime.find()
    assert sorted(os.listdir(folder)) == sorted(browser_runtime.FILES)
    monkeypatch.setenv("PATH", "")
    assert browser_runtime.find() == folder
