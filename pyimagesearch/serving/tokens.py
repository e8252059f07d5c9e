"""The tokens of --token-file: read from a file, told from others in constant time, and never shown."""

import hashlib
import hmac
import logging
import os
import re
from pathlib import Path

from pyimagesearch.errors import InputError

logger = logging.getLogger(__name__)

TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750, 2.1
LEAST_LETTERS, MOST_LETTERS = 20, 500
MOST_BYTES = 65_536  # of the file
HOW = "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes a token"


class TokenFile:
    """The tokens in a file, one on each line; read again whenever the file has changed."""

    def __init__(self, path: Path):
        """Raises InputError where the file cannot be read, or holds something else than tokens."""
        self._path = path
        self._mark = self._mark_now()
        self._tokens = read_tokens(path)

    def knows(self, token: str) -> bool:
        """Whether this is one of the tokens."""
        return _is_among(token, self._current())

    def knows_session(self, session: str) -> bool:
        """Whether `session_of` gave this for one of the tokens."""
        return _is_among(session, [session_of(token) for token in self._current()])

    def _current(self) -> list[str]:
        mark = self._mark_now()
        if mark != self._mark:
            self._mark = mark
            try:
                self._tokens = read_tokens(self._path)
            except InputError as error:
                logger.error("srgan serve: %s; the tokens from before stay valid", error.with_flags())
        return self._tokens

    def _mark_now(self) -> tuple[int, int, int] | None:
        """What changes when the file does."""
        try:
            about = os.stat(self._path)
        except OSError:
            return None
        return about.st_mtime_ns, about.st_size, about.st_ino


def session_of(token: str) -> str:
    """What stands for a token in a browser's cookie; the token does not follow from it."""
    return hmac.new(token.encode(), b"srgan serve: session", hashlib.sha256).hexdigest()


def read_tokens(path: Path) -> list[str]:
    """The tokens in a file. Blank lines, and lines that begin with #, hold none. Raises InputError."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"`token_file` {path} cannot be read ({error.strerror}); {HOW}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"`token_file` {path} is larger than {MOST_BYTES:,} bytes; it holds a token on each line")
    lines = enumerate(data.decode("ascii", "replace").splitlines(), 1)
    tokens = {number: line.strip() for number, line in lines if line.strip() and not line.strip().startswith("#")}
    for number, token in tokens.items():  # none of which the message may show
        if not TOKEN.fullmatch(token):
            raise InputError(f"`token_file` {path}, line {number}: a token has letters, digits and -._~+/ only; {HOW}")
        if not LEAST_LETTERS <= len(token) <= MOST_LETTERS:
            allowed = f"{LEAST_LETTERS} to {MOST_LETTERS} letters, received {len(token)}"
            raise InputError(f"`token_file` {path}, line {number}: a token has {allowed}; {HOW}")
    if not tokens:
        raise InputError(f"`token_file` {path} holds no token; {HOW}")
    return list(tokens.values())


def _is_among(sent: str, known: list[str]) -> bool:
    """Compares with all of them, each in a time that tells nothing about it."""
    found = [hmac.compare_digest(_digest(sent), _digest(each)) for each in known]
    return any(found)


def _digest(text: str) -> bytes:
    """Of one length, whatever the text's."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
