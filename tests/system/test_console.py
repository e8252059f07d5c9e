"""pyimagesearch.system.console: durations, sizes, log records as lines, progress bars, stderr of native libraries."""

import io
import logging
import os
import re
import subprocess
import sys

import pytest
from tqdm import tqdm

from pyimagesearch.system import console


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (8.42, "8.4 s"),
        (59.4, "59.4 s"),
        (60, "1 min 00 s"),
        (245, "4 min 05 s"),
        (3599.7, "1 h 00 min"),
        (12_000, "3 h 20 min"),
        (360_000, "100 h 00 min"),
    ],
)
def test_durations_are_said_as_a_person_would(seconds, text):
    assert console.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (1.2e9, "1.2 GB"),
        (3.5e12, "3.5 TB"),
        (2e15, "2000.0 TB"),
    ],
)
def test_sizes_carry_a_unit(count, text):
    assert console.size(count) == text


def test_a_command_says_how_long_it_took_and_how_much_memory_it_needed():
    seconds, memory = re.fullmatch(r"(\d+\.\d) s, peak memory (\d+\.\d [MG]B)", str(console.Stopwatch())).groups()
    assert float(seconds) < 5
    number, unit = memory.split()
    assert 20e6 < float(number) * {"MB": 1e6, "GB": 1e9}[unit] < 100e9


def test_progress_passes_everything_on_and_writes_to_a_terminals_stderr_only(capsys, monkeypatch):
    assert list(console.progress(iter("abc"), total=3, label="checking", unit="picture")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")  # no terminal, so that an error's line stands alone in a log
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(console.progress(iter("abc"), total=3, label="checking", unit="picture")) == ["a", "b", "c"]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "checking" in captured.err


def test_what_native_libraries_write_is_hidden_only_for_the_while(capfd):
    with console.hidden_native_stderr():
        os.write(2, b"banner\n")
    os.write(2, b"error\n")
    print("still here", file=sys.stderr)
    assert capfd.readouterr().err == "error\nstill here\n"


def test_stderr_comes_back_after_an_error(capfd):
    with pytest.raises(ImportError), console.hidden_native_stderr():
        raise ImportError
    os.write(2, b"error\n")
    assert capfd.readouterr().err == "error\n"


def test_log_records_are_lines_on_stdout_above_the_bars(capsys):
    logger = logging.getLogger("pyimagesearch.training.driver")
    with console.log_to_stdout():
        logger.debug("detail")
        logger.info("step %d", 3)
        logger.warning("%s is damaged", "step-2")
    logger.info("nobody listens")
    assert capsys.readouterr() == ("step 3\nWARNING: step-2 is damaged\n", "")
    assert not logging.getLogger("pyimagesearch").handlers


def test_a_reader_that_has_gone_away_stops_no_work():
    """As `head` goes away: what is said after that is lost, and the work goes on."""
    program = (
        "import sys; from pyimagesearch.system import console\n"
        "for number in range(3): console.say(str(number)); print(number, file=sys.stderr)"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert process.stderr.read() == b"0\n1\n2\n"
    assert process.wait(60) == 0


def test_a_bar_shows_how_much_others_have_done(monkeypatch):
    shown = io.StringIO()
    monkeypatch.setattr(console, "progress_bar", lambda *, total, **_: tqdm(total=total, file=shown))
    with console.watched(lambda: 3, total=4, label="writing", unit="shard"):
        pass
    assert "3/4" in shown.getvalue()
