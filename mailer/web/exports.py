"""The delivery log as a file, with the same filters as on the page."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mailer.actions.exporting import as_csv, as_xlsx
from mailer.deliveries.log import LogLine, log_lines
from mailer.issues.lookup import get_issue
from mailer.web.desk import desk_of
from mailer.web.gates import Viewer
from mailer.web.parameters import IssueId, Search, StandingFilter
from mailer.web.standing import Standing, states_of

router = APIRouter()

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@router.get("/issues/{issue_id}/log.csv")
def export_csv(
    request: Request,
    _visitor: Viewer,
    issue_id: IssueId,
    q: Search = "",
    standing: StandingFilter = "",
) -> Response:
    """Return the log as CSV."""
    lines, zone = _lines(request, issue_id, q, standing)
    return _file(as_csv(lines, zone), "text/csv; charset=utf-8", f"delivery-log-{issue_id}.csv")


@router.get("/issues/{issue_id}/log.xlsx")
def export_xlsx(
    request: Request,
    _visitor: Viewer,
    issue_id: IssueId,
    q: Search = "",
    standing: StandingFilter = "",
) -> Response:
    """Return the log as a workbook."""
    lines, zone = _lines(request, issue_id, q, standing)
    return _file(as_xlsx(lines, zone), _XLSX, f"delivery-log-{issue_id}.xlsx")


def _lines(
    request: Request, issue_id: int, q: str, standing: Standing | str
) -> tuple[list[LogLine], str]:
    states = states_of(Standing(standing)) if standing else ()
    with desk_of(request).runtime.database.transaction() as session:
        zone = get_issue(session, issue_id).bulletin.zone
        return log_lines(session, issue_id, states=states, search=q.strip()), zone


def _file(data: bytes, media_type: str, name: str) -> Response:
    return Response(
        data,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
