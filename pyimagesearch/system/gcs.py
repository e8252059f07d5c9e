"""gs:// paths: how long TensorFlow tries, and what it says when a bucket fails. Standard library only.

TensorFlow's client raises whatever happens as some exception, often a ValueError, whose text holds the HTTP status or
what libcurl said; that text is all there is to go by.
"""

import os
import re

DEFAULTS = {
    "GCS_READ_CACHE_BLOCK_SIZE_MB": "1",  # the least that is read at once; TensorFlow's is ten blocks of records
    "GCS_RETRY_CONFIG_MAX_RETRIES": "6",  # after 1, 2, 4, ... 32 s: a minute in all; TensorFlow's 10 take over three
    "GCS_REQUEST_CONNECTION_TIMEOUT_SECS": "20",
    "GCS_REQUEST_IDLE_TIMEOUT_SECS": "30",
    "GCS_METADATA_REQUEST_TIMEOUT_SECS": "60",  # TensorFlow's is an hour
}
_MARK = "Error executing an HTTP request: "


def configure() -> None:
    """Set what the environment leaves open; TensorFlow reads it when it first uses a bucket."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)


def on_bucket(path: str) -> bool:
    """Whether `path` is on a bucket."""
    return path.startswith("gs://")


def is_failure(error: BaseException) -> bool:
    """Whether `error` says that a bucket cannot be used, and not that one of its objects is missing."""
    text = str(error)
    return _MARK in text and ("response code 404" not in text or _no_bucket(text))


def _no_bucket(text: str) -> bool:
    return "specified bucket does not exist" in text


def explain(text: str) -> tuple[str, int] | None:
    """The one line and the exit code for an exception's text, or None where it is not about a bucket.

    2: the bucket, its permissions or the credentials are not what the command needs; 1: Google's service or the
    network failed, and the same command may succeed later.
    """
    if _MARK not in text:
        return None
    path = _found(r"gs://[^\s'\"]+", text) or "gs://"
    bucket = _found(r"gs://[^/]*", path)
    status, said = _found(r"HTTP response code (\d+)", text), _message(text)
    if status == "401":
        remedy = "let GOOGLE_APPLICATION_CREDENTIALS name a key file, or run gcloud auth application-default login"
        return f"{bucket}: no credentials that it accepts ({said}); {remedy}", 2
    if status == "403":
        return f"{bucket}: no permission ({said}); this account needs the role Storage Object User on the bucket", 2
    if status == "404" and _no_bucket(text):
        return f"{bucket}: no such bucket ({said}); create it, or name another", 2
    if status == "404":
        return f"{path}: no such object ({said})", 2
    retries = _found(r"All (\d+) retry attempts failed", text)
    tried = f" after {retries} retries" if retries else ""
    return f"{bucket}: cannot be reached{tried} ({said}); start the same command again once it can", 1


def _message(text: str) -> str:
    """What the service or libcurl says, without what TensorFlow writes around it."""
    said = _found(r'"message": *"(.*?)"', text) or _found(r"<Message>(.*?)</Message>", text)
    status = _found(r"HTTP response code (\d+)", text)
    if status:
        return f"HTTP {status}: {said}" if said else f"HTTP {status}"
    return _found(r"error details: (.*?)(?: when |$)", text) or _found(r"meaning '(.*?)'", text) or text[:200]


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[found.re.groups].strip() if found else ""
