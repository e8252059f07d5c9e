"""Who is let in with --token-file: programs that send a token (RFC 6750), and browsers that have exchanged one.

A browser cannot add a header to all that a page loads. So GET / asks a person for the token once, and POST /login gives
the browser a cookie for it, which its scripts cannot read and other sites cannot make it send.
"""

import asyncio
from typing import Any
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pyimagesearch.serving import login_page
from pyimagesearch.serving.access import is_same_origin
from pyimagesearch.serving.errors import ServiceError, answer
from pyimagesearch.serving.tokens import TokenFile, session_of

OPEN = ("/healthz", "/login")  # for checks of health, and for those who have no cookie yet
OPEN_FOLDER = "/page/"  # the page's files, which hold nothing of anybody
PAGES = ("/", "/docs")  # where a person is asked for the token
LOGIN = "/login"
FORM_BYTES, FORM_SECONDS = 4_096, 10.0
NO_TOKEN = "this server asks for a token: send the header Authorization: Bearer TOKEN, or open its page and enter it"
WRONG_TOKEN = "the token is none of this server's; its operator has the file that holds them"


class Authentication:
    """An ASGI application around another, which answers 401 to requests without a token."""

    def __init__(self, app: ASGIApp, tokens: TokenFile):
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        path = scope["path"]
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        sent = token.strip() if scheme.lower() == "bearer" else ""
        if path in OPEN or path.startswith(OPEN_FOLDER) or self._is_let_in(request, sent):
            await self._app(scope, receive, send)
        elif path in PAGES and "text/html" in request.headers.get("accept", "") and not sent:
            await _login(refused=False)(scope, receive, send)
        else:
            await _refusal(wrong=bool(sent))(scope, receive, send)

    def _is_let_in(self, request: Request, sent: str) -> bool:
        if sent:
            return self._tokens.knows(sent)
        if "origin" in request.headers and not is_same_origin(request.headers):
            return False  # browsers send the cookie from other ports and subdomains of this site too
        session = request.cookies.get(_cookie(request))
        return session is not None and self._tokens.knows_session(session)


def add_login(app: FastAPI, tokens: TokenFile) -> None:
    """Answer POST /login, and say in the OpenAPI document that requests need a token."""

    @app.post(LOGIN, include_in_schema=False)
    async def login(request: Request) -> Response:
        """Exchange a token for a cookie, and go to the page."""
        token = await _token_in_form(request)
        if not tokens.knows(token):
            return _login(refused=True)
        entered = RedirectResponse("./", 303)
        # A proxy may end HTTPS without this server's knowledge; the browser's Origin tells.
        secure = request.url.scheme == "https" or request.headers.get("origin", "").startswith("https:")
        entered.set_cookie(_cookie(request), session_of(token), httponly=True, samesite="lax", secure=secure)
        return entered

    _describe(app.openapi())


async def _token_in_form(request: Request) -> str:
    body = b""
    try:
        async with asyncio.timeout(FORM_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > FORM_BYTES:
                    raise ServiceError(413, "too_many_bytes", f"the form has more than {FORM_BYTES:,} bytes")
    except TimeoutError:
        raise ServiceError(408, "slow_body", "the form arrives too slowly; try again") from None
    return parse_qs(body.decode("ascii", "replace")).get("token", [""])[0].strip()


def _cookie(request: Request) -> str:
    """The cookie's name. Ports do not tell cookies apart, so that several servers of a host need several names."""
    return f"srgan-{request.scope['server'][1]}"


def _refusal(*, wrong: bool) -> Response:
    challenge = 'Bearer realm="srgan"' + (', error="invalid_token"' if wrong else "")
    message = WRONG_TOKEN if wrong else NO_TOKEN
    return answer(401, "wrong_token" if wrong else "no_token", message, {"WWW-Authenticate": challenge})


def _login(*, refused: bool) -> Response:
    headers = {"WWW-Authenticate": 'Bearer realm="srgan"', "cache-control": "no-store"}
    headers["content-security-policy"] = login_page.POLICY
    return HTMLResponse(login_page.page(refused=refused), 401, headers)


def _describe(document: dict[str, Any]) -> None:
    """Add the token to an OpenAPI document, which the application keeps."""
    scheme = {"type": "http", "scheme": "bearer", "description": "a token of --token-file"}
    document.setdefault("components", {})["securitySchemes"] = {"token": scheme}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            if path not in OPEN and not path.startswith(OPEN_FOLDER):
                operation["security"] = [{"token": []}]
                refused = {"401": {"description": "no token, or a wrong one"}}
                operation["responses"] = dict(sorted((operation["responses"] | refused).items()))
