"""The page of `srgan serve` in a real browser: a picture in, its result, its errors."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.browser import PHONE, pixels
from helpers.server_process import png, serving

import pyimagesearch

pytest_plugins = ["helpers.browser"]
PAGE = Path(pyimagesearch.__file__).parent / "serving" / "page"


@pytest.fixture(scope="module")
def server(browser, models):  # noqa: ARG001 - none where there is no browser
    with serving("--model", models[0], "--gan-model", models[1]) as running:
        yield running


def test_a_picture_comes_back_larger_and_is_saved_as_the_api_gives_it(visit, noise):
    someone, picture = visit(), png(noise(18, 24))
    someone.enlarge(picture)
    assert someone.page.evaluate("document.querySelector('#stage img.after').naturalWidth") == 96
    assert "24x18→96x72" in someone.facts()
    assert someone.page.get_by_role("status").inner_text() == "Done: 96 by 72 pixels."
    name, saved = someone.download()
    assert name == "holiday_x4.png"
    assert saved == someone.ask(picture, format="png")
    asked = len(someone.posts)
    for name, ending in (("jpeg", "jpg"), ("webp", "webp")):
        someone.page.select_option("#format", name)
        someone.page.fill("#quality", "60")
        someone.page.locator("#quality").dispatch_event("change")
        truth = someone.ask(picture, format=name, quality=60)
        someone.page.locator("#weight", has_text=f"{len(truth) / 1e3:.2g} kB").wait_for()
        assert someone.download() == (f"holiday_x4.{ending}", truth)
    someone.page.fill("#width", "50")
    someone.page.locator("#width").dispatch_event("change")
    name, saved = someone.download()
    assert (name, pixels(saved).shape[:2]) == ("holiday_50px.webp", (38, 50))
    assert len(someone.posts) == asked  # of the result that was there
    someone.page.click("#another")
    assert someone.page.is_visible("#pick")
    someone.enlarge(png(noise(8, 8)))
    assert "32x32" in someone.facts()


def test_the_mix_that_is_seen_is_the_one_that_is_saved(visit, noise):
    someone, picture = visit(), png(noise(18, 24))
    someone.enlarge(picture)
    someone.page.click("#exact")
    someone.page.focus("#stage .divider")
    someone.page.keyboard.press("Home")  # all of it is "after"
    clear = np.s_[40:, 40:]  # of the handle and of the words beside it
    for part in (0, 0.3, 1):
        someone.slide("crisp", part)
        truth = pixels(someone.ask(picture, crisp=part))
        assert np.abs(someone.seen()[clear].astype(int) - truth[clear]).max() <= 1
        assert np.array_equal(pixels(someone.download()[1]), truth)
    asked = len(someone.posts)
    someone.slide("crisp", 0.3)
    assert np.abs(someone.seen()[clear].astype(int) - pixels(someone.ask(picture, crisp=0.3))[clear]).max() <= 1
    assert len(someone.posts) == asked  # it was there from before
    assert not someone.page.is_visible("#clean")  # these two models have no such mix


def test_a_slider_that_moves_on_gives_up_what_it_asked_for(visit, noise):
    someone, picture = visit(), png(noise(18, 24))
    someone.enlarge(picture)
    with someone.page.expect_event("requestfailed"):
        someone.page.route("**/v1/jobs?*crisp=0.5*", lambda _: None)  # no answer ever
        someone.page.fill("#crisp", "0.5")
        someone.page.locator("#crisp").dispatch_event("change")
        someone.slide("crisp", 0.3)
    assert np.array_equal(pixels(someone.download()[1]), pixels(someone.ask(picture, crisp=0.3)))


def test_a_format_that_cannot_hold_the_result_is_refused_in_words_for_people(visit):
    someone = visit()
    someone.enlarge(png(np.zeros((8, 8, 4), np.uint8)))
    someone.page.select_option("#format", "jpeg")
    someone.page.click("#download")
    assert "Choose PNG" in someone.error()
    assert someone.page.is_visible("#stage")
    someone.faults.clear()  # the console tells of the 406


def test_where_another_mix_fails_the_one_that_is_there_stays(visit, noise):
    someone, picture = visit(), png(noise(8, 8))
    someone.enlarge(picture)
    fail = {"status": 500, "json": {"error": {"code": "x", "message": "it broke"}}}
    someone.page.route("**/v1/jobs?*crisp=0.4*", lambda route: route.fulfill(**fail))
    someone.slide("crisp", 0.4)
    assert "It broke." in someone.error()
    assert someone.page.input_value("#crisp") == "1"
    assert np.array_equal(pixels(someone.download()[1]), pixels(someone.ask(picture)))
    someone.page.unroute("**/v1/jobs?*crisp=0.4*")
    someone.slide("crisp", 0.4)
    assert np.array_equal(pixels(someone.download()[1]), pixels(someone.ask(picture, crisp=0.4)))
    someone.faults.clear()  # the console tells of the 500


def test_the_divider_follows_mouse_and_keys(visit, noise):
    someone = visit()
    someone.enlarge(png(noise(100, 150)))
    page, world = someone.page, someone.box(".world")
    assert someone.slider() == 50
    assert page.evaluate("document.activeElement.className") == "divider"
    for key, value in (("ArrowRight", 52), ("Shift+ArrowLeft", 42), ("End", 100), ("ArrowUp", 100), ("Home", 0)):
        page.keyboard.press(key)
        assert someone.slider() == value, key
    assert page.get_attribute("#stage .divider", "aria-valuetext") == "0% before, 100% after"
    page.keyboard.press("PageUp")
    someone.drag("#stage .divider", world["width"] / 2, 0)
    assert someone.slider() == 60
    page.mouse.move(world["x"] + world["width"] * 0.9, world["y"] + 9)  # anywhere on a picture that cannot be moved
    page.mouse.down()
    page.mouse.move(world["x"] + world["width"] * 0.25, world["y"] + 9)
    page.mouse.up()
    assert someone.slider() == 25


def test_errors_are_sentences_and_what_was_there_stays(visit, noise, tmp_path):
    someone = visit()
    someone.give(b"no picture at all" * 99, name="notes.png")
    assert someone.error().startswith("notes.png is no picture")
    assert not someone.page.is_visible("#again")  # the same file would fail again
    assert someone.page.is_visible("#pick")

    someone.enlarge(png(noise(8, 8)), name="first.png")
    posts = len(someone.posts)
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(json.loads(someone.context.request.get(f"{someone.home}healthz").text())["limits"]["bytes"] + 1)
    someone.page.set_input_files("#file", large)
    assert "large.png has" in someone.error()
    assert len(someone.posts) == posts  # it was not sent
    someone.give(b"no picture at all" * 99, name="notes.png")
    someone.page.get_by_text("notes.png is no picture").wait_for()
    assert someone.page.get_by_role("heading", name="first.png").is_visible()
    assert pixels(someone.download()[1]).shape == (32, 32, 3)


def test_a_busy_or_silent_server_is_asked_again_and_work_can_be_stopped(visit, noise):
    someone = visit()
    busy = {"error": {"code": "busy", "message": "The queue is full."}}
    answers = [{"status": 503, "json": busy, "headers": {"Retry-After": "1"}}, None]

    def answer(route) -> None:
        if not answers:
            route.fallback()
        elif answered := answers.pop(0):
            route.fulfill(**answered)
        else:
            route.abort()

    someone.page.route("**/v1/jobs?*", answer)
    someone.give(png(noise(8, 8)))
    someone.page.get_by_text("The server has many pictures in line; it is asked again every 1 s").first.wait_for()
    someone.page.get_by_text("The server does not answer. It is asked again until it does").first.wait_for()
    someone.page.wait_for_selector("#download:visible")
    assert not someone.page.get_by_role("alert").is_visible()

    someone.page.route("**/v1/jobs?*", lambda _: None)  # it never answers
    for way in ("Enter", "Escape"):  # the focus is on Cancel
        someone.page.click("#another")
        someone.give(png(noise(8, 8)))
        someone.page.wait_for_selector("#progress:visible")
        assert "uploading" in someone.page.title()
        someone.page.keyboard.press(way)
        someone.page.wait_for_selector("#pick:visible")
        assert not someone.page.get_by_role("alert").is_visible()
        someone.page.click("#results button")
    someone.page.unroute_all()


GIVE = """([kind, bytes, name]) => {
  const transfer = new DataTransfer();
  if (bytes) transfer.items.add(new File([new Uint8Array(bytes)], name, { type: "image/png" }));
  else transfer.setData("text/plain", "a word");
  const options = { bubbles: true, cancelable: true };
  const event = kind === "paste" ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
    : new DragEvent(kind, { ...options, dataTransfer: transfer });
  document.body.dispatchEvent(event);
}"""


def test_pictures_are_dropped_and_pasted(visit, noise):
    someone = visit()
    someone.page.evaluate(GIVE, ["dragenter", list(b"?"), "x.png"])
    assert someone.page.is_visible("#drop")
    someone.page.evaluate(GIVE, ["drop", list(png(noise(8, 8))), "dropped.png"])
    someone.page.wait_for_selector("#download:visible")
    assert not someone.page.is_visible("#drop")
    someone.page.evaluate(GIVE, ["paste", list(png(noise(9, 8))), "pasted.png"])  # over the first result
    someone.page.get_by_role("heading", name="pasted.png").wait_for()
    someone.page.evaluate(GIVE, ["paste", None, ""])
    assert "no picture in the clipboard" in someone.error()
    someone.page.get_by_text("Done: 32 by 36 pixels").wait_for(state="attached")
    assert "no picture in the clipboard" in someone.error()  # the result left the focus where it was


def test_all_of_it_works_on_a_telephone(visit, noise):
    someone = visit(**PHONE)
    assert someone.page.get_by_text("Take a photo").is_visible()
    someone.give(png(noise(18, 24)), field="#camera")
    someone.page.wait_for_selector("#download:visible")
    for name in ("#larger", "#crisp", "#download", "#another"):
        box = someone.page.locator(name).bounding_box()
        assert box["height"] >= 44, name
        assert box["y"] + box["height"] <= 740, name  # without scrolling


def test_the_service_worker_knows_all_files_of_the_page():
    names = {path.name for path in PAGE.iterdir()}
    kept = set(re.findall(r'"([\w.-]+\.\w+)"', (PAGE / "sw.js").read_text()))
    assert names - kept == {"index.html", "sw.js", *(name for name in names if name.endswith(".png"))}
    assert kept <= names
    icons = {icon["src"] for icon in json.loads((PAGE / "manifest.webmanifest").read_text())["icons"]}
    assert icons <= names
    assert sum(path.stat().st_size for path in PAGE.glob("*.png")) < 20_000
