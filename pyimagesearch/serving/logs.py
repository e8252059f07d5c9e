"""Log lines: each one line, and at most one a second, so that no stranger can fill a disk."""

import logging
import time
from collections.abc import Callable


class OncePerSecond(logging.Filter):
    """Lets one record a second through, in one line, with the number of those that it kept back before."""

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        """clock: gives seconds."""
        super().__init__()
        self._clock = clock
        self._next = 0.0
        self._kept_back = 0

    def filter(self, record: logging.LogRecord) -> bool:
        now = self._clock()
        if now < self._next:
            self._kept_back += 1
            return False
        more = f" (and {self._kept_back} lines more before)" if self._kept_back else ""
        cause = f" ({type(record.exc_info[1]).__name__}: {record.exc_info[1]})" if record.exc_info else ""
        record.msg = " ".join(f"{record.getMessage()}{cause}".split())[:1000] + more
        record.args, record.exc_info = (), None
        self._next, self._kept_back = now + 1.0, 0
        return True


def configure(*, access_log: bool) -> None:
    """Send what the service, uvicorn and asyncio report to stderr, limited; the access log to stdout, unlimited."""
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # of strangers' forms, which are answered
    handler = logging.StreamHandler()
    handler.addFilter(OncePerSecond())
    for name in ("pyimagesearch.serving", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.WARNING)
    access = logging.getLogger("uvicorn.access")
    access.propagate = False
    access.setLevel(logging.INFO)
    access.handlers = []
    if access_log:
        import sys

        access.addHandler(logging.StreamHandler(sys.stdout))
