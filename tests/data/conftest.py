"""What the tests of the data room share."""

import logging

import pytest


@pytest.fixture(autouse=True)
def log_at_info(caplog):
    """`caplog.messages` holds the progress lines of the package."""
    caplog.set_level(logging.INFO, "pyimagesearch")
