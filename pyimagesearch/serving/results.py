"""Results of /generate, kept for their download in memory, so that nothing outlives the process."""

import asyncio
import secrets

from pyimagesearch.serving.errors import ServiceError
from pyimagesearch.system.console import size

MOST_BYTES = 256_000_000  # of all results together; the oldest go first
SECONDS = 600.0  # that a result is kept


class Results:
    """PNG files under names that nobody can guess."""

    def __init__(self, most: int = MOST_BYTES, seconds: float = SECONDS):
        self._most, self._seconds = most, seconds
        self._kept: dict[str, bytes | memoryview] = {}

    def keep(self, data: bytes | memoryview) -> str:
        """Keep a result for a while; returns its name. Raises ServiceError where it alone is too large."""
        if len(data) > self._most:
            message = f"the result has {size(len(data))}, more than is kept for a download; use /v1/upscale"
            raise ServiceError(413, "too_large_result", message)
        while self._bytes() + len(data) > self._most:
            self._kept.pop(next(iter(self._kept)))
        name = f"{secrets.token_urlsafe(24)}.png"
        self._kept[name] = data
        asyncio.get_running_loop().call_later(self._seconds, self._kept.pop, name, None)
        return name

    def get(self, name: str) -> bytes | memoryview:
        """The result of that name. Raises ServiceError 404."""
        if name not in self._kept:
            raise ServiceError(404, "no_such_result", "no result has this name, or it has been removed; make it again")
        return self._kept[name]

    def _bytes(self) -> int:
        return sum(map(len, self._kept.values()))
