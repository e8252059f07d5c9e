"""The page of `srgan serve` in Firefox: the whole way of one picture and of several, by keyboard alone."""

import io
import zipfile

import numpy as np
import pytest
from helpers.browser import pixels
from helpers.firefox import firefox
from helpers.server_process import png, serving

pytestmark = pytest.mark.slow

# What the page says while it works, each word once and in order.
LISTEN = """(() => {
  window.phases = [];
  new MutationObserver(() => {
    const phase = document.querySelector("#phase").textContent;
    if (phase && window.phases.at(-1) !== phase) window.phases.push(phase);
  }).observe(document.querySelector("#phase"), { childList: true, characterData: true, subtree: true });
  window.parts = [];
  new MutationObserver(() => window.parts.push(document.querySelector("#bar").value)).observe(
    document.querySelector("#bar"), { attributes: true });
})()"""
DONE = "document.querySelector('#download').checkVisibility()"


def test_the_whole_way_works_in_firefox_by_keys_alone(noise, tmp_path, models):
    large = tmp_path / "large.png"
    large.write_bytes(png(noise(800, 900)))
    with firefox() as someone, serving("--model", models[0], "--max-pixels", 600_000) as server:
        someone.open(f"{server.url}/")
        someone.wait("document.body.innerText.includes('Up to')")
        someone.run(LISTEN)
        someone.give(large)
        someone.wait("document.activeElement.id === 'go'")  # the question
        someone.tab_to("[name=fit]:checked")
        someone.press("ArrowDown")  # a part of it
        someone.tab_to("#go")
        someone.press("Enter")
        someone.wait(DONE)
        phases, parts = someone.run("window.phases"), someone.run("window.parts")
        assert phases[0] == "Reading the picture"
        assert phases[-1] == "Enlarging"
        assert "Uploading" in phases
        assert any(0 < part < 1 for part in parts)  # tiles, one after the other
        someone.press("0", "1")
        someone.tab_to("#download")
        someone.press("Enter")
        saved = pixels(someone.downloaded("large_x4.png"))
        assert saved.shape[0] * saved.shape[1] == pytest.approx(16 * 600_000, rel=0.01)

        small = [tmp_path / f"{name}.png" for name in "ab"]
        for path, side in zip(small, (8, 12), strict=True):
            path.write_bytes(png(np.full((side, side, 3), side, np.uint8)))
        (tmp_path / "notes.txt").write_text("no picture")
        someone.give(*small, tmp_path / "notes.txt")
        someone.wait(f"document.querySelector('#many').checkVisibility() && {DONE}")
        someone.tab_to("#download")
        someone.press("Enter")
        with zipfile.ZipFile(io.BytesIO(someone.downloaded("2 pictures.zip"))) as archive:
            assert archive.testzip() is None
            assert {name: pixels(archive.read(name)).shape for name in archive.namelist()} == {
                "a_x4.png": (32, 32, 3), "b_x4.png": (48, 48, 3),
            }  # fmt: skip

        someone.open(f"{server.url}/docs")
        someone.open(f"{server.url}/")
        someone.wait("document.querySelectorAll('#results li').length === 3")
        assert someone.faults == []
