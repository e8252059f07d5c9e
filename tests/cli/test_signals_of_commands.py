"""A signal that comes in the middle of a library."""

import os
import signal

from pyimagesearch.cli import main as cli


def test_a_signal_that_a_library_turns_into_an_error_ends_the_command_as_a_signal(monkeypatch, capsys):
    """C++ that was interrupted in a call of Python raises SystemError: returned a result with an exception set."""

    def run(_):
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except BaseException as interrupted:
            raise SystemError("returned a result with an exception set") from interrupted

    monkeypatch.setattr(cli.COMMANDS["verify"], "run", run)
    assert cli.main(["verify", "tfrecord"]) == 143
    assert capsys.readouterr().err.splitlines() == ["srgan: stopped by SIGTERM"]
