"""Live counts: a stream of server-sent events, one for each change, that ends by itself.

Between two looks it holds neither a thread nor a connection to the database. Each look also asks
whether the person is still signed in.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog
from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from mailer.actions.wording import state_word
from mailer.deliveries.progress import progress
from mailer.issues.lifecycle import FINAL, IssueState
from mailer.issues.lookup import NoSuchIssueError
from mailer.issues.models import Issue
from mailer.web.desk import Desk, desk_of
from mailer.web.gates import Viewer, visitor_of
from mailer.web.overview import Counts, counts_from
from mailer.web.parameters import IssueId

log = structlog.get_logger(__name__)
router = APIRouter()

LOOK_SECONDS = 1.0
_SILENT_LOOKS = 15
"""Looks without a change after which a comment is sent, so that proxies keep the stream open."""
_MOST_LOOKS = 3600
"""Looks after which a stream ends; the browser opens another if its page is still there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """An issue at one instant."""

    state: IssueState
    counts: Counts

    @property
    def last(self) -> bool:
        """Return whether nothing will change any more."""
        sent = self.counts.total > 0 and self.counts.final == self.counts.total
        return sent or self.state in FINAL


class CountStream(StreamingResponse):
    """The stream of one browser; however it ends, its place becomes free."""

    media_type = "text/event-stream"

    def __init__(self, desk: Desk, person: str, events: AsyncIterator[str]) -> None:
        super().__init__(events, headers={"X-Accel-Buffering": "no"})
        self._desk = desk
        self._person = person

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events until they end or the browser goes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._desk.streams.leave(self._person)


@router.get("/issues/{issue_id}/counts")
async def stream_counts(request: Request, visitor: Viewer, issue_id: IssueId) -> Response:
    """Stream the counts of an issue until every delivery is final."""
    desk = desk_of(request)
    await run_in_threadpool(look, desk, request, issue_id)
    desk.streams.enter(visitor.name)
    return CountStream(desk, visitor.name, _events(desk, request, issue_id))


async def _events(desk: Desk, request: Request, issue_id: int) -> AsyncIterator[str]:
    seen: Look | None = None
    silent = 0
    for _ in range(_MOST_LOOKS):
        try:
            now_seen = await run_in_threadpool(look, desk, request, issue_id)
        except (SQLAlchemyError, NoSuchIssueError) as error:
            log.warning("counts end", issue=issue_id, error=repr(error))
            return
        if now_seen is None:
            break
        silent += 1
        if now_seen != seen:
            yield _event("counts", _told(now_seen))
            seen, silent = now_seen, 0
        elif silent >= _SILENT_LOOKS:
            yield ": still here\n\n"
            silent = 0
        if now_seen.last:
            break
        if not await desk.streams.rest(LOOK_SECONDS):
            return
    # A stream that just stops is opened again by the browser; this one need not be.
    yield _event("end", {})


def look(desk: Desk, request: Request, issue_id: int) -> Look | None:
    """Return how an issue stands; None once the person is not signed in any more.

    Raises:
        NoSuchIssueError: there is no such issue.

    """
    if visitor_of(desk, request) is None:
        return None
    with desk.runtime.database.transaction() as session:
        state = session.scalar(select(Issue.state).where(Issue.id == issue_id))
        if state is None:
            raise NoSuchIssueError(issue=issue_id)
        done = progress(session, issue_id)
    return Look(state=IssueState(state), counts=counts_from(done.counts if done else {}))


def _told(seen: Look) -> dict[str, object]:
    return {
        "state": seen.state.value,
        "word": state_word(seen.state),
        "total": seen.counts.total,
        "final": seen.counts.final,
        "counts": {standing.value: n for standing, n in seen.counts.standings.items()},
    }


def _event(kind: str, data: dict[str, object]) -> str:
    """Return one event (WHATWG HTML section 9.2.5); JSON keeps it on one line."""
    return f"event: {kind}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
