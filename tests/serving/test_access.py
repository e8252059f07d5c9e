"""Whose requests are answered."""

import asyncio

import httpx
import pytest

from pyimagesearch.cli.main import main
from pyimagesearch.serving.access import Access


def ask(headers, *, method="POST", hosts=("127.0.0.1",), origins=()):
    """The status that a request with these headers gets."""

    async def app(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def run():
        transport = httpx.ASGITransport(Access(app, hosts, origins))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
            return await client.request(method, "/v1/upscale", headers=headers)

    answer = asyncio.run(run())
    if answer.status_code != 200:
        assert set(answer.json()["error"]) == {"code", "message"}
    return answer.status_code


@pytest.mark.parametrize(
    "host",
    ["localhost:8080", "LOCALHOST", "localhost.", "127.0.0.1", "127.0.0.1:80", "127.1.2.3", "[::1]:8080", "[::1]"],
)
def test_this_machines_names_are_known(host):
    assert ask({"host": host}) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.0.1", "",
        "evil@localhost", "localhost/evil", "localhost:8080:9", "[::1", "[evil]", "localhost:x",
    ],
)  # fmt: skip
def test_other_names_are_refused(host):
    assert ask({"host": host}) == 403


def test_names_can_be_allowed_and_all_are_where_others_reach_the_server():
    assert ask({"host": "Pictures.example.org"}, hosts=["pictures.example.org"]) == 200
    assert ask({"host": "other.example.org"}, hosts=["pictures.example.org"]) == 403
    assert ask({"host": "anything.example"}, hosts=None) == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:8080", 200), ("https://localhost:8080", 200), ("http://localhost:3000", 403),
        ("http://127.0.0.1:8080", 403), ("https://evil.example", 403),
        ("http://[", 403), ("null", 403), ("", 403),
        ("http://localhost:8080.evil.example", 403), ("http://evil.example/localhost:8080", 403),
    ],
)  # fmt: skip
def test_pages_of_other_origins_are_refused(origin, status):
    assert ask({"origin": origin}) == status


def test_default_ports_are_the_same_with_and_without_their_number():
    headers = {"host": "pictures.example.org", "origin": "https://pictures.example.org:443"}
    assert ask(headers, hosts=["pictures.example.org"]) == 200


def test_a_site_can_be_allowed():
    headers = {"origin": "https://example.org", "sec-fetch-site": "cross-site"}
    assert ask(headers, origins=["https://example.org"]) == 200
    assert ask(headers | {"origin": "https://example.org.evil.example"}, origins=["https://example.org"]) == 403


def test_requests_from_other_sites_without_an_origin_are_refused_but_links_may_be_followed():
    link = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    assert ask(link, method="GET") == 200
    assert ask(link, method="POST") == 403
    assert ask(link | {"sec-fetch-dest": "iframe"}, method="GET") == 403
    assert ask({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, method="GET") == 403
    assert ask({"sec-fetch-site": "same-origin"}) == 200


@pytest.mark.parametrize(
    ("flags", "wrong"),
    [
        (["--cors", "*"], "--cors takes no *, since every site could use the server"),
        (
            ["--cors", "https://example.org/page"],
            "--cors is a scheme and a host, such as https://example.org",
        ),
        (["--allow-origin", "https://EXAMPLE.org"], "received https://EXAMPLE.org"),
        (["--cors", "https://example.org:443"], "as browsers do, https://example.org without the usual port"),
        (["--cors", "https://exämple.org"], "received https://exämple.org"),
        (["--allow-host", "example.org:81"], "--allow-host is a name without a port"),
        (["--max-seconds", "1e308"], "--max-seconds must be at most 86400, received 1e+308"),
        (["--queue", "1000"], "--queue must be at most 100, received 1000"),
    ],
)
def test_wrong_flags_are_one_line(flags, wrong, capsys):
    assert main(["serve", "--model", "bicubic", *flags]) == 2
    assert wrong in capsys.readouterr().err


def test_no_redirect_repeats_the_clients_host(bicubic_server):
    with bicubic_server.client() as client:
        for path in ("/healthz/", "//evil.example/healthz", "/v1/upscale/", "/page"):
            answer = client.get(bicubic_server.url + path)
            assert answer.status_code in (404, 405)
            assert "location" not in answer.headers
