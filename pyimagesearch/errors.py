"""The exceptions of this package. The command line turns them into exit codes."""

import errno
import re

_OS_REASONS = {
    errno.EEXIST: "is a file, but a folder has to be made here",
    errno.ENOTDIR: "is not a folder, or lies below what is none",
    errno.ENOSPC: "no space is left on the disk; free some, or name another place",
    errno.EDQUOT: "no space is left for this user on the disk; free some, or name another place",
    errno.EROFS: "the disk is read-only; name another place",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENAMETOOLONG: "the name is too long; give a shorter one",
}


class InputError(ValueError):
    """The caller's input is wrong (exit code 2).

    The text is one line: what is wrong, which file or argument, what was received, what to do. It names arguments
    between backticks, as in "`crop` must be at least 16, received 8"; `with_flags` makes flags of them.
    """

    def with_flags(self) -> str:
        """The text for the command line: `crop` becomes --crop, `finetune.rate` becomes --set finetune.rate."""
        return re.sub(r"`([a-z][a-z0-9_.]*)`", lambda found: _flag(found[1]), str(self))


def _flag(argument: str) -> str:
    return f"--set {argument}" if "." in argument else "--" + argument.replace("_", "-")


class MissingLibraryError(InputError):
    """A library of the system is missing: no picture is to blame."""


class RunError(RuntimeError):
    """Something went wrong while the work ran and no input is to blame (exit code 1); one line."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM ended the work after it was saved (exit code 130 or 143).

    Like KeyboardInterrupt, no `except Exception` on the way may take it for a fault of what it was doing.
    """

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


def one_line(error: BaseException) -> str:
    """What an error says, without the line breaks that libraries put into it."""
    return " ".join(str(error).split())


def os_error_text(error: OSError) -> str:
    """What an error of the operating system says, in one line that begins with the file; no number of an error."""
    if error.errno is None or error.strerror is None:
        return one_line(error)
    reason = _OS_REASONS.get(error.errno, error.strerror)
    return f"{error.filename}: {reason}" if error.filename else reason
