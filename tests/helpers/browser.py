"""Someone at a browser, for the tests of the page: the machine's chromium, a real `srgan serve`, and a watch on both.

What nobody may see on the page is collected in `Visitor.faults`: exceptions, complaints on the console, files that the
server does not have, requests to another host, and layouts wider than the window.
"""

import io
import mimetypes
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

from helpers.server_process import Server

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
WAIT = 30_000  # milliseconds that a machine with other work may need for anything


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """The machine's own chromium, started with these arguments; skips the test where there is none."""
    path = shutil.which("chromium")
    if not path:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", *arguments])
        yield started
        started.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser in which colours and letters come out the same everywhere."""
    with chromium("--force-color-profile=srgb", "--disable-lcd-text") as started:
        yield started


@pytest.fixture
def visit_to() -> Iterator[Callable[..., "Visitor"]]:
    """visit_to(browser, server, **context) is a Visitor whose server may end before he leaves."""
    visitors = []

    def go(browser: Browser, server: Server, **context) -> Visitor:
        visitors.append(Visitor(browser, server, **context))
        return visitors[-1]

    yield go
    for visitor in visitors:
        visitor.context.close()


@pytest.fixture
def visit(browser, server) -> Iterator[Callable[..., "Visitor"]]:
    """visit(**context) is a Visitor to `server` in a window of its own, who in the end must have met no fault."""
    visitors = []

    def go(**context) -> Visitor:
        visitors.append(Visitor(browser, server, **context))
        return visitors[-1]

    yield go
    for visitor in visitors:
        visitor.leave()


class Visitor:
    """One page of one browser window, and what a person does there."""

    def __init__(self, browser: Browser, server: Server, **context):
        self.home = f"{server.url}/"
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}} | context)
        self.context.set_default_timeout(WAIT)
        self.faults: list[str] = []
        self.posts: list[str] = []
        self.page: Page = self.context.new_page()
        self.page.on("pageerror", lambda error: self.faults.append(f"exception: {error}"))
        self.page.on("console", self._on_console)
        self.page.on("request", self._on_request)
        self.page.on("response", self._on_response)
        self.page.goto(self.home)
        self.page.get_by_text("Up to").wait_for()  # the limits, from the server

    def _on_console(self, message) -> None:
        # Of failed requests _on_response judges: some are what a test is about.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _on_request(self, request) -> None:
        if not request.url.startswith((self.home, "blob:", "data:")):
            self.faults.append(f"another host: {request.url}")
        if request.method == "POST":
            self.posts.append(request.url.removeprefix(self.home))

    def _on_response(self, response) -> None:
        if response.request.method == "GET" and response.status >= 400:
            self.faults.append(f"{response.status}: {response.url}")

    def give(self, data: bytes, name: str = "holiday.png", field: str = "#file") -> None:
        """Choose a file."""
        self.page.set_input_files(field, _chosen(name, data))

    def give_many(self, files: Sequence[tuple[str, bytes]]) -> None:
        """Choose files, by name."""
        self.page.set_input_files("#file", [_chosen(name, data) for name, data in files])

    def enlarge(self, data: bytes, name: str = "holiday.png") -> None:
        """Choose a file and wait for all that comes of it."""
        self.give(data, name)
        self.page.wait_for_selector("#one:visible ~ #panel #download:visible, #notice:visible")
        assert not self.page.is_visible("#notice"), self.error()

    def slide(self, name: str, amount: float) -> None:
        """Move a slider, let it go, and wait until the picture is drawn again."""
        self.page.fill(f"#{name}", str(amount))
        self.page.locator(f"#{name}").dispatch_event("change")
        self.page.wait_for_selector("#download:enabled")

    def ask(self, data: bytes, **wanted: float | str) -> bytes:
        """The same from the API, without the page; a PNG unless another format is wanted."""
        answer = self.context.request.post(
            f"{self.home}v1/upscale", params=wanted, multipart={"image": _chosen("holiday.png", data)}
        )
        assert answer.ok, answer.text()
        return answer.body()

    def download(self) -> tuple[str, bytes]:
        with self.page.expect_download() as saved:
            self.page.click("#download")
        return saved.value.suggested_filename, Path(saved.value.path()).read_bytes()

    def seen(self, where: str = ".world") -> np.ndarray:
        """What the window shows there, (H, W, 3) uint8."""
        return pixels(self.page.screenshot(clip=self.box(where), animations="disabled"))[:, :, :3]

    def box(self, where: str) -> dict[str, float]:
        """x, y, width and height in CSS pixels of what is there and can be seen."""
        return self.page.locator(f"{where} >> visible=true").bounding_box()

    def facts(self) -> str:
        """What the page says of the result, such as 24x18→96x72,1.2s."""
        return "".join(self.page.inner_text("#facts").split()).replace("\u00d7", "x")

    def drag(self, where: str, dx: float, dy: float, at: tuple[float, float] = (0.5, 0.5)) -> None:
        box = self.box(where)
        x, y = box["x"] + box["width"] * at[0], box["y"] + box["height"] * at[1]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=3)
        self.page.mouse.up()

    def touch(self, begin: list[tuple[float, float]], end: list[tuple[float, float]], steps: int = 8) -> None:
        """Fingers go down together, move straight, and go up."""
        session = self.context.new_cdp_session(self.page)
        for step in range(steps + 1):
            points = [
                {"x": a[0] + (b[0] - a[0]) * step / steps, "y": a[1] + (b[1] - a[1]) * step / steps, "id": number}
                for number, (a, b) in enumerate(zip(begin, end, strict=True))
            ]
            kind = "touchMove" if step else "touchStart"
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def slider(self) -> float:
        return float(self.page.get_attribute("#stage .divider", "aria-valuenow"))

    def error(self) -> str:
        """The sentence that the page shows, once there is one; a screen reader is told of it, and it has the focus."""
        notice = self.page.get_by_role("alert")
        notice.wait_for()
        assert self.page.evaluate("document.activeElement.id") == "notice"
        return notice.locator("p").inner_text()

    def leave(self) -> None:
        """Close the window; assert that nothing was amiss."""
        if self.page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            self.faults.append("the page is wider than its window")
        self.context.close()
        assert self.faults == []


def _chosen(name: str, data: bytes) -> FilePayload:
    return {"name": name, "mimeType": mimetypes.guess_type(name)[0] or "", "buffer": data}


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)))
