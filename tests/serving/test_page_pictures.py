"""The page of `srgan serve` in a real browser: large pictures, several pictures, and what is kept of them."""

import io
import re
import zipfile

import numpy as np
import pytest
from helpers.browser import pixels
from helpers.server_process import png, serving
from PIL import Image

pytest_plugins = ["helpers.browser"]
MOST = 40_000  # pixels that the server takes
LIST = "#many:visible ~ #panel #download:visible"


@pytest.fixture(scope="module")
def server(browser):  # noqa: ARG001 - none where there is no browser
    with serving("--model", "bicubic", "--max-pixels", MOST) as running:
        yield running


@pytest.fixture
def photograph():
    """A JPEG of 480x640 that a telephone held upright: black above, white below, once it is turned by its EXIF."""
    lying = np.zeros((480, 640, 3), np.uint8)
    lying[:, 320:] = 255
    exif, file = Image.Exif(), io.BytesIO()
    exif[274] = 6  # a quarter turn clockwise
    Image.fromarray(lying).save(file, "JPEG", quality=95, exif=exif)
    return file.getvalue()


def test_a_photograph_over_the_limit_is_made_smaller_before_it_is_sent(visit, photograph):
    someone = visit()
    someone.give(photograph, "IMG_2041.jpg")
    someone.page.get_by_text("It has 0.307 megapixels (480\u00a0\u00d7\u00a0640)").wait_for()
    assert someone.posts == []
    someone.page.keyboard.press("Enter")  # the focus is on Enlarge
    someone.page.wait_for_selector("#download:visible")
    assert someone.facts().startswith("173x230→692x920,")
    assert "shrunkfrom480x640" in someone.facts()
    result = pixels(someone.download()[1]).astype(int)
    assert result.shape == (920, 692, 3)
    assert abs(result[:440] - 0).max() < 8
    assert abs(result[480:] - 255).max() < 8


def test_a_part_of_a_large_picture_is_sent_pixel_by_pixel(visit, noise):
    someone, picture = visit(), noise(300, 400)
    someone.give(png(picture))
    page = someone.page
    page.check("[name=fit][value=part]")
    page.focus(".cut")
    for key in ["ArrowLeft", "ArrowUp"] * 60 + ["Shift+ArrowLeft"]:
        page.keyboard.press(key)
    width, height = (int(side) for side in page.get_attribute(".cut", "aria-label").split()[-4:-1:2])
    assert MOST * 0.9 < width * height < MOST
    someone.drag(".cut [data-corner='right bottom']", 4000, 4000)  # no larger than the server takes
    width, height = (int(side) for side in page.get_attribute(".cut", "aria-label").split()[-4:-1:2])
    assert MOST * 0.97 < width * height <= MOST
    page.click("#go")
    page.wait_for_selector("#download:visible")
    assert "apartof400x300" in someone.facts()
    expected = someone.ask(png(np.ascontiguousarray(picture[:height, :width])), format="png")
    assert np.array_equal(pixels(someone.download()[1]), pixels(expected))


def test_escape_leaves_the_question_and_what_was_there_stays(visit, noise, photograph):
    someone = visit()
    someone.enlarge(png(noise(8, 8)), "first.png")
    someone.give(photograph)
    someone.page.wait_for_selector("#go:visible")
    someone.page.keyboard.press("Escape")
    someone.page.get_by_role("heading", name="first.png").wait_for()


def test_several_pictures_become_a_list_with_a_state_each_and_one_zip(visit, noise, photograph):
    someone = visit()
    pictures = {f"{name}.png": noise(10, 12, seed) for seed, name in enumerate("abc")}
    files = [*((name, png(picture)) for name, picture in pictures.items()), ("a.png", png(noise(9, 9)))]
    someone.give_many([*files, ("notes.txt", b"no picture"), ("IMG_1.jpg", photograph)])
    page = someone.page
    page.wait_for_selector(LIST)
    assert len(someone.posts) == 1
    rows = page.locator("#rows li").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == ["a.png", "b.png", "c.png", "a.png", "notes.txt", "IMG_1.jpg"]
    assert "no picture" in rows[4]
    assert "shrunk from 480\u00a0\u00d7\u00a0640" in rows[5]
    assert "5 of 6 done, 1 failed" in page.inner_text("#facts")
    name, saved = someone.download()
    assert name == "5 pictures.zip"
    with zipfile.ZipFile(io.BytesIO(saved)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a_x4.png", "b_x4.png", "c_x4.png", "a_x4 (2).png", "IMG_1_x4.png"]
        for name, picture in pictures.items():
            assert archive.read(name.replace(".png", "_x4.png")) == someone.ask(png(picture), format="png")
        assert pixels(archive.read("a_x4 (2).png")).shape == (36, 36, 3)
    page.select_option("#format", "jpeg")
    with zipfile.ZipFile(io.BytesIO(someone.download()[1])) as archive:
        assert archive.read("b_x4.jpg") == someone.ask(png(pictures["b.png"]), format="jpeg", quality=90)
    assert len(someone.posts) == 1

    page.get_by_role("button", name="Open b.png").click()
    assert page.get_by_role("heading", name="b.png").is_visible()
    page.click("#back")
    page.check("[name=scale][value='2']", force=True)  # all of them again
    page.wait_for_selector(LIST)
    with zipfile.ZipFile(io.BytesIO(someone.download()[1])) as archive:
        assert pixels(archive.read("c_x2.jpg")).shape == (20, 24, 3)


def test_pictures_that_come_while_others_are_at_work_join_them(visit, noise):
    someone = visit()
    held = []
    someone.page.route("**/v1/jobs?*", lambda route: held.append(route), times=1)
    someone.give(png(noise(8, 8)), "first.png")
    someone.page.wait_for_selector("#progress:visible")
    someone.give(png(noise(8, 8)), "second.png")
    someone.page.get_by_role("heading", name="2 pictures").wait_for()
    held[0].continue_()
    someone.page.wait_for_selector(LIST)
    assert "2 of 2 done" in someone.page.inner_text("#facts")


def test_results_and_settings_outlive_reload_and_other_pages(visit, noise):
    someone, picture = visit(), png(noise(8, 8))
    page = someone.page
    someone.enlarge(picture, "first.png")
    page.check("[name=scale][value='3']", force=True)
    page.wait_for_selector("#facts:text('24')")
    page.select_option("#format", "webp")
    page.reload()
    page.get_by_role("heading", name="first.png").wait_for()  # what was open is open
    assert someone.facts().startswith("8x8→24x24")
    name, saved = someone.download()
    assert (name, saved) == ("first_x3.webp", someone.ask(picture, scale=3, format="webp", quality=90))
    page.click("#another")
    page.get_by_role("link", name="API").click()
    page.go_back()
    page.wait_for_selector("#results li >> nth=1")
    assert page.locator("#results li").all_inner_texts() == ["3\u00d7", "4\u00d7"]
    page.click("#results li:nth-child(2) button")
    page.wait_for_selector("#download:visible")
    assert someone.facts().startswith("8x8→32x32")
    page.click("#another")
    someone.enlarge(picture, "second.png")
    assert someone.facts().startswith("8x8→32x32")  # the settings of what was seen last
    page.click("#forget")
    page.wait_for_selector("#strip", state="hidden")
    page.reload()
    page.wait_for_selector("#pick:visible")
    assert page.locator("#results li").count() == 0


def test_the_example_is_made_by_the_models_and_opens_as_if_it_were_chosen(visit):
    someone = visit()
    small = someone.context.request.get(f"{someone.home}page/example.jpg")
    large = someone.context.request.get(f"{someone.home}example")
    assert (pixels(small.body()).shape, pixels(large.body()).shape) == ((120, 160, 3), (480, 640, 3))
    again = someone.context.request.get(f"{someone.home}example", headers={"If-None-Match": large.headers["etag"]})
    assert again.status == 304
    someone.page.click("#try")
    someone.page.wait_for_selector("#download:visible")
    assert someone.facts().startswith("160x120→640x480")
    assert np.abs(pixels(someone.download()[1]).astype(int) - pixels(large.body())).mean() < 3  # but for JPEG


def test_without_javascript_the_page_says_so_and_still_takes_a_picture(browser, server, noise, tmp_path):
    picture = tmp_path / "holiday.png"
    picture.write_bytes(png(noise(8, 8)))
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{server.url}/")
    assert page.locator("noscript p").is_visible()
    assert "JavaScript is off" in page.locator("noscript p").inner_text()
    page.set_input_files("#file", picture)
    with page.expect_response("**/v1/upscale") as answered:
        page.get_by_role("button", name="Enlarge it").click()
    assert answered.value.status == 200
    page.context.close()


@pytest.mark.slow
def test_a_server_that_starts_again_in_the_middle_gets_the_picture_again(browser, visit_to, models, noise):
    flags = ("--model", models[0], "--max-pixels", 4_000_000)
    with serving(*flags) as first:
        someone = visit_to(browser, first)
        someone.give_many([("small.png", png(noise(8, 8))), ("large.png", png(noise(1300, 1300)))])
        someone.page.locator("#rows li", has_text="large.png").filter(has_text=re.compile("[1-9]%")).wait_for()
        first.process.kill()
        someone.page.get_by_text("The server does not answer").first.wait_for()
        with serving(*flags, "--port", first.port) as second:
            someone.page.wait_for_selector(LIST, timeout=120_000)
            assert "2 of 2 done" in someone.page.inner_text("#facts")
            with zipfile.ZipFile(io.BytesIO(someone.download()[1])) as archive:
                assert pixels(archive.read("large_x4.png")).shape == (5200, 5200, 3)
            assert second.process.poll() is None
