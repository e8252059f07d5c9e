"""The page of `srgan serve --browser` in a real browser, which enlarges pictures by itself where it can."""

import io
import json

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import browser_runtime
from helpers.browser import PHONE, pixels
from helpers.optional_extras import need_export
from helpers.server_process import png, serving
from PIL import Image, ImageCms
from skimage import data

from pyimagesearch.serving.browser_runtime import VERSION

pytest_plugins = ["helpers.browser"]
pytestmark = pytest.mark.slow
NO_GPU = "console: No available adapters."  # Chromium's own, where a page asks for WebGPU in vain


@pytest.fixture(scope="module")
def server(browser):  # noqa: ARG001 - none where there is no browser
    need_export()
    with serving("--browser", browser_runtime.found(), "--precision", "float32") as running:
        yield running


@pytest.fixture
def visit_here(visit):
    """visit_here(**settings) is a Visitor whose sliders stand there and who knows that there is no WebGPU."""

    def go(**settings):
        someone = visit()
        someone.page.evaluate("(kept) => localStorage.setItem('settings', kept)", json.dumps(settings))
        someone.page.reload()
        someone.page.get_by_text("Up to").wait_for()
        someones.append(someone)
        return someone

    someones = []
    yield go
    for someone in someones:
        someone.faults = [fault for fault in someone.faults if fault != NO_GPU]


PICTURES = {  # of which the browser and the server have to make the same
    "photograph": (data.chelsea()[100:160, 100:190], {}),
    "two tiles with a seam": (data.chelsea()[100:148, 100:310], {}),
    "twice as large": (data.astronaut()[100:164, 180:260], {"scale": 2}),
    "a mix of four models": (data.coffee()[150:190, 200:261], {"clean": 0.6, "crisp": 0.3}),
    "grey, cleaned alone": (data.astronaut()[200:270, 200:260].mean(axis=2).astype(np.uint8), {"scale": 1}),
    "smaller than a network sees": (data.chelsea()[150:153, 150:155], {"scale": 3}),
}


@pytest.mark.parametrize("name", PICTURES)
def test_the_browsers_result_is_the_servers_within_a_level(visit_here, name):
    picture, settings = PICTURES[name]
    someone = visit_here(**settings)
    someone.enlarge(png(picture))
    assert "inthisbrowser" in someone.facts()
    assert someone.posts == []
    made, truth = (pixels(file).astype(int) for file in (someone.download()[1], someone.ask(png(picture), **settings)))
    assert made.shape == truth.shape
    differences = np.abs(made - truth)
    print(f"{name}: at most {differences.max()} level(s), {(differences > 0).mean():.4%} of samples differ")
    assert differences.max() <= 1


def test_nothing_of_a_picture_leaves_the_page_even_without_a_network(visit_here):
    someone = visit_here(scale=2)
    sent = []
    someone.page.on("request", lambda request: sent.append(request.url) if request.post_data_buffer else None)
    someone.enlarge(png(data.chelsea()[100:140, 100:150]))
    someone.context.set_offline(True)  # the network and the runtime are there by now
    someone.page.click("#another")
    someone.enlarge(png(data.coffee()[100:140, 100:150]), name="cup.png")
    assert "50x40→100x80" in someone.facts()
    lossless = pixels(someone.download()[1]).astype(int)
    someone.page.select_option("#format", "jpeg")
    name, saved = someone.download()
    assert name == "cup_x2.jpg"
    assert np.abs(pixels(saved) - lossless).mean() < 5
    assert (sent, someone.posts) == ([], [])


def _sixteen_bits() -> bytes:
    return cv2.imencode(".png", np.full((20, 30, 3), 40_000, np.uint16))[1].tobytes()


def _wide_gamut() -> bytes:
    file = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    Image.new("RGB", (30, 20)).save(file, "JPEG", icc_profile=profile.tobytes())
    return file.getvalue()


def test_what_the_browser_cannot_do_goes_to_the_server_and_the_page_says_why(visit_here, noise):
    someone = visit_here(scale=2)
    clear = png(np.dstack([noise(20, 30), np.full((20, 30), 99, np.uint8)]))
    cases = [
        ("clear.png", clear, "it has transparency"),
        ("deep.png", _sixteen_bits(), "it has 16 bits a channel"),
        ("wide.jpg", _wide_gamut(), "its colour profile is not sRGB"),
        ("film.gif", _gif(), "its format is read there alone"),
    ]
    for number, (name, file, why) in enumerate(cases, 1):
        someone.enlarge(file, name=name)
        assert someone.page.inner_text("#facts").endswith(f", on the server, since {why}"), name
        assert len(someone.posts) == number
        someone.page.click("#another")
    opaque = png(np.dstack([noise(20, 30), np.full((20, 30), 255, np.uint8)]))  # as many screenshots are
    someone.enlarge(opaque, name="opaque.png")
    assert "inthisbrowser" in someone.facts()
    assert len(someone.posts) == len(cases)


def _gif() -> bytes:
    file = io.BytesIO()
    Image.new("P", (30, 20)).save(file, "GIF")
    return file.getvalue()


def test_a_runtime_that_fails_leaves_the_work_to_the_server_until_the_person_asks_again(visit_here, noise):
    someone = visit_here(scale=2)
    asked = []

    def refuse(route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=200, content_type="application/wasm", body=b"no WebAssembly")

    someone.context.route("**/*.wasm", refuse)
    for number in (1, 2):
        someone.enlarge(png(noise(20, 30, number)))
        assert "on the server, since this browser cannot run the network (" in someone.page.inner_text("#facts")
        assert len(someone.posts) == number
        tried = len(asked)
        assert tried > 0
        someone.page.click("#another")
    someone.faults.clear()  # the console tells of it
    assert len(asked) == tried  # not for the second picture
    someone.context.unroute_all()
    someone.page.get_by_role("radio", name="on the server").check(force=True)
    someone.page.get_by_role("radio", name="in this browser").check(force=True)
    someone.enlarge(png(noise(20, 30, 3)))
    assert "inthisbrowser" in someone.facts()
    assert len(someone.posts) == 2


def test_what_takes_longer_than_the_server_would_is_left_to_it(visit, noise):
    someone = visit()
    health = json.loads(someone.context.request.get(f"{someone.home}healthz").text())
    health["limits"]["seconds"] = 0.01
    someone.page.route("**/healthz", lambda route: route.fulfill(json=health))
    someone.page.reload()
    someone.page.get_by_text("Up to").wait_for()
    someone.enlarge(png(noise(20, 30)))
    assert someone.page.inner_text("#facts").endswith("on the server, since this browser would take too long")
    someone.faults.remove(NO_GPU)


def test_the_person_decides_who_enlarges_before_and_during_the_work(visit_here, noise):
    someone = visit_here()
    large = png(noise(400, 400))
    someone.give(large)
    someone.page.locator("#phase", has_text="Enlarging in this browser").wait_for()
    someone.page.keyboard.press("Escape")
    someone.page.wait_for_selector("#pick:visible")
    assert someone.posts == []
    someone.give(large)
    someone.page.locator("#phase", has_text="Enlarging in this browser").wait_for()
    someone.page.click("#to-server")
    someone.page.wait_for_selector("#download:visible")
    assert someone.page.inner_text("#facts").endswith("on the server, since you chose it")
    assert np.array_equal(pixels(someone.download()[1]), pixels(someone.ask(large)))
    someone.page.click("#another")
    assert "stay on this computer" in someone.page.inner_text("#privacy")
    someone.page.get_by_role("radio", name="on the server").check(force=True)
    assert "go to this server" in someone.page.inner_text("#privacy")
    someone.page.reload()  # the choice stays
    someone.page.get_by_text("Up to").wait_for()
    someone.enlarge(png(noise(20, 30)))
    assert someone.page.inner_text("#facts").endswith("on the server")
    assert len(someone.posts) == 2


def test_of_several_pictures_each_goes_where_it_can_be_enlarged(visit_here, noise):
    someone = visit_here(scale=2)
    clear = png(np.dstack([noise(20, 30), np.full((20, 30), 99, np.uint8)]))
    someone.give_many([("a.png", png(noise(20, 30, 1))), ("b.png", clear), ("c.png", png(noise(24, 30, 2)))])
    someone.page.locator("#rows button:not([hidden])").nth(2).wait_for()
    states = someone.page.locator("#rows .hint").all_inner_texts()
    assert [state.rpartition("kB, ")[2] for state in states] == [
        "in this browser",
        "on the server, since it has transparency",
        "in this browser",
    ]
    assert len(someone.posts) == 1


def test_axe_finds_nothing_to_object_to(visit):
    someone = visit(bypass_csp=True, **PHONE)
    assert someone.page.is_visible("#where")
    found = Axe().run(someone.page)
    assert found.violations_count == 0, found.generate_report()


def test_the_page_and_the_worker_may_do_no_more_than_they_need(server):
    with server.client() as client:
        policies = {
            path: client.get(path).headers["content-security-policy"]
            for path in ("/", "/page/app.js", "/page/local-worker.js", f"/browser/{VERSION}/ort-wasm-simd-threaded.mjs")
        }
    allowing = {path for path, policy in policies.items() if "wasm-unsafe-eval" in policy}
    assert allowing == {"/page/local-worker.js", f"/browser/{VERSION}/ort-wasm-simd-threaded.mjs"}
    assert not any("'unsafe-eval'" in policy or "unsafe-inline" in policy for policy in policies.values())
