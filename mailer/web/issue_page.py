"""The page of an issue: its life, its counts, what needs a person, and its delivery log."""

from http import HTTPStatus

from fastapi import APIRouter
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mailer.actions.scheduling import pause, resume
from mailer.deliveries.log import log_lines
from mailer.web.desk import desk_of
from mailer.web.gates import Approver, Viewer
from mailer.web.life import life_of
from mailer.web.overview import view_issue
from mailer.web.pages import page
from mailer.web.parameters import After, IssueId, Search, StandingFilter
from mailer.web.standing import NEEDS_A_PERSON, states_of
from runtime.clock import now

router = APIRouter()

LOG_PAGE = 100
"""Deliveries on one page of the log."""
_SHOWN = 5
"""Deliveries that need a person, shown beside the counts; the filters lead to the rest."""


@router.get("/issues/{issue_id}")
def show_issue(
    request: Request,
    _visitor: Viewer,
    issue_id: IssueId,
    q: Search = "",
    standing: StandingFilter = "",
    after: After = 0,
) -> Response:
    """Show an issue, with the log lines that have ``q`` in them and stand as ``standing``."""
    states = states_of(standing) if standing else ()
    with desk_of(request).runtime.database.transaction() as session:
        view = view_issue(session, issue_id)
        found = log_lines(
            session, issue_id, states=states, search=q.strip(), after=after, limit=LOG_PAGE + 1
        )
        needs = log_lines(session, issue_id, states=NEEDS_A_PERSON, limit=_SHOWN + 1)
    mailed = [line for line in found if line.id is not None]
    # Units on paper come after the last delivery, so there are none while there are more.
    lines = mailed[:LOG_PAGE] if len(mailed) > LOG_PAGE else found
    return page(
        request,
        "issue.html",
        issue=view,
        steps=life_of(view),
        needs=needs[:_SHOWN],
        more_needs=len(needs) > _SHOWN,
        lines=lines,
        query=q.strip(),
        standing=standing,
        after=after,
        following=mailed[LOG_PAGE - 1].id if len(mailed) > LOG_PAGE else None,
    )


@router.post("/issues/{issue_id}/pause")
def take_pause(request: Request, visitor: Approver, issue_id: IssueId) -> Response:
    """Stop sending."""
    with desk_of(request).runtime.database.transaction() as session:
        pause(session, issue_id, reason=None, actor=visitor.actor, now=now())
    return RedirectResponse(f"/issues/{issue_id}", HTTPStatus.SEE_OTHER)


@router.post("/issues/{issue_id}/resume")
def take_resume(request: Request, visitor: Approver, issue_id: IssueId) -> Response:
    """Go on sending. The workers are woken after the answer: without Redis that takes seconds."""
    desk = desk_of(request)
    with desk.runtime.database.transaction() as session:
        resume(session, issue_id, actor=visitor.actor, now=now())
    return RedirectResponse(
        f"/issues/{issue_id}", HTTPStatus.SEE_OTHER, background=BackgroundTask(desk.wake, "sweep")
    )
