"""One delivery: what happened to it, step by step."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mailer.deliveries.log import NoSuchDeliveryError, log_lines, timeline
from mailer.issues.lookup import get_issue
from mailer.issues.naming import issue_number
from mailer.web.desk import desk_of
from mailer.web.gates import Viewer
from mailer.web.pages import page
from mailer.web.parameters import DeliveryId, IssueId
from mailer.web.telling import told

router = APIRouter()


@router.get("/issues/{issue_id}/deliveries/{delivery_id}")
def show_delivery(
    request: Request, _visitor: Viewer, issue_id: IssueId, delivery_id: DeliveryId
) -> Response:
    """Show a delivery's timeline, and its mail."""
    with desk_of(request).runtime.database.transaction() as session:
        issue = get_issue(session, issue_id)
        steps = timeline(session, issue_id, delivery_id)
        line = log_lines(session, issue_id, after=delivery_id - 1, limit=1)[0]
        zone, title = issue.bulletin.zone, issue.title
        number = issue_number(issue.year, issue.number, issue.total)
    if line.id != delivery_id:
        raise NoSuchDeliveryError(issue=issue_id, delivery=delivery_id)
    return page(
        request,
        "delivery.html",
        issue_id=issue_id,
        number=number or title,
        zone=zone,
        line=line,
        steps=[told(step, zone) for step in steps],
    )
