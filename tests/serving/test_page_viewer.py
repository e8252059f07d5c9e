"""The page of `srgan serve` in a real browser: looking at a result, with mouse, fingers, keys and a screen reader."""

import io

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.browser import PHONE, Visitor, pixels
from helpers.server_process import png, serving
from PIL import Image

pytest_plugins = ["helpers.browser"]
pytestmark = pytest.mark.slow
STAGE, DIVIDER = "#stage", "#stage .divider"


@pytest.fixture(scope="module")
def server(browser):  # noqa: ARG001 - none where there is no browser
    with serving("--model", "bicubic", "--max-pixels", 400_000) as running:
        yield running


@pytest.fixture
def looking(visit, noise):
    """looking(height, width, **context) is a Visitor before the result of a picture of this size."""

    def go(height=100, width=150, **context) -> Visitor:
        someone = visit(**context)
        someone.enlarge(png(noise(height, width)))
        someone.page.click("#fit")
        return someone

    return go


def test_left_of_the_divider_is_the_picture_before(visit):
    """Black in, and white in its place on the right once the result is replaced by white."""
    someone = visit()
    white = png(np.full((160, 160, 3), 255, np.uint8))
    result = "**/v1/jobs/*/pictures/0/result*"
    someone.page.route(result, lambda route: route.fulfill(body=white, content_type="image/png"))
    someone.enlarge(png(np.zeros((40, 40, 3), np.uint8)))
    for zoomed in (False, True):
        if zoomed:
            someone.page.focus(STAGE)
            for key in "+++++++++":
                someone.page.keyboard.press(key)
        seen = someone.seen(DIVIDER)[-20]  # below the handle; 44 pixels
        assert (seen[2:18] == 0).all()
        assert (seen[26:42] == 255).all()


def test_all_of_it_works_by_keys_alone(visit, noise):
    someone = visit()
    page = someone.page

    def tab_to(name: str) -> None:
        for _ in range(30):
            if page.evaluate("document.activeElement.id") == name:
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not lead to {name}")

    picture = {"name": "holiday.png", "mimeType": "image/png", "buffer": png(noise(20, 20))}
    page.on("filechooser", lambda chooser: chooser.set_files(picture))
    tab_to("file")
    page.keyboard.press("Enter")
    page.wait_for_selector("#download:visible")
    page.keyboard.press("0")
    fitted = someone.box(".world")["width"]
    tab_to("larger")
    page.keyboard.press("Enter")
    assert someone.box(".world")["width"] == fitted * 1.25
    tab_to("fit")
    page.keyboard.press("Space")
    assert someone.box(".world")["width"] == fitted
    tab_to("download")
    with page.expect_download():
        page.keyboard.press("Enter")
    tab_to("another")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "file"


def test_zoom_and_pan_by_mouse_and_keys(looking):
    someone = looking(400, 600)
    page = someone.page
    fitted = someone.box(".world")
    page.click("#exact")
    assert page.inner_text("#percent") == "100%"
    assert someone.box(".world")["width"] == 2400
    page.focus(STAGE)
    before = someone.box(".world")
    page.keyboard.press("ArrowRight")
    assert someone.box(".world")["x"] == before["x"] - 60
    someone.drag(STAGE, 30, -20, at=(0.2, 0.8))
    moved = someone.box(".world")
    assert (moved["x"], moved["y"]) == (before["x"] - 30, before["y"] - 20)
    someone.drag(STAGE, 9999, 9999, at=(0.2, 0.8))
    stage = someone.box(STAGE)
    assert (someone.box(".world")["x"], someone.box(".world")["y"]) == (stage["x"], stage["y"])  # no gap
    page.keyboard.press("0")
    assert someone.box(".world") == fitted

    place = (fitted["x"] + fitted["width"] * 0.75, fitted["y"] + fitted["height"] * 0.25)
    page.mouse.move(*place)
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => document.querySelector('#stage').matches('.larger')")
    zoomed = someone.box(".world")
    assert (place[0] - zoomed["x"]) / zoomed["width"] == pytest.approx(0.75, abs=0.005)  # what is under the mouse stays
    assert (place[1] - zoomed["y"]) / zoomed["height"] == pytest.approx(0.25, abs=0.005)
    divider = someone.box(DIVIDER)
    assert stage["x"] <= divider["x"] <= stage["x"] + stage["width"]
    page.mouse.dblclick(*place)
    assert someone.box(".world") == fitted
    page.mouse.dblclick(*place)
    assert page.inner_text("#percent") == "100%"


def test_two_fingers_zoom_and_one_moves(looking):
    someone = looking(400, 600, **PHONE)
    fitted = someone.box(".world")
    x, y = fitted["x"] + fitted["width"] / 2, fitted["y"] + fitted["height"] / 2
    someone.touch([(x - 40, y), (x + 40, y)], [(x - 120, y), (x + 120, y)])
    pinched = someone.box(".world")
    assert pinched["width"] == pytest.approx(fitted["width"] * 3, rel=0.02)
    someone.touch([(x - 90, y + 60)], [(x - 60, y + 60)])
    assert someone.box(".world")["x"] == pytest.approx(pinched["x"] + 30, abs=1)
    divider = someone.box(DIVIDER)
    someone.touch([(divider["x"] + 22, y)], [(divider["x"] + 82, y)])
    assert someone.slider() == pytest.approx(50 + 100 * 60 / someone.box(STAGE)["width"], abs=1)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 300), (300, 1)])
def test_pictures_of_any_shape_can_be_seen(looking, height, width):
    someone = looking(height, width)
    world = someone.box(".world")
    assert world["width"] / world["height"] == pytest.approx(width / height, rel=0.02)
    assert max(world["width"], world["height"]) >= 240
    assert someone.page.locator(DIVIDER).is_visible()


def test_rotated_and_transparent_pictures_look_right(visit, noise):
    someone = visit()
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn clockwise
    someone.enlarge(png(noise(10, 20), exif=exif))
    assert someone.box(".world")["width"] * 2 == pytest.approx(someone.box(".world")["height"])
    assert "10x20→40x80" in someone.facts()

    clear = np.zeros((50, 50, 4), np.uint8)
    clear[:, 25:] = (255, 0, 0, 255)
    someone.page.click("#another")
    someone.enlarge(png(clear))
    someone.page.click("#exact")
    seen = someone.seen()
    left, right = seen[140:, 5:80], seen[140:, 150:]  # below the handle
    for grey in (218, 246):  # checkerboard
        assert (left == grey).all(axis=-1).mean() == pytest.approx(0.5, abs=0.1)
    assert (right == (255, 0, 0)).all()


def test_a_picture_that_only_the_server_can_read_is_shown_alone(visit, noise):
    someone, file = visit(), io.BytesIO()
    Image.fromarray(noise(10, 20)).save(file, "TIFF")
    someone.enlarge(file.getvalue(), "scan.tif")
    assert "cannot show the original" in someone.page.inner_text("#facts")
    assert not someone.page.locator(DIVIDER).is_visible()
    assert someone.box(".world")["width"] == 2 * someone.box(".world")["height"]
    name, saved = someone.download()
    assert (name, pixels(saved).shape) == ("scan_x4.png", (40, 80, 3))


def test_one_model_has_no_sliders(looking):
    someone = looking(8, 8)
    assert not someone.page.locator(".slider:visible").count()
    assert someone.posts == ["v1/jobs?scale=4"]


def test_a_result_opens_at_one_to_one_where_it_has_most_detail(visit, noise):
    """Grey, but for a patch of noise left of the middle's bottom."""
    someone, picture = visit(), np.full((500, 700, 3), 128, np.uint8)
    picture[400:460, 100:160] = noise(60, 60)
    someone.enlarge(png(picture))
    page = someone.page
    assert page.inner_text("#percent") == "100%"
    world, stage = someone.box(".world"), someone.box(STAGE)
    patch = (world["x"] + 130 * 4, world["y"] + 430 * 4)
    assert stage["x"] + 120 < patch[0] < stage["x"] + stage["width"] - 120
    assert stage["y"] + 120 < patch[1] < stage["y"] + stage["height"] - 120
    seen, whole = someone.box("#map i"), someone.box("#map img")
    left = (stage["x"] - world["x"]) / world["width"]
    assert (seen["x"] - whole["x"]) / whole["width"] == pytest.approx(left, abs=0.05)
    page.mouse.click(whole["x"] + whole["width"] * 0.9, whole["y"] + whole["height"] * 0.1)  # the map leads elsewhere
    assert someone.box(".world")["x"] == pytest.approx(stage["x"] + stage["width"] - world["width"], abs=1)
    page.keyboard.press("0")  # wherever the focus is
    assert someone.box(".world")["width"] <= stage["width"]
    assert not page.is_visible("#map")


def test_a_picture_at_work_has_a_checkerboard_only_where_light_shines_through(visit, noise):
    someone, clear = visit(), np.dstack([noise(20, 20), np.full((20, 20), 255, np.uint8)])
    clear[:10, :, 3] = 0
    someone.page.route("**/v1/jobs?*", lambda _: None)  # at work for ever
    for picture, expected in ((clear[:, :, :3], False), (clear, True)):
        someone.give(png(np.ascontiguousarray(picture)))
        someone.page.wait_for_selector("#progress:visible")
        background = someone.page.evaluate("getComputedStyle(document.querySelector('.world')).backgroundImage")
        assert ("gradient" in background) == expected
        someone.page.keyboard.press("Escape")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [{}, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_to_object_to(visit, noise, scheme, window):
    someone = visit(color_scheme=scheme, reduced_motion="reduce", bypass_csp=True, **window)
    page, small, large = someone.page, png(noise(40, 60)), png(np.zeros((600, 800, 3), np.uint8))

    def check(state: str) -> None:
        found = Axe().run(page)
        assert found.violations_count == 0, f"{state}: {found.generate_report()}"

    check("start")
    someone.give(b"no picture")
    someone.error()
    check("error")
    someone.give(large)
    page.wait_for_selector("#go:visible")
    check("too large")
    page.check("[name=fit][value=part]")
    check("a part")
    page.click("#leave")
    page.route("**/v1/jobs?*", lambda _: None)
    someone.give(small)
    page.wait_for_selector("#progress:visible")
    check("at work")
    someone.give_many([("b.png", small), ("c.png", small)])
    page.wait_for_selector("#rows li")
    check("a list at work")
    page.keyboard.press("Escape")
    page.unroute_all()
    someone.enlarge(small)
    check("result")
    page.select_option("#format", "webp")
    check("quality")
    someone.give_many([("b.png", small), ("notes.txt", b"none")])
    page.wait_for_selector("#many:visible ~ #panel #download:visible")
    check("list")


@pytest.mark.parametrize("width", [320, 768, 1024, 2560])
def test_windows_of_any_width(looking, width):
    someone = looking(viewport={"width": width, "height": 700})
    for name in ("#fit", "#download", "#another"):
        box = someone.box(name)
        assert box["x"] >= 0, name
        assert box["x"] + box["width"] <= width, name


def test_the_page_is_installable_and_opens_without_its_server(browser):
    with serving("--model", "bicubic") as server:
        someone = Visitor(browser, server)
        someone.page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
        chromium = someone.context.new_cdp_session(someone.page)
        manifest = chromium.send("Page.getAppManifest")
        assert (manifest["errors"], manifest["manifest"]["startUrl"]) == ([], someone.home)
        errors = chromium.send("Page.getInstallabilityErrors")["installabilityErrors"]
        assert {error["errorId"] for error in errors} <= {"in-incognito"}  # which the windows of tests are
        someone.page.reload()
        server.stop()
        someone.page.reload()
        assert "cannot be reached" in someone.error()
        assert someone.page.is_visible("#pick")
        someone.context.close()
