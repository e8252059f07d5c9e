"""PyAV, which brings FFmpeg: loaded where a film is met, and its errors in one line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from pyimagesearch.errors import InputError, MissingLibraryError, os_error_text


def load_pyav() -> ModuleType:
    """PyAV. Raises MissingLibraryError, which says how to install it. FFmpeg's own messages are hidden."""
    try:
        import av
    except ImportError as error:
        raise MissingLibraryError(f'films need PyAV ({error}): pip install -e ".[video]"') from None
    av.logging.set_libav_level(av.logging.PANIC)  # what matters arrives as an exception
    return av


@contextmanager
def ffmpeg_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn FFmpeg's errors into InputErrors that name the file; a full or read-only disk stays an OSError."""
    av = load_pyav()
    try:
        yield
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except PermissionError:
        raise InputError(f"{path}: permission denied") from None
    except av.error.FFmpegError as error:
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise InputError(f"{path}: {doing} ({error.strerror})") from None


def reason_of(error: Exception) -> str:
    """What an error says, without its number."""
    return os_error_text(error) if isinstance(error, OSError) else getattr(error, "strerror", None) or str(error)
