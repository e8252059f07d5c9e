"""SIGINT and SIGTERM as requests to stop."""

import signal
import threading

import pytest

from pyimagesearch.training.signals import stop_requests


def test_a_second_signal_ends_the_process_as_usual():
    with stop_requests() as request:
        signal.raise_signal(signal.SIGINT)
        assert request.received == signal.SIGINT
        assert request.exit_code == 130
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_signals_are_left_alone_outside_the_main_thread():
    seen = []

    def use() -> None:
        with stop_requests() as request:
            seen.append(request.received)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [None]
