"""The exceptions that the command line turns into exit codes."""


class UserError(Exception):
    """The user's input is wrong (exit code 2).

    The text is one line: what is wrong, which file or flag, what was received, what to do.
    """


class MissingLibrary(UserError):
    """A library of the system is missing: no picture is to blame."""


class Interrupted(BaseException):
    """SIGINT or SIGTERM ended the command after it had saved its work (exit code 130 or 143).

    Like KeyboardInterrupt, no `except Exception` on the way may take it for a fault of what it was doing.
    """

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


class RunError(Exception):
    """Something went wrong while the command ran and no input is to blame (exit code 1); one line."""
