"""What is shown when a request cannot be answered: a sentence, a fitting status, never a trace."""

from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from mailer.accounts.users import SignInFailedError
from mailer.deliveries.log import NoSuchDeliveryError
from mailer.issues.lifecycle import TransitionRefusedError
from mailer.issues.lookup import NoSuchIssueError
from mailer.web.gates import ForeignFormError, RoleMissingError, SignInNeededError
from mailer.web.headers import HEADERS
from mailer.web.limiting import TooManyTriesError
from mailer.web.pages import page
from mailer.web.security import path_and_query
from mailer.web.streams import TooManyStreamsError
from runtime.refusal import Refusal
from runtime.text import translate as _

log = structlog.get_logger(__name__)

_STATUSES: Mapping[type[Refusal], HTTPStatus] = {
    NoSuchIssueError: HTTPStatus.NOT_FOUND,
    NoSuchDeliveryError: HTTPStatus.NOT_FOUND,
    # Not 401, which would have to name a way to sign in by header (RFC 9110 section 15.5.2).
    SignInFailedError: HTTPStatus.FORBIDDEN,
    SignInNeededError: HTTPStatus.FORBIDDEN,
    RoleMissingError: HTTPStatus.FORBIDDEN,
    ForeignFormError: HTTPStatus.FORBIDDEN,
    TransitionRefusedError: HTTPStatus.CONFLICT,
    TooManyTriesError: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyStreamsError: HTTPStatus.TOO_MANY_REQUESTS,
}


class NoSuchPageError(Refusal):
    """There is no such page. It may have moved, or the address was cut short."""


class ValueRefusedError(Refusal):
    """The address or the form has a value that cannot be used: {name}. Go back and try again."""


class DatabaseAwayError(Refusal):
    """The database does not answer just now. Wait a moment, then load this page again."""


def status_of(refusal: Refusal) -> HTTPStatus:
    """Return the status under which a refusal is shown."""
    return _STATUSES.get(type(refusal), HTTPStatus.BAD_REQUEST)


def add_handlers(app: FastAPI) -> None:
    """Have ``app`` show what goes wrong."""
    app.add_exception_handler(SignInNeededError, ask_to_sign_in)
    app.add_exception_handler(Refusal, show_refusal)
    app.add_exception_handler(RequestValidationError, show_invalid)
    app.add_exception_handler(HTTPException, show_http_error)
    for error in (OperationalError, InterfaceError, PoolTimeoutError):
        app.add_exception_handler(error, show_database_away)
    app.add_exception_handler(Exception, show_failure)


def refused(
    request: Request,
    refusal: Refusal,
    status: HTTPStatus,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the page that says why not."""
    return page(
        request,
        "refusal.html",
        status=status,
        headers=headers,
        heading=_heading(status),
        sentence=str(refusal),
    )


async def show_refusal(request: Request, error: Exception) -> Response:
    """Show a refusal under its status."""
    if not isinstance(error, Refusal):
        raise error
    return refused(request, error, status_of(error))


async def ask_to_sign_in(request: Request, _error: Exception) -> Response:
    """Lead to the sign-in, and back from there; a script is told so instead."""
    if request.headers.get("accept", "").startswith("text/event-stream"):
        return PlainTextResponse(str(SignInNeededError()), HTTPStatus.FORBIDDEN)
    back = {"next": path_and_query(request)} if request.method == "GET" else {}
    return RedirectResponse(
        "/sign-in" + (f"?{urlencode(back)}" if back else ""), HTTPStatus.SEE_OTHER
    )


async def show_invalid(request: Request, error: Exception) -> Response:
    """Show which value of a request cannot be used; a path that cannot be is no page."""
    if not isinstance(error, RequestValidationError):
        raise error
    where = error.errors()[0]["loc"]
    if where[0] == "path":
        return refused(request, NoSuchPageError(), HTTPStatus.NOT_FOUND)
    return refused(request, ValueRefusedError(name=str(where[1])), HTTPStatus.BAD_REQUEST)


async def show_http_error(request: Request, error: Exception) -> Response:
    """Show what the framework refused: an unknown path, another method, too long a body."""
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    refusal = (
        NoSuchPageError()
        if status is HTTPStatus.NOT_FOUND
        else ValueRefusedError(name=status.phrase)
    )
    return refused(request, refusal, status, headers=error.headers)


async def show_database_away(request: Request, error: Exception) -> Response:
    """Say that the database is away; the cause goes to the log."""
    log.error("database away", path=request.url.path, error=repr(error))
    return refused(
        request,
        DatabaseAwayError(),
        HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": "5"},
    )


async def show_failure(_request: Request, _error: Exception) -> Response:
    """Say that we failed, in plain text: whatever makes pages may be what is broken.

    The server logs the cause. This answer does not pass the middleware, so it brings the headers.
    """
    sentence = _("Something went wrong on our side, and the log says what. Try again in a moment.")
    return PlainTextResponse(sentence, HTTPStatus.INTERNAL_SERVER_ERROR, headers=HEADERS)


def _heading(status: HTTPStatus) -> str:
    match status:
        case HTTPStatus.NOT_FOUND:
            return _("Not found")
        case HTTPStatus.FORBIDDEN:
            return _("Not allowed")
        case HTTPStatus.CONFLICT:
            return _("Not possible now")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _("Too many requests")
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return _("Not available just now")
        case _:
            return _("That did not work")
