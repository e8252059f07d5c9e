"""Libraries that take seconds to load."""

from pyimagesearch.system.console import hidden_native_stderr


def load_tensorflow() -> None:
    """Import TensorFlow without what its libraries print while they load."""
    with hidden_native_stderr():
        import tensorflow  # noqa: F401
