"""Runs a command: parses flags, prints log records, turns errors into exit codes. Light imports, for a fast --help."""

import io
import os
import re
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NoReturn

from pyimagesearch import __version__
from pyimagesearch.cli import (
    benchmark,
    degrade,
    dream,
    evaluate,
    export,
    grid,
    results,
    serve,
    style,
    tfrecords,
    train,
    upscale,
    verify,
)
from pyimagesearch.cli.flags import Parser, add_command
from pyimagesearch.errors import InputError, Interrupted, RunError, os_error_text
from pyimagesearch.system import console, gcs

COMMANDS = {
    "tfrecords": tfrecords,
    "verify": verify,
    "degrade": degrade,
    "train": train,
    "grid": grid,
    "evaluate": evaluate,
    "upscale": upscale,
    "dream": dream,
    "style": style,
    "export": export,
    "serve": serve,
    "results": results,
    "benchmark": benchmark,
}
TERMINATED = "stopped by SIGTERM"


def build_parser(prog: str = "srgan") -> Parser:
    """The parser of `srgan COMMAND`."""
    parser = Parser(
        prog=prog, description="Super-resolution GANs: records, training, grids, scores.", allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"srgan {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        module.add_flags(add_command(commands, name, module.HELP))
    return parser


def main(argv: Sequence[str] | None = None, prog: str = "srgan") -> int:
    """Run a command and return its exit code: 0 done, 1 failed, 2 wrong input, 130 and 143 after a signal."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its errors also arrive as exceptions
    gcs.configure()
    argv = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # file names may hold bytes that are not UTF-8
        sys.stdout.reconfigure(errors="backslashreplace")
    on_main_thread = threading.current_thread() is threading.main_thread()
    received: list[int] = []

    def terminate(number: int, _) -> NoReturn:
        """Unwind the command, which removes its temporary files. Training has its own handler, which saves first."""
        received.append(number)
        raise Interrupted(TERMINATED, 128 + number)

    before = signal.signal(signal.SIGTERM, terminate) if on_main_thread else None
    try:
        args = build_parser().parse_args(argv)
        with console.log_to_stdout():
            COMMANDS[args.command].run(args)
        sys.stdout.flush()
        return 0
    except SystemExit as ended:  # --help and --version
        return int(ended.code or 0)
    except KeyboardInterrupt:
        return _fail(prog, "stopped by SIGINT", 130)
    except Interrupted as error:
        return _fail(prog, str(error), error.exit_code)
    except BrokenPipeError:  # stdout was closed, for example by `head`
        console.close_stdout()
        return 1
    except Exception as error:
        if received:  # in the middle of a library's C++, which has made another error of it
            return _fail(prog, TERMINATED, 128 + received[0])
        line, code = _explain(error)
        return _fail(prog, _as_run(prog, line), code)
    finally:
        if on_main_thread:
            signal.signal(signal.SIGTERM, before)


# TensorFlow's file errors are not OSErrors. They are compared by name, since importing TensorFlow takes seconds.
_UNUSABLE = ("PermissionDeniedError", "FailedPreconditionError", "NotFoundError", "AlreadyExistsError")


def _fail(prog: str, message: str, code: int) -> int:
    if os.environ.get("SRGAN_TRACEBACK"):
        traceback.print_exc()
    print(f"{prog}: {message}", file=sys.stderr)
    return code


def _as_run(prog: str, line: str) -> str:
    """A message with the commands as this user runs them: `srgan tfrecords` needs no clone of the repository."""
    return re.sub(r"(python )?create_tfrecords\.py", "srgan tfrecords", line) if prog == "srgan" else line


def _explain(error: Exception) -> tuple[str, int]:
    """The one line and the exit code for whatever a command raised."""
    if isinstance(error, InputError):
        text = error.with_flags()
    else:
        text = os_error_text(error) if isinstance(error, OSError) else str(error)
    text = " ".join(text.split())
    if isinstance(error, InputError):
        return text, 2
    if isinstance(error, RunError):
        return text, 1
    if of_bucket := gcs.explain(text):
        return of_bucket
    if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] == "tensorflow":
        return 'TensorFlow is not installed: pip install -e ".[cpu]" (".[gpu]" for NVIDIA GPUs, ".[tpu]" for TPUs)', 2
    if isinstance(error, ImportError):
        return f'a library cannot be loaded ({text}): install the project again with pip install -e ".[cpu]"', 2
    if isinstance(error, OSError):
        return text[:300], 2
    if "No space left" in text:
        return f"no disk space left ({text[:200]}): free some, or give another --output", 2
    if type(error).__name__ in _UNUSABLE:
        return f"{text[:300]} (a file or folder that cannot be used)", 2
    return f"internal error, {type(error).__name__}: {text[:300]}; SRGAN_TRACEBACK=1 shows where", 1
