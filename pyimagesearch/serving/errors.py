"""One shape for every error: {"error": {"code": …, "message": …}}."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from pyimagesearch.system import outputs

CLIENT_GONE = 499  # the client never receives it


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="stable, for programs")
    message: str = Field(description="one sentence, for people")


class ErrorAnswer(BaseModel):
    """The body of every error."""

    error: ErrorDetail


class ServiceError(Exception):
    """Ends a request with this status, code, message and these headers."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None):
        super().__init__(message)
        self.status, self.code, self.headers = status, code, headers


def add_handlers(app: FastAPI) -> None:
    """Give everything that an application of FastAPI raises the one shape."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(OSError, _os_error)
    app.add_exception_handler(ClientDisconnect, lambda *_: Response(status_code=CLIENT_GONE))
    app.add_exception_handler(Exception, _fault)


def answer(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error in the one shape."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


def _service_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ServiceError)
    return answer(error.status, error.code, str(error), error.headers)


def no_disk(error: BaseException) -> ServiceError | None:
    """503, if this is what the disk says when it is full."""
    if not isinstance(error, OSError) or error.errno not in outputs.FULL:
        return None
    return ServiceError(503, "no_disk", "the server's disk is full; try again later", {"Retry-After": "60"})


def _os_error(_: Request, error: Exception) -> Response:
    full = no_disk(error)
    if full is None:
        raise error
    return _service_error(_, full)


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {
        404: ("not_found", f"nothing is at {request.url.path}; /docs lists what there is"),
        405: ("method_not_allowed", f"{request.url.path} does not answer {request.method}; /docs says what it answers"),
    }
    phrase = HTTPStatus(error.status_code).phrase
    code, message = known.get(error.status_code, (phrase.lower().replace(" ", "_"), str(error.detail)))
    return answer(error.status_code, code, message, error.headers)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    name, received = first["loc"][-1], str(first.get("input"))[:50]
    return answer(422, "bad_parameter", f"{name}: {first['msg'].lower()}, received {received}")


def _fault(*_) -> Response:
    return answer(500, "fault", "the server failed at this request; its operator finds the reason in its log")
