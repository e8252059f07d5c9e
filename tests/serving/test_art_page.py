"""The page of `srgan serve --art`: what a person does in its tab, in a real browser."""

import re

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.art_server import made
from helpers.browser import PHONE, pixels
from helpers.optional_extras import need_art
from helpers.server_process import png, wait_until

need_art()
pytest_plugins = ["helpers.art_server", "helpers.browser"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(art_server):
    return art_server


@pytest.fixture(scope="module")
def client(server):
    with server.client() as session:
        yield session


def axe(page):
    return [violation["id"] for violation in Axe().run(page).response["violations"]]


@pytest.mark.parametrize("context", [{}, PHONE | {"color_scheme": "dark"}], ids=["desk", "phone"])
def test_two_pictures_become_one_on_the_page(visit, client, noise, context):
    someone = visit(**context)
    page = someone.page
    assert not page.is_visible("#art-tab")
    page.get_by_role("link", name="Style").press("Enter")
    assert (page.is_visible("#pair"), page.is_visible("#start"), page.title()) == (True, False, "Paint a picture")
    assert page.is_disabled("#paint")
    assert page.get_by_text("Choose a picture and a style.").is_visible()
    content, style = png(noise(60, 80)), png(noise(60, 80, 1))
    someone.give(content, "cat.png", "#content-file")
    page.get_by_text("Choose a style.", exact=True).wait_for()
    someone.give(style, "wave.png", "#style-file")
    page.wait_for_selector("#paint:enabled")
    assert axe(page) == []
    page.select_option("#art-size", "256")
    page.focus("#paint")
    page.keyboard.press("Enter")
    page.wait_for_selector("#art-download:visible")
    assert page.evaluate("document.activeElement.id") == "art-download"
    assert page.get_by_role("status").inner_text() == "Done: 256 by 192 pixels."
    assert axe(page) == []
    with page.expect_download() as saved:
        page.keyboard.press("Enter")
    assert saved.value.suggested_filename == "cat_style.png"
    served, _, _ = made(client, "/v1/style?size=256", content=content, style=style)
    np.testing.assert_array_equal(pixels(saved.value.path().read_bytes()), served.samples)

    page.get_by_text("Dream", exact=True).click()
    page.click("#art-pictures")
    assert not page.is_visible("#style-well")
    someone.give(png(noise(500, 500)), "large.png", "#content-file")
    page.fill("#depth", "12")
    page.select_option("#art-size", "384")
    page.wait_for_selector("#paint:enabled")
    page.click("#paint")
    page.get_by_text("Dreaming").first.wait_for()
    page.get_by_text("left").first.wait_for()
    assert axe(page) == []
    page.keyboard.press("Escape")
    page.wait_for_selector("#pair:visible")
    assert not page.is_visible("#notice")
    assert page.evaluate("document.activeElement.id") == "paint"

    someone.give(b"no picture" * 50, "notes.png", "#content-file")
    page.wait_for_selector("#content-warns:visible")
    assert axe(page) == []
    page.click("#paint")
    assert someone.error().startswith("notes.png is no picture")
    page.keyboard.press("Escape")
    assert not page.is_visible("#notice")
    assert page.is_disabled("#paint")
    assert "notes.png" not in page.inner_text("#content-well")  # it is to be chosen again
    assert page.get_by_text("Choose a picture.", exact=True).is_visible()
    page.get_by_role("link", name="Enlarge").click()
    someone.enlarge(png(noise(8, 8)))


def test_a_painting_is_enlarged_in_the_other_tab_and_an_example_is_a_style(visit, noise):
    someone = visit()
    page = someone.page
    page.goto(f"{someone.home}#style")
    page.get_by_role("button", name="Style: the Great Wave").click()
    someone.give(png(noise(60, 80)), "cat.png", "#content-file")
    page.select_option("#art-size", "256")
    page.wait_for_selector("#paint:enabled")
    page.click("#paint")
    page.wait_for_selector("#art-enlarge:visible")
    page.click("#art-enlarge")
    page.wait_for_selector("#one:visible ~ #panel #download:visible")
    assert "256x192→1024x768" in someone.facts()
    page.get_by_role("link", name="Style").click()
    page.wait_for_selector("#art-download:visible")  # the painting is still there


def to_paint(visit, noise):
    """Someone who has chosen two pictures."""
    someone = visit()
    someone.page.goto(f"{someone.home}#style")
    someone.give(png(noise(60, 80)), "cat.png", "#content-file")
    someone.give(png(noise(60, 80, 1)), "wave.png", "#style-file")
    someone.page.select_option("#art-size", "256")
    someone.page.wait_for_selector("#paint:enabled")
    return someone


def downloaded(page):
    with page.expect_download() as saved:
        page.click("#art-download")
    return saved.value.suggested_filename, saved.value.path().read_bytes()


def refusal(status, code, message, wait=None):
    return {
        "status": status, "json": {"error": {"code": code, "message": message}},
        "headers": {"Retry-After": str(wait)} if wait else {},
    }  # fmt: skip


NO_MEMORY = refusal(503, "out_of_memory", "the server has too little memory for this picture now", wait=1)
PASTE = """bytes => {
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([new Uint8Array(bytes)], "notes.txt", { type: "text/plain" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { bubbles: true, clipboardData }));
}"""


def test_a_painting_stays_until_there_is_another(visit, noise):
    someone = to_paint(visit, noise)
    page = someone.page
    page.click("#paint")
    page.wait_for_selector("#art-download:visible")
    facts, painting = page.inner_text("#art-facts"), downloaded(page)

    def is_there():
        page.wait_for_selector("#art-download:visible")
        assert (page.inner_text("#art-facts"), page.inner_text("#art-title")) == (facts, "cat.png")
        page.wait_for_function("document.querySelector('#art-stage .after').naturalWidth === 256")
        assert downloaded(page) == painting

    page.get_by_text("Slowly", exact=True).click()
    page.click("#paint")
    page.get_by_text("left").locator("visible=true").first.wait_for()
    assert [button.get_attribute("id") for button in page.locator("#art-panel button:visible").all()] == ["art-cancel"]
    page.keyboard.press("Escape")
    is_there()
    assert not page.is_visible("#notice")

    page.route("**/v1/style?*", lambda route: route.fulfill(**refusal(413, "too_much_work", "this takes too long")))
    page.click("#paint")
    assert someone.error() == "This takes too long."
    is_there()
    page.unroute_all()

    page.evaluate(PASTE, list(b"no picture"))
    page.wait_for_selector("#content-warns:visible")
    assert axe(page) == []
    page.click("#art-back")
    is_there()
    page.click("#art-pictures")
    assert page.evaluate("document.activeElement.id") == "content-file"
    page.click("#art-back")
    is_there()
    assert page.evaluate("document.activeElement.id") == "art-download"


HOLD = """() => {
  const decode = HTMLImageElement.prototype.decode;
  HTMLImageElement.prototype.decode = function () {
    HTMLImageElement.prototype.decode = decode;
    return new Promise((resolve) => { window.letGo = resolve; }).then(() => decode.call(this));
  };
}"""


def test_of_two_files_for_one_place_the_later_one_is_painted(visit, noise):
    someone = to_paint(visit, noise)
    page = someone.page
    page.evaluate(HOLD)
    someone.give(png(noise(90, 90)), "first.png", "#style-file")  # as if it were large
    page.get_by_text("Reading the picture.").wait_for()
    assert page.is_disabled("#paint")
    someone.give(png(noise(9, 9)), "second.png", "#style-file")
    page.wait_for_selector("#paint:enabled")
    page.evaluate("letGo(); new Promise((resolve) => setTimeout(resolve, 500))")
    assert page.inner_text("#style-named") == "second.png"
    assert page.evaluate("document.querySelector('#style-well img').naturalWidth") == 9
    assert page.is_enabled("#paint")


def test_a_size_is_remembered_for_each_way_and_strength_is_offered_where_it_can_be_had(visit, noise):
    someone = to_paint(visit, noise)
    page = someone.page
    page.route("**/healthz", lambda route: route.fulfill(json=route.fetch().json() | {"art_mixes": False}))
    page.fill("#strength", "0.5")
    page.get_by_text("Slowly", exact=True).click()
    page.select_option("#art-size", "768")
    page.get_by_text("Dream", exact=True).click()
    page.get_by_text("Slowly", exact=True).click()
    assert page.input_value("#art-size") == "768"
    page.get_by_text("At once", exact=True).click()
    assert (page.input_value("#art-size"), page.is_visible("#strength")) == ("256", True)
    page.reload()
    page.wait_for_selector("#art-size:visible")
    assert (page.input_value("#art-size"), page.is_visible("#strength")) == ("256", False)
    page.get_by_text("Slowly", exact=True).click()
    assert (page.input_value("#art-size"), page.is_visible("#strength")) == ("768", True)
    page.get_by_text("At once", exact=True).click()
    someone.give(png(noise(60, 80)), "cat.png", "#content-file")
    someone.give(png(noise(60, 80, 1)), "wave.png", "#style-file")
    page.click("#paint")
    page.wait_for_selector("#art-download:visible")
    assert someone.posts == ["v1/style?fast=true&size=256"]


def test_a_server_short_of_memory_is_asked_a_few_times_and_its_reason_is_said(visit, noise):
    someone = to_paint(visit, noise)
    page = someone.page
    page.route(re.compile("/v1/(style|jobs)"), lambda route: route.fulfill(**NO_MEMORY))
    page.click("#paint")
    said = "The server has too little memory for this picture now."
    page.get_by_text(f"{said} It is asked again in 1 s").locator("visible=true").first.wait_for()
    assert someone.error() == said
    assert page.is_visible("#pair")
    page.get_by_role("link", name="Enlarge").click()
    someone.give(png(noise(8, 8)))
    page.get_by_text(f"{said} It is asked again in 1 s").locator("visible=true").first.wait_for()
    assert someone.error() == said
    assert [post.split("?")[0] for post in someone.posts] == ["v1/style"] * 5 + ["v1/jobs"] * 5


def test_an_error_shows_in_its_own_tab(visit, noise):
    someone = to_paint(visit, noise)
    page, held = someone.page, []
    page.route("**/v1/style?*", lambda route: held.append(route))
    with page.expect_request("**/v1/style?*"):
        page.click("#paint")
    page.get_by_role("link", name="Enlarge").click()
    page.wait_for_selector("#pick:visible")
    held[0].fulfill(**refusal(413, "too_much_work", "this takes too long"))
    page.wait_for_function("!document.querySelector('#pair').hidden")
    assert not page.is_visible("#notice")
    someone.give(b"no picture" * 50, "notes.png")
    assert someone.error().startswith("notes.png is no picture")
    page.get_by_role("link", name="Style").click()
    page.get_by_text("This takes too long.").wait_for()
    assert someone.error() == "This takes too long."
    page.keyboard.press("Escape")
    assert not page.is_visible("#notice")
    page.get_by_role("link", name="Enlarge").click()
    assert someone.error().startswith("notes.png is no picture")


def test_the_page_lets_go_of_files_that_it_no_longer_holds(visit):
    page = visit().page
    script = """async () => {
      const { urlOf } = await import("./page/picture.js");
      window.kept = new Blob(["kept"]);
      window.urls = [urlOf(window.kept), urlOf(new Blob(["left"]))];
    }"""
    page.evaluate(script)
    memory = page.context.new_cdp_session(page)
    there = "Promise.all(urls.map((url) => fetch(url).then(() => true, () => false)))"

    def is_let_go():
        memory.send("HeapProfiler.collectGarbage")
        return page.evaluate(there) == [True, False]

    wait_until(is_let_go)
