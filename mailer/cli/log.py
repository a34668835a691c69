"""``mailer log``: the delivery log, and the check of its seal."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mailer.actions.exporting import as_csv, as_json, as_xlsx, local
from mailer.actions.wording import state_word, timeline_text
from mailer.cli.context import open_runtime
from mailer.cli.output import console, print_json, table
from mailer.deliveries.log import LogLine, log_lines, parse_state, timeline
from mailer.deliveries.sealing import verify
from mailer.issues.lookup import get_issue
from recipients.files import save
from runtime.refusal import Refusal
from runtime.text import translate as _


class Format(StrEnum):
    """How the log is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


class LogBrokenError(Refusal):
    """The log does not hold what was sealed: {faults}. Keep the database as it is and find out who
    could write to it.
    """


class WorkbookToTerminalError(Refusal):
    """A workbook cannot be shown on a terminal. Name a file for it with --out."""


class IssueNumberError(Refusal):
    """{issue} is no number of an issue, nor `verify`. `mailer issues list` shows the issues."""


def log(
    issue: Annotated[
        str, typer.Argument(help="Number of the issue, or `verify` to check the seal.")
    ],
    state: Annotated[list[str] | None, typer.Option(help="Only deliveries in this state.")] = None,
    unit: Annotated[str, typer.Option(help="Only what has this in unit, entry or address.")] = "",
    delivery: Annotated[int | None, typer.Option(help="The timeline of one delivery.")] = None,
    form: Annotated[Format, typer.Option("--format", help="How to print it.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Show what became of each delivery of an issue, and why."""
    if issue == "verify":
        _verify(as_json=form is Format.JSON)
        return
    if not issue.isdecimal():
        raise IssueNumberError(issue=issue)
    number = int(issue)
    states = tuple(parse_state(name) for name in state or ())
    with open_runtime() as runtime, runtime.database.transaction() as session:
        found = get_issue(session, number)
        zone = found.bulletin.zone
        if delivery is not None:
            steps = timeline(session, number, delivery)
        lines = log_lines(session, number, states=states, search=unit)
    if delivery is not None:
        if form is Format.JSON:
            print_json(
                [{"at": s.at, "kind": s.kind, "actor": s.actor, "data": s.data} for s in steps]
            )
            return
        for step in steps:
            told = escape(timeline_text(step.kind, step.data, zone))
            console.print(f"[dim]{local(step.at, zone)}[/]  {told}  [dim]{escape(step.actor)}[/]")
        return
    _print(number, lines, form, out, zone)


def _print(issue: int, lines: list[LogLine], form: Format, out: Path | None, zone: str) -> None:
    if form is Format.TABLE:
        print_log(lines, zone)
    elif form is Format.JSON and out is None:
        print_json(as_json(issue, lines))
    elif form is Format.XLSX:
        _write(as_xlsx(lines, zone), out)
    elif form is Format.CSV:
        _write(as_csv(lines, zone), out)
    else:
        import json  # noqa: PLC0415 - for this one case

        text = json.dumps(as_json(issue, lines), ensure_ascii=False, indent=1, default=str)
        _write(text.encode(), out)


def print_log(lines: list[LogLine], zone: str) -> None:
    """Print the delivery log as a table: a row for each unit."""
    table(
        [
            _("Delivery"),
            _("Block"),
            _("Unit"),
            _("Address"),
            _("State"),
            _("Attempts"),
            _("Last answer"),
            _("Time"),
        ],
        (
            [
                line.id or "",
                credit.block,
                credit.unit,
                line.address,
                state_word(line.state),
                line.attempts or "",
                line.answer,
                local(line.finished_at or line.due_at, zone),
            ]
            for line in lines
            for credit in line.credits
        ),
    )


def _write(data: bytes, out: Path | None) -> None:
    if out is not None:
        save(out, data)
    elif data[:2] == b"PK" and sys.stdout.isatty():
        raise WorkbookToTerminalError
    else:
        sys.stdout.buffer.write(data)


def _verify(*, as_json: bool) -> None:
    with open_runtime() as runtime, runtime.database.transaction() as session:
        check = verify(session)
    if as_json:
        print_json(
            {
                "seals": check.seals,
                "events": check.events,
                "unsealed": check.unsealed,
                "faults": [
                    {"first": fault.first_id, "last": fault.last_id, "reason": fault.reason}
                    for fault in check.faults
                ],
            }
        )
    if check.faults:
        faults = "; ".join(f"{f.first_id}–{f.last_id}: {f.reason}" for f in check.faults)
        raise LogBrokenError(faults=faults)
    if not as_json:
        text = _(
            "The log is whole: {events} events under {seals} seals; {unsealed} not sealed yet."
        )
        console.print(
            text.format(events=check.events, seals=check.seals, unsealed=check.unsealed),
            markup=False,
        )
