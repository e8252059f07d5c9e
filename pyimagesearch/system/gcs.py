"""gs:// paths: limits on TensorFlow's retries, and one line for every failure of a bucket. Standard library only.

TensorFlow's client raises various exceptions, often ValueError. Only their text tells what happened: it holds the HTTP
status or the message of libcurl.
"""

import os
import re

DEFAULTS = {
    "GCS_READ_CACHE_BLOCK_SIZE_MB": "1",  # per read; TensorFlow's default is ten blocks of records
    "GCS_RETRY_CONFIG_MAX_RETRIES": "6",  # after 1, 2, 4, ... 32 s, a minute in all; TensorFlow's 10 take over three
    "GCS_REQUEST_CONNECTION_TIMEOUT_SECS": "20",
    "GCS_REQUEST_IDLE_TIMEOUT_SECS": "30",
    "GCS_METADATA_REQUEST_TIMEOUT_SECS": "60",  # TensorFlow's is an hour
}
_MARK = "Error executing an HTTP request: "


def configure() -> None:
    """Set the variables that the environment does not set. TensorFlow reads them at its first use of a bucket."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def on_bucket(path: str) -> bool:
    """Whether `path` is on a bucket."""
    return path.startswith("gs://")


def is_failure(error: BaseException) -> bool:
    """Whether a bucket cannot be used. A missing object is not a failure of the bucket."""
    text = str(error)
    return _MARK in text and ("response code 404" not in text or _no_bucket(text))


def _no_bucket(text: str) -> bool:
    return "specified bucket does not exist" in text


def explain(text: str) -> tuple[str, int] | None:
    """The line and the exit code for the text of an exception; None if it is not about a bucket.

    Exit code 2: the bucket, its permissions or the credentials are wrong. 1: Google's service or the network failed,
    and the same command may succeed later.
    """
    if _MARK not in text:
        return None
    path = _first_match(r"gs://[^\s'\"]+", text) or "gs://"
    bucket = _first_match(r"gs://[^/]*", path)
    status, message = _first_match(r"HTTP response code (\d+)", text), _message(text)
    if status == "401":
        remedy = "let GOOGLE_APPLICATION_CREDENTIALS name a key file, or run gcloud auth application-default login"
        return f"{bucket}: no credentials that it accepts ({message}); {remedy}", 2
    if status == "403":
        return f"{bucket}: no permission ({message}); this account needs the role Storage Object User on the bucket", 2
    if status == "404" and _no_bucket(text):
        return f"{bucket}: no such bucket ({message}); create it, or name another", 2
    if status == "404":
        return f"{path}: no such object ({message})", 2
    retries = _first_match(r"All (\d+) retry attempts failed", text)
    tried = f" after {retries} retries" if retries else ""
    return f"{bucket}: cannot be reached{tried} ({message}); start the same command again once it can", 1


def _message(text: str) -> str:
    """The message of the service or of libcurl, without the text that TensorFlow adds."""
    message = _first_match(r'"message": *"(.*?)"', text) or _first_match(r"<Message>(.*?)</Message>", text)
    status = _first_match(r"HTTP response code (\d+)", text)
    if status:
        return f"HTTP {status}: {message}" if message else f"HTTP {status}"
    return (
        _first_match(r"error details: (.*?)(?: when |$)", text) or _first_match(r"meaning '(.*?)'", text) or text[:200]
    )


def _first_match(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    return match[match.re.groups].strip() if match else ""
