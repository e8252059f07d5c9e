"""/docs in a browser: nothing that a screen reader would stumble over, and no scrolling to the side on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from helpers.browser import PHONE, browser  # noqa: F401


@pytest.mark.parametrize("context", [PHONE, {"viewport": {"width": 1280, "height": 800}}], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_docs_can_be_read_by_everybody(browser, server, context, scheme):  # noqa: F811
    window = browser.new_context(color_scheme=scheme, **context)
    page = window.new_page()
    page.goto(f"{server.url}/docs")
    assert page.get_by_role("heading", name="POST /v1/jobs", exact=True).is_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
    window.close()


def test_every_endpoint_is_in_a_group_and_what_is_posted_has_an_example(client):
    document = client.get("/openapi.json").json()
    tags = {tag["name"] for tag in document["tags"]}
    text = client.get("/docs").text
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert set(operation["tags"]) <= tags
            assert f"{method.upper()} {path}" in text
            if method == "post":
                assert path in operation["x-codeSamples"][0]["source"]
