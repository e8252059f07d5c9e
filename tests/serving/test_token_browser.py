"""--token-file and --cors in a real browser: a person at the page, and the pages of other sites."""

import http.server
import threading

import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers import server_process
from helpers.browser import pixels
from helpers.server_process import png

pytest_plugins = ["helpers.browser"]
TOKEN, NEXT = "0123456789abcdefghijklmnop", "next-0123456789abcdefghijklmnop"

USE = """async ([server, bytes, token]) => {
  const headers = { authorization: `Bearer ${token}` };
  const seen = {};
  const body = new FormData();
  body.append("image", new Blob([new Uint8Array(bytes)]), "holiday.png");
  const opened = await fetch(`${server}/v1/jobs?scale=2`, { method: "POST", headers, body });
  const place = opened.headers.get("location");
  seen.opened = [opened.status, place === `v1/jobs/${(await opened.json()).id}`];
  let state;
  do state = (await (await fetch(`${server}/${place}`, { headers })).json()).state;
  while (state !== "done");
  const result = await fetch(`${server}/${place}/result`, { headers });
  seen.result = [result.status, result.headers.get("content-disposition"), (await result.blob()).type];
  seen.gone = (await fetch(`${server}/${place}`, { method: "DELETE", headers })).status;
  const refused = await fetch(`${server}/v1/jobs`, { method: "POST", body: "x" });
  seen.refused = [refused.status, refused.headers.get("www-authenticate"), (await refused.json()).error.code];
  return seen;
}"""


@pytest.fixture(scope="module")
def site():
    """The address of a site with an empty page, which is not the server's."""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer) as serving:
        threading.Thread(target=serving.serve_forever).start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    """The file of the server's tokens."""
    path = tmp_path_factory.mktemp("tokens") / "tokens"
    path.write_text(TOKEN)
    return path


@pytest.fixture(scope="module")
def server(browser, site, tokens):  # noqa: ARG001 - none where there is no browser
    """A server that lets the pages of `site` use it."""
    flags = ("--model", "bicubic", "--token-file", tokens, "--cors", site, "--cors", "https://example.org")
    with server_process.serving(*flags) as running:
        yield running
        assert running.errors == []


def sign_in(page, token):
    page.fill("#token", token)
    page.click("button")


def holiday(picture):
    """A file as playwright takes it."""
    return {"name": "holiday.png", "mimeType": "image/png", "buffer": png(picture)}


@pytest.mark.slow
def test_a_person_is_asked_for_the_token_once_and_again_when_it_is_taken_away(browser, server, tokens, noise):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    assert Axe().run(page).violations_count == 0
    sign_in(page, "x" * len(TOKEN))
    assert "none of the server's tokens" in page.inner_text("#wrong")
    sign_in(page, TOKEN)
    page.wait_for_url(f"{server.url}/")
    page.set_input_files("#file", holiday(noise(8, 8)))
    page.wait_for_selector("#download:visible")
    with page.expect_download() as saved:
        page.click("#download")
    assert pixels(saved.value.path().read_bytes()).shape == (32, 32, 3)
    assert TOKEN not in page.evaluate("document.cookie + JSON.stringify({ ...localStorage, ...sessionStorage })")
    tokens.write_text(NEXT)
    page.click("#another")
    page.set_input_files("#file", holiday(noise(9, 9)))
    page.get_by_role("alert").wait_for()
    assert "Reload the page and enter it" in page.get_by_role("alert").inner_text()
    page.reload()
    sign_in(page, NEXT)
    page.get_by_text("Up to").wait_for()
    assert page.locator("#results button").count() >= 1  # the results from before are still there
    tokens.write_text(TOKEN)
    context.close()


@pytest.mark.slow
def test_without_javascript_it_is_the_same(browser, server, noise):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server.url)
    sign_in(page, TOKEN)
    page.wait_for_url(f"{server.url}/")
    page.set_input_files("#file", holiday(noise(8, 8)))
    with page.expect_response("**/v1/upscale") as answered:
        page.get_by_role("button", name="Enlarge it").click()
    assert answered.value.status == 200
    context.close()


@pytest.mark.slow
def test_the_site_that_is_named_uses_jobs_with_a_token_and_another_one_cannot(browser, server, site, noise):
    page = browser.new_page()
    page.goto(site)
    argument = [server.url, list(png(noise(8, 8))), TOKEN]
    assert page.evaluate(USE, argument) == {
        "opened": [202, True],
        "result": [200, 'inline; filename="holiday_x2.png"', "image/png"],
        "gone": 204,
        "refused": [401, 'Bearer realm="srgan"', "no_token"],
    }
    page.goto(site.replace("127.0.0.1", "localhost"))  # another origin, though the same machine
    assert page.evaluate(f"argument => ({USE})(argument).catch(String)", argument) == "TypeError: Failed to fetch"
    page.close()
