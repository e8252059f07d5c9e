"""SIGINT and SIGTERM ask the training loop to stop; it saves, then exits."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """`received` is None until the process is asked to stop."""

    received: signal.Signals | None = None

    @property
    def name(self) -> str:
        return self.received.name if self.received else "another worker"

    @property
    def exit_code(self) -> int:
        return 128 + (self.received or signal.SIGTERM)


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a request; a second one ends the process as usual."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request  # Python delivers signals to the main thread alone
        return

    def handle(number: int, _frame) -> None:
        request.received = signal.Signals(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, handle)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
