"""--token-file: who is let in, and that no token is told to anybody."""

import asyncio
import json
import logging
import os

import httpx
import pytest
from fastapi import FastAPI
from helpers import server_process
from helpers.server_process import code, png, wait_until

from pyimagesearch.cli.main import main
from pyimagesearch.serving.authentication import Authentication, add_login
from pyimagesearch.serving.errors import add_handlers
from pyimagesearch.serving.tokens import TokenFile

FIRST, SECOND, FOREIGN = "first-0123456789abcdef", "second/0123456789abcdef==", "foreign-0123456789abcdef"
HTML = {"accept": "text/html,*/*;q=0.8"}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "tokens"
    path.write_text(f"# of the two of us\n{FIRST}\n\n  {SECOND}  \n")
    return path


class Asking:
    """Requests to an application with two endpoints behind the tokens of a file."""

    def __init__(self, path):
        app = FastAPI()
        add_handlers(app)
        for address in ("/", "/docs", "/healthz", "/page/app.js", "/v1/jobs/one", "/metrics"):
            app.get(address)(lambda: "inside")
        add_login(app, tokens := TokenFile(path))
        self.document = app.openapi()
        self._app = Authentication(app, tokens)

    def __call__(self, path, *, method="GET", **kwargs):
        async def run():
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8080") as client:
                return await client.request(method, path, **kwargs)

        return asyncio.run(run())

    def status(self, token):
        return self("/v1/jobs/one", headers={"authorization": f"Bearer {token}"}).status_code


@pytest.fixture
def ask(file):
    return Asking(file)


@pytest.mark.parametrize("token", [FIRST, SECOND])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_each_token_of_the_file_lets_in(ask, token, scheme):
    for path in ("/v1/jobs/one", "/metrics", "/"):
        assert ask(path, headers={"authorization": f"{scheme} {token}"}).json() == "inside"


@pytest.mark.parametrize(
    "header",
    [f"Bearer {sent}" for sent in (FOREIGN, FIRST[:-1], f"{FIRST}x", f"{FIRST} {SECOND}", f"\xfc{FIRST}")],
)
def test_wrong_tokens_are_refused_by_the_words_of_rfc_6750(ask, header):
    answer = ask("/v1/jobs/one", headers={"authorization": header.encode("latin-1")})
    assert (answer.status_code, code(answer)) == (401, "wrong_token")
    assert answer.headers["www-authenticate"] == 'Bearer realm="srgan", error="invalid_token"'
    assert FIRST not in answer.text


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": FIRST}, {"authorization": f"Basic {FIRST}"}, {"authorization": "Bearer"},
     {"authorization": "Bearer  "}, {"cookie": f"srgan-8080={FIRST}"}, {"cookie": "srgan-8080="}],
)  # fmt: skip
def test_requests_without_a_token_are_told_how_to_send_one(ask, headers):
    for path in ("/v1/jobs/one", "/metrics", "/nothing", "/", "/page", "//healthz"):
        answer = ask(path, headers=headers)
        assert (answer.status_code, code(answer)) == (401, "no_token")
        assert answer.headers["www-authenticate"] == 'Bearer realm="srgan"'
        assert "Authorization: Bearer TOKEN" in answer.json()["error"]["message"]


def test_health_and_the_files_of_the_page_are_open(ask):
    for path in ("/healthz", "/page/app.js"):
        assert ask(path).json() == "inside"


def test_a_browser_is_asked_once_and_gets_a_cookie_that_is_not_the_token(ask):
    asked = ask("/", headers=HTML)
    assert (asked.status_code, asked.headers["cache-control"]) == (401, "no-store")
    assert '<form action="login" method="post">' in asked.text
    wrong = ask("/login", method="POST", data={"token": FOREIGN})
    assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
    assert "none of the server's tokens" in wrong.text
    right = ask("/login", method="POST", data={"token": SECOND})
    assert (right.status_code, right.headers["location"]) == (303, "./")
    cookie, *properties = right.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} == set(properties)
    assert SECOND not in cookie
    assert ask("/", headers=HTML | {"cookie": cookie}).json() == "inside"
    assert ask("/", headers=HTML | {"cookie": cookie[:-1]}).status_code == 401
    behind_tls = ask("https://localhost:8080/login", method="POST", data={"token": SECOND})
    assert "Secure" in behind_tls.headers["set-cookie"]


def test_the_form_takes_no_large_body(ask):
    answer = ask("/login", method="POST", content=b"x" * 5000)
    assert (answer.status_code, code(answer)) == (413, "too_many_bytes")


def test_openapi_says_what_needs_a_token(ask):
    paths = ask.document["paths"]
    assert ask.document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert paths["/v1/jobs/one"]["get"]["security"] == [{"token": []}]
    assert "401" in paths["/v1/jobs/one"]["get"]["responses"]
    assert "security" not in paths["/healthz"]["get"]


def test_a_changed_file_counts_at_once_and_a_broken_one_does_not(ask, file, caplog):
    cookie = ask("/login", method="POST", data={"token": FIRST}).headers["set-cookie"].partition(";")[0]
    file.write_text(f"{FOREIGN}\n{SECOND}\n")
    assert [ask.status(token) for token in (FIRST, SECOND, FOREIGN)] == [401, 200, 200]
    assert ask("/docs", headers={"cookie": cookie}).status_code == 401  # of a token that is gone
    with caplog.at_level(logging.ERROR):
        file.write_text("short\n")
        assert [ask.status(token) for token in ("short", SECOND)] == [401, 200]
        file.unlink()
        assert [ask.status(token) for token in (FIRST, SECOND)] == [401, 200]
    assert [record.getMessage().partition(";")[0] for record in caplog.records] == [
        f"srgan serve: --token-file {file}, line 1: a token has 20 to 500 letters, received 5",
        f"srgan serve: --token-file {file} cannot be read (No such file or directory)",
    ]
    file.write_text(f"{FIRST}\n")
    assert [ask.status(token) for token in (FIRST, SECOND)] == [200, 401]


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "holds no token; python -c"),
        (b"# only this\n\n", "holds no token"),
        (b"# one\nsecret-too-short\n", "line 2: a token has 20 to 500 letters, received 16"),
        (b"secret with some blanks in it\n", "line 1: a token has letters, digits and -._~+/ only"),
        ("secret-ümlaut-0123456789abc\n".encode(), "line 1: a token has letters, digits"),
        (b"secret-" * 100_000, "is larger than 65,536 bytes"),
    ],
)
def test_a_bad_file_is_one_line_that_tells_no_token(tmp_path, capsys, content, wrong):
    path = tmp_path / "tokens"
    if content is not None:
        path.write_bytes(content)
    assert main(["serve", "--model", "bicubic", "--token-file", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"srgan: --token-file {path}")
    assert wrong in said
    assert "secret-" not in said
    assert said.count("\n") == 1


@pytest.mark.slow
def test_no_token_is_in_what_the_server_says_or_answers(file, noise):
    """With the access log on; a job with a token, attempts without, a broken file, and its change while it runs."""
    flags = ("--model", "bicubic", "--token-file", file, "--access-log")
    sent = [FIRST, SECOND, FOREIGN]
    texts = []
    with server_process.serving(*flags) as server, server.client() as client:
        for token in sent:
            headers = {"authorization": f"Bearer {token}"}
            answers = [client.post("/v1/jobs", files={"image": ("a.png", png(noise(8, 8)))}, headers=headers)]
            answers += [client.get(path, headers=headers) for path in ("/metrics", "/healthz", "/openapi.json")]
            answers.append(client.post("/login", data={"token": token}, headers={"origin": server.url}))
            assert answers[0].status_code == (401 if token == FOREIGN else 202)
            texts += [f"{dict(answer.headers)} {answer.text}" for answer in answers]
        (new := file.with_name("new")).write_text(f"broken {FIRST}")
        os.replace(new, file)
        client.get("/v1/jobs/one")
        wait_until(lambda: any("line 1" in line for line in server.errors))
        assert server.stop() == 0
        logged = server.process.stdout.read()
    assert json.dumps(server.errors).count("token has letters, digits") == 1
    assert "POST /v1/jobs HTTP" in logged
    for token in sent:
        assert token not in "".join([*texts, *server.errors, logged])


def test_a_cookie_counts_for_the_pages_of_this_server_alone(ask):
    """Browsers send it from other ports of the host too; where --cors lets these in, they need a token of their own."""
    cookie = ask("/login", method="POST", data={"token": FIRST}).headers["set-cookie"].partition(";")[0]
    for origin, status in (("http://localhost:8080", 200), ("http://localhost:9090", 401), ("http://[", 401)):
        assert ask("/v1/jobs/one", headers={"cookie": cookie, "origin": origin}).status_code == status


@pytest.mark.parametrize(("origin", "secure"), [("https://localhost:8080", True), ("http://localhost:8080", False)])
def test_the_cookie_is_for_https_alone_where_the_browser_uses_it(ask, origin, secure):
    entered = ask("/login", method="POST", data={"token": FIRST}, headers={"origin": origin})
    assert ("Secure" in entered.headers["set-cookie"]) == secure
