"""The mail itself, alone in its answer and under a policy that lets it do nothing.

It is shown in a sandboxed frame. Opened in a tab of its own it has no origin there either.
"""

from datetime import datetime
from html import escape
from http import HTTPStatus

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mailer.actions.previewing import preview_issue
from mailer.deliveries.courier import recipient_values
from mailer.deliveries.log import NoSuchDeliveryError
from mailer.deliveries.models import Delivery, Dispatch, DispatchPurpose
from mailer.issues.lookup import get_issue
from mailer.issues.models import StoredRendition
from mailer.reading.limits import Limits
from mailer.rendering.previewing import preview
from mailer.rendering.rendition import Rendition
from mailer.web.desk import desk_of
from mailer.web.gates import Viewer
from mailer.web.headers import MAIL_POLICY
from mailer.web.parameters import DeliveryId, IssueId
from mailer.web.refusals import status_of
from runtime.clock import now
from runtime.refusal import Refusal

router = APIRouter()


@router.get("/issues/{issue_id}/mail")
def show_mail(request: Request, _visitor: Viewer, issue_id: IssueId) -> Response:
    """Show the mail of the first delivery; before there is one, as the first recipient gets it."""
    runtime = desk_of(request).runtime
    limits = Limits(size=runtime.settings.max_source_bytes)
    try:
        with runtime.database.transaction() as session:
            first = _first_delivery(session, issue_id)
            if first is not None:
                content = delivered_html(session, issue_id, first, now())
            else:
                content = preview_issue(session, issue_id, unit=None, limits=limits, now=now()).html
    except Refusal as refusal:
        return _why_not(refusal)
    return _caged(content)


@router.get("/issues/{issue_id}/deliveries/{delivery_id}/mail")
def show_delivered_mail(
    request: Request, _visitor: Viewer, issue_id: IssueId, delivery_id: DeliveryId
) -> Response:
    """Show the mail of one delivery, from the rendition that its dispatch is bound to."""
    try:
        with desk_of(request).runtime.database.transaction() as session:
            get_issue(session, issue_id)
            content = delivered_html(session, issue_id, delivery_id, now())
    except Refusal as refusal:
        return _why_not(refusal)
    return _caged(content)


def delivered_html(session: Session, issue_id: int, delivery_id: int, at: datetime) -> str:
    """Return the HTML of a delivery's mail; ``at`` stands for the time of a mail not yet sent.

    Raises:
        NoSuchDeliveryError: the issue has no such delivery.

    """
    row = session.execute(
        select(Delivery, StoredRendition.data)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .join(StoredRendition, StoredRendition.id == Dispatch.rendition_id)
        .where(Delivery.id == delivery_id, Dispatch.issue_id == issue_id)
    ).one_or_none()
    if row is None:
        raise NoSuchDeliveryError(issue=issue_id, delivery=delivery_id)
    delivery, data = row
    values = recipient_values(
        delivery.address,
        delivery.message_id,
        tuple((str(k), str(u), _place(b), _place(e)) for k, u, b, e in delivery.credited),
        delivery.accepted_at or at,
    )
    return preview(Rendition.from_bytes(data), values).html


def _first_delivery(session: Session, issue_id: int) -> int | None:
    return session.scalar(
        select(func.min(Delivery.id))
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(Dispatch.issue_id == issue_id, Dispatch.purpose == DispatchPurpose.DISTRIBUTION)
    )


def _place(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _caged(content: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return HTMLResponse(content, status, headers={"Content-Security-Policy": MAIL_POLICY})


def _why_not(refusal: Refusal) -> Response:
    """Say in the frame why there is no mail; a page of ours would refuse to be framed."""
    return _caged(
        f'<!doctype html><meta charset="utf-8"><p>{escape(str(refusal))}</p>', status_of(refusal)
    )
