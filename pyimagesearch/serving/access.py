"""Whose requests are answered: pages of other sites must not use the server through a visitor's browser.

Two defences. A page of another site is told by the headers Origin and Sec-Fetch-Site, which browsers set and pages
cannot. A site whose name is made to point to this machine (DNS rebinding) is told by the header Host.
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from pyimagesearch.errors import InputError
from pyimagesearch.serving.errors import answer

HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:@/?#\s]+?)\.?(?::(\d{1,5}))?")
ORIGIN = re.compile(r"(?P<scheme>https?)://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:(?P<port>\d{1,5}))?")
DEFAULT_PORTS = ("80", "443")  # which one depends on the scheme that a proxy in front has


class Access:
    """An ASGI application around another, which answers 403 to requests that other sites cause."""

    def __init__(self, app: ASGIApp, hosts: Collection[str] | None, origins: Collection[str] = ()):
        """hosts: the names, without ports, that the server may be called by, beside this machine's own; None: any.
        origins: of other sites that may use the server, such as https://example.org."""
        self._app = app
        self._hosts = None if hosts is None else {"localhost", *map(str.lower, hosts)}
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not self._is_own_name(headers.get("host")):
            message = "the server is not known by this name; its operator can allow it (--allow-host)"
            await answer(403, "foreign_host", message)(scope, receive, send)
        elif self._is_foreign(scope["method"], headers):
            message = "pages of other sites may not use this server; its operator can allow one (--cors)"
            await answer(403, "foreign_origin", message)(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_own_name(self, host: str | None) -> bool:
        if self._hosts is None or host is None:  # every browser sends one
            return True
        name = _name_and_port(host)[0]
        return name in self._hosts or _is_loopback(name)

    def _is_foreign(self, method: str, headers: Headers) -> bool:
        origin = headers.get("origin")
        if origin in self._origins:
            return False
        if origin is not None:
            return not is_same_origin(headers)
        if headers.get("sec-fetch-site") != "cross-site":
            return False
        followed_a_link = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
        return not (followed_a_link and method in ("GET", "HEAD"))


def is_same_origin(headers: Headers) -> bool:
    """Whether a request with an Origin comes from a page of this server; False for what is no origin at all."""
    try:
        name = urlsplit(headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(name) and _name_and_port(name) == _name_and_port(headers.get("host", ""))


def is_loopback_address(address: str) -> bool:
    """Whether only this machine can reach what listens at the IP address."""
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def check_origin(origin: str) -> str:
    """The origin, if it is one as browsers send them. Raises InputError."""
    if origin == "*":
        reason = "every site could use the server through its visitors' browsers"
        raise InputError(f"`cors` takes no *, since {reason}; give it once for each site, such as https://example.org")
    found = ORIGIN.fullmatch(origin)
    if not found:
        raise InputError(f"`cors` is a scheme and a host, such as https://example.org, received {origin}")
    if (found["scheme"], found["port"]) in (("http", "80"), ("https", "443")):
        usual = origin.removesuffix(f":{found['port']}")
        raise InputError(f"`cors` names the origin as browsers do, {usual} without the usual port, received {origin}")
    return origin


def check_host(host: str) -> str:
    """The host, if it is a name or an address without a port. Raises InputError."""
    name, port = _name_and_port(host.lower())
    if not name or port:
        raise InputError(f"`allow_host` is a name without a port, such as pictures.example.org, received {host}")
    return host


def _name_and_port(host: str) -> tuple[str, str]:
    """The two parts of a Host header in lower case; two empty ones where it is none. Default ports are left out."""
    parts = HOST.fullmatch(host.lower())
    if not parts:
        return "", ""
    return parts[1], "" if parts[2] in (None, *DEFAULT_PORTS) else parts[2]


def _is_loopback(name: str) -> bool:
    try:
        return is_loopback_address(name.strip("[]"))
    except ValueError:
        return False
