"""What a recipient would get, before anybody gets it."""

from datetime import datetime

from sqlalchemy.orm import Session

from mailer.actions.approving import approved_lines
from mailer.actions.rendering import compose_issue
from mailer.deliveries.courier import recipient_values
from mailer.issues.lookup import get_issue
from mailer.reading.contract import from_json_dict
from mailer.reading.limits import Limits
from mailer.rendering.previewing import Preview, preview
from mailer.rendering.rendition import Rendition
from recipients.resolving import resolve
from runtime.refusal import Refusal

_SAMPLE_ADDRESS = "preview@recipient.example"


class NotARecipientError(Refusal):
    """{unit} is not among the recipients of issue {issue}. `mailer lists show` prints who is."""


def preview_issue(
    session: Session, issue_id: int, *, unit: str | None, limits: Limits, now: datetime
) -> Preview:
    """Return the mail as ``unit`` would get it; without one, as the first recipient would.

    A submitted issue is shown in its stored rendition, a draft as it would be rendered now.

    Raises:
        NotARecipientError: the unit gets no mail of this issue.

    """
    issue = get_issue(session, issue_id)
    if issue.rendition is not None:
        rendition = Rendition.from_bytes(issue.rendition.data)
    else:
        rendition = compose_issue(session, issue, limits=limits)
    document = from_json_dict(issue.document)
    resolved = resolve(session, issue.bulletin.list_id)
    mails = [line for line in approved_lines(resolved, document) if line["channel"] == "email"]
    if unit is not None:
        mails = [line for line in mails if line["unit_name"] == unit]
        if not mails:
            raise NotARecipientError(unit=unit, issue=issue.id)
    address = str(mails[0]["address"]) if mails else _SAMPLE_ADDRESS
    credited = tuple(
        (
            str(line["block_kind"]),
            str(line["unit_name"]),
            _place(line["block_place"]),
            _place(line["entry_place"]),
        )
        for line in mails
        if line["address"] == address
    )
    domain = issue.bulletin.from_address.rpartition("@")[2]
    values = recipient_values(address, f"preview.{issue.id}@{domain}", credited, now)
    return preview(rendition, values)


def _place(value: object) -> int | None:
    return value if isinstance(value, int) else None
