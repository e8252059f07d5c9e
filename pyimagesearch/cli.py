"""The front of every command: flags in, an exit code out. Standard library only, so that --help answers at once."""

import io
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from typing import NoReturn

from pyimagesearch import buckets
from pyimagesearch.cli_flags import build_parser
from pyimagesearch.errors import Interrupted, RunError, UserError


def main(argv: Sequence[str] | None = None, prog: str = "srgan") -> int:
    """Run a command; returns its exit code (design: 0 done, 1 a fault, 2 wrong input, 130 and 143 after a signal)."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its errors also arrive as exceptions
    buckets.configure()
    argv = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # names of files may hold bytes that are no text
        sys.stdout.reconfigure(errors="backslashreplace")
    on_main_thread = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _terminated) if on_main_thread else None
    try:
        args = build_parser().parse_args(argv)
        from pyimagesearch import commands

        getattr(commands, args.command)(args)
        sys.stdout.flush()
        return 0
    except SystemExit as ended:  # --help and --version
        return int(ended.code or 0)
    except KeyboardInterrupt:
        return _fail(prog, "stopped by SIGINT", 130)
    except Interrupted as error:
        return _fail(prog, str(error), error.exit_code)
    except BrokenPipeError:  # who reads what is printed has gone, such as head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python would say so at its end
        return 1
    except Exception as error:
        return _fail(prog, *_explain(error))
    finally:
        if on_main_thread:
            signal.signal(signal.SIGTERM, before)


def _terminated(*_) -> NoReturn:
    """What is under way unwinds and removes its unfinished files. Training has a handler of its own, which saves."""
    raise Interrupted("stopped by SIGTERM", 128 + signal.SIGTERM)


# TensorFlow's file errors are no OSErrors, and importing it here to name them would slow every command down.
_UNUSABLE = ("PermissionDeniedError", "FailedPreconditionError", "NotFoundError", "AlreadyExistsError")


def _fail(prog: str, message: str, code: int) -> int:
    if os.environ.get("SRGAN_TRACEBACK"):
        traceback.print_exc()
    print(f"{prog}: {message}", file=sys.stderr)
    return code


def _explain(error: Exception) -> tuple[str, int]:
    """The one line and the exit code for whatever a command raised."""
    text = " ".join(str(error).split())
    if isinstance(error, UserError):
        return text, 2
    if isinstance(error, RunError):
        return text, 1
    if of_bucket := buckets.explain(text):
        return of_bucket
    if isinstance(error, ModuleNotFoundError) and str(error.name).split(".")[0] == "tensorflow":
        return 'TensorFlow is not installed: pip install -e ".[cpu]" (".[gpu]" for NVIDIA GPUs, ".[tpu]" for TPUs)', 2
    if isinstance(error, ImportError):
        return f'a library cannot be loaded ({text}): install the project again with pip install -e ".[cpu]"', 2
    if "No space left" in text:
        return f"no disk space left ({text[:200]}): free some, or give another --output", 2
    if isinstance(error, OSError) or type(error).__name__ in _UNUSABLE:
        return f"{text[:300]} (a file or folder that cannot be used)", 2
    return f"internal error, {type(error).__name__}: {text[:300]}; SRGAN_TRACEBACK=1 shows where", 1
