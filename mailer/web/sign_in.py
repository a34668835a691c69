"""Signing in and out."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.accounts.users import SignInFailedError, sign_in, sign_out
from mailer.web.desk import Desk, desk_of
from mailer.web.gates import for_anyone, visitor_of
from mailer.web.limiting import TooManyTriesError
from mailer.web.pages import page
from mailer.web.parameters import Next, NextField, Password, UserName
from mailer.web.refusals import status_of
from mailer.web.security import safe_path
from runtime.clock import now
from runtime.refusal import Refusal

router = APIRouter(dependencies=[for_anyone])

_PATIENCE = 5
"""Seconds to wait until fewer passwords are being checked."""


class BusyError(Refusal):
    """Many people are signing in just now. Wait a moment and try again."""


@router.get("/sign-in")
def show_sign_in(request: Request, wanted: Next = "") -> Response:
    """Show the form; who is signed in already goes on."""
    if visitor_of(desk_of(request), request) is not None:
        return RedirectResponse(safe_path(wanted), HTTPStatus.SEE_OTHER)
    return page(request, "sign_in.html", wanted=safe_path(wanted), name="", refusal="")


@router.post("/sign-in")
def take_sign_in(
    request: Request, name: UserName = "", password: Password = "", wanted: NextField = ""
) -> Response:
    """Check name and password. The token is new each time, so none can be planted before."""
    desk = desk_of(request)
    try:
        token = _checked(desk, request, name.strip(), password)
    except (SignInFailedError, TooManyTriesError, BusyError) as refusal:
        return page(
            request,
            "sign_in.html",
            status=status_of(refusal),
            wanted=safe_path(wanted),
            name=name,
            refusal=str(refusal),
        )
    response = RedirectResponse(safe_path(wanted), HTTPStatus.SEE_OTHER)
    seconds = int(desk.runtime.settings.session_hours * 3600)
    desk.cookies.keep(response, desk.cookies.session, token, seconds=seconds)
    desk.cookies.drop(response, desk.cookies.form)
    return response


@router.post("/sign-out")
def take_sign_out(request: Request) -> Response:
    """Forget the sign-in, here and in the browser."""
    desk = desk_of(request)
    _forget(desk, request)
    response = RedirectResponse("/sign-in", HTTPStatus.SEE_OTHER)
    desk.cookies.drop(response, desk.cookies.session)
    return response


@router.post("/language")
def take_language(
    request: Request, language: Annotated[str, Form(max_length=8)] = "", wanted: NextField = ""
) -> Response:
    """Remember the language; one that there is not is ignored when it is read."""
    desk = desk_of(request)
    response = RedirectResponse(safe_path(wanted), HTTPStatus.SEE_OTHER)
    desk.cookies.keep(response, desk.cookies.language, language, seconds=365 * 86_400)
    return response


def _checked(desk: Desk, request: Request, name: str, password: str) -> str:
    """Return the token of a new sign-in; the one that the browser had before ends."""
    address = request.client.host if request.client else ""
    desk.tries.begin(name, address)
    if not desk.hashing.acquire(timeout=_PATIENCE):
        raise BusyError
    try:
        lasting = timedelta(hours=desk.runtime.settings.session_hours)
        with desk.runtime.database.transaction() as session:
            _, token = sign_in(session, name, password, now=now(), lasting=lasting)
    finally:
        desk.hashing.release()
    desk.tries.succeeded(name, address)
    _forget(desk, request)
    return token


def _forget(desk: Desk, request: Request) -> None:
    token = request.cookies.get(desk.cookies.session, "")
    if token:
        with desk.runtime.database.transaction() as session:
            sign_out(session, token)
