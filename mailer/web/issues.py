"""The list of issues."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.web.desk import desk_of
from mailer.web.gates import Viewer
from mailer.web.overview import list_issues
from mailer.web.pages import page
from mailer.web.parameters import PageNumber
from mailer.web.security import HOME

router = APIRouter()


@router.get("/")
def go_home(_visitor: Viewer) -> Response:
    """Lead to the issues."""
    return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)


@router.get("/issues")
def show_issues(request: Request, _visitor: Viewer, number: PageNumber = 1) -> Response:
    """Show a page of issues, the newest first."""
    with desk_of(request).runtime.database.transaction() as session:
        rows, older = list_issues(session, number)
    return page(request, "issues.html", rows=rows, number=number, older=older)
