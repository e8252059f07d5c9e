"""Someone at the machine's Firefox, which is driven by WebDriver BiDi, the W3C's protocol, without a driver between."""

import contextlib
import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import ClientConnection, connect

WAIT = 30.0  # seconds that a machine with other work may need for anything
KEYS = {"Enter": "\ue006", "Escape": "\ue00c", "Tab": "\ue004", "ArrowDown": "\ue015", "ArrowRight": "\ue014"}
SHIFT = "\ue008"
PREFERENCES = """
user_pref("browser.download.folderList", 2);
user_pref("browser.download.dir", "{downloads}");
user_pref("browser.download.alwaysOpenPanel", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
"""


class Firefox:
    """One window. `faults` are the exceptions and errors that pages have logged."""

    def __init__(self, socket: ClientConnection, downloads: Path):
        self.downloads = downloads
        self.faults: list[str] = []
        self._socket, self._number = socket, 0
        self._call("session.new", capabilities={})
        self._call("session.subscribe", events=["log.entryAdded"])
        # Not the first tab, which never has the focus here, so that keys press no buttons there.
        self._context = self._call("browsingContext.create", type="window")["context"]
        self._call("browsingContext.activate", context=self._context)

    def open(self, url: str, width: int = 1280, height: int = 800) -> None:
        """Go to a page, in a window of this size."""
        viewport = {"width": width, "height": height}
        self._call("browsingContext.setViewport", context=self._context, viewport=viewport)
        self._call("browsingContext.navigate", context=self._context, url=url, wait="complete")

    def run(self, expression: str) -> Any:
        """The value of an expression of JavaScript, or of its promise."""
        result = self._evaluate(f"Promise.resolve({expression}).then((value) => JSON.stringify(value))")
        return json.loads(result["value"]) if result["type"] == "string" else None

    def wait(self, condition: str) -> None:
        """Return once an expression is true."""
        deadline = time.monotonic() + WAIT
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < deadline, f"{condition}: {self.run('document.body.innerText')}"
            time.sleep(0.1)

    def seen(self, selector: str) -> bool:
        """Whether an element is shown."""
        return self.run(f"document.querySelector({json.dumps(selector)})?.checkVisibility() ?? false")

    def give(self, *files: Path, field: str = "#file") -> None:
        """Choose files."""
        element = self._evaluate(f"document.querySelector({json.dumps(field)})")
        self._call(
            "input.setFiles", context=self._context, element={"sharedId": element["sharedId"]}, files=[*map(str, files)]
        )

    def press(self, *keys: str) -> None:
        """Press keys one after the other, by name or letter; Shift+NAME with Shift."""
        actions = []
        for key in keys:
            held = [SHIFT] if key.startswith("Shift+") else []
            pressed = [*held, KEYS.get(key.removeprefix("Shift+"), key)]
            actions += [{"type": "keyDown", "value": value} for value in pressed]
            actions += [{"type": "keyUp", "value": value} for value in reversed(pressed)]
        keyboard = {"type": "key", "id": "keyboard", "actions": actions}
        self._call("input.performActions", context=self._context, actions=[keyboard])

    def tab_to(self, selector: str) -> None:
        """Press Tab, or Shift+Tab where that is the way, until an element has the focus."""
        element = f"document.querySelector({json.dumps(selector)})"
        before = f"{element}.compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING"
        key = "Shift+Tab" if self.run(f"Boolean({before})") else "Tab"
        for _ in range(40):
            if self.run(f"document.activeElement === {element}"):
                return
            self.press(key)
        raise AssertionError(f"{key} does not lead to {selector}")

    def downloaded(self, name: str) -> bytes:
        """The content of a file that was saved under this name, once it is whole."""
        path, deadline = self.downloads / name, time.monotonic() + WAIT
        while not (path.exists() and path.stat().st_size and not path.with_name(f"{name}.part").exists()):
            assert time.monotonic() < deadline, [saved.name for saved in self.downloads.iterdir()]
            time.sleep(0.1)
        return path.read_bytes()

    def _evaluate(self, expression: str) -> dict[str, Any]:
        target = {"context": self._context}
        answer = self._call("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert answer["type"] == "success", answer
        return answer["result"]

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.recv(timeout=WAIT))
            if message["type"] == "event":
                self._note(message["params"])
            elif message["id"] == self._number:
                assert message["type"] == "success", f"{method}: {message}"
                return message["result"]

    def _note(self, entry: dict[str, Any]) -> None:
        if entry["level"] == "error":
            self.faults.append(entry["text"])


@contextlib.contextmanager
def firefox(arguments: Sequence[str] = ()) -> Iterator[Firefox]:
    """The machine's own Firefox; skips the test where there is none."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if not path:
        pytest.skip("no firefox on this machine (Debian: apt-get install firefox-esr)")
    with tempfile.TemporaryDirectory() as folder:
        downloads = Path(folder, "downloads")
        downloads.mkdir()
        Path(folder, "user.js").write_text(PREFERENCES.format(downloads=downloads))
        command = [path, "--headless", "--no-remote", "--profile", folder, "--remote-debugging-port", "0", *arguments]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr
            address = next(found[0] for line in process.stderr if (found := re.search(r"ws://\S+", line)))
            with connect(f"{address}/session", max_size=None) as socket:
                yield Firefox(socket, downloads)
        finally:
            process.terminate()
            process.wait(WAIT)
            process.stderr.close()
