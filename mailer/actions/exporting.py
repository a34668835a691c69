"""The delivery log as a file or as JSON."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from openpyxl import Workbook

from mailer.deliveries.log import LogLine
from runtime.text import translate as _

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(issue_id: int, lines: Sequence[LogLine]) -> list[dict[str, object]]:
    """Return the log in the form of the CLI contract; keys are only ever added."""
    return [
        {
            "id": line.id,
            "issue": issue_id,
            "dispatch": line.dispatch,
            "purpose": line.purpose,
            "address": line.address,
            "state": line.state,
            "attempts": line.attempts,
            "message_id": line.message_id,
            "last_code": line.last_code,
            "last_status": line.last_status,
            "last_reply": line.last_reply,
            "due_at": line.due_at,
            "accepted_at": line.accepted_at,
            "finished_at": line.finished_at,
            "credits": [
                {"block": c.block, "entry": c.entry, "unit": c.unit, "unit_id": c.unit_id}
                for c in line.credits
            ],
        }
        for line in lines
    ]


def as_csv(lines: Sequence[LogLine], zone: str) -> bytes:
    """Return the log as CSV in UTF-8 with a byte order mark, as Excel wants it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_headings())
    for line in lines:
        writer.writerows([defused(str(cell)) for cell in row] for row in _rows(line, zone))
    return text.getvalue().encode("utf-8-sig")


def as_xlsx(lines: Sequence[LogLine], zone: str) -> bytes:
    """Return the log as a workbook; every cell is text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(_("Delivery log"))
    sheet.append(_headings())
    for line in lines:
        for row in _rows(line, zone):
            sheet.append([defused(str(cell)) for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def defused(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def local(instant: datetime | None, zone: str) -> str:
    """Return an instant as people of the bulletin's zone write it; empty for None."""
    return f"{instant.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}" if instant else ""


def _headings() -> list[str]:
    return [
        _("Block"),
        _("Entry"),
        _("Unit"),
        _("Address"),
        _("State"),
        _("Attempts"),
        _("Last answer"),
        _("Accepted at"),
        _("Message-ID"),
        _("Delivery"),
    ]


def _rows(line: LogLine, zone: str) -> list[list[object]]:
    """Return a row for each unit that the line serves."""
    return [
        [
            credit.block,
            credit.entry,
            credit.unit,
            line.address,
            line.state,
            line.attempts,
            line.answer,
            local(line.accepted_at, zone),
            line.message_id,
            line.id or "",
        ]
        for credit in line.credits
    ]
