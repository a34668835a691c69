"""``mailer issues``: an issue from the file to the last delivery."""

from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions import adding, approving, previewing, scheduling, submitting
from mailer.actions.exporting import local
from mailer.actions.relaying import outlet
from mailer.actions.wording import state_word
from mailer.cli.context import actor, open_runtime, publish
from mailer.cli.files import read_source
from mailer.cli.output import console, print_json, table
from mailer.cli.reading import show_document
from mailer.cli.watching import wait_for_deliveries, wait_for_rendering
from mailer.deliveries.progress import progress
from mailer.issues.lifecycle import IssueState
from mailer.issues.lookup import get_bulletin, get_issue
from mailer.issues.models import Issue
from mailer.issues.naming import issue_number
from mailer.reading.contract import from_json_dict
from mailer.reading.limits import Limits
from runtime.clock import now
from runtime.refusal import Refusal
from runtime.text import translate as _

app = typer.Typer(
    name="issues", help="Issues: adding, approving, scheduling, sending.", no_args_is_help=True
)

Number = Annotated[int, typer.Argument(help="Number of the issue in this system.")]
_NOT_ON_ITS_WAY = (IssueState.DRAFT, IssueState.SUBMITTED, IssueState.APPROVED)
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str | None, typer.Option(help="Why; kept in the log.")]


class WhenError(Refusal):
    """Say when: mailer issues send {issue} --now, or mailer issues schedule {issue} --at TIME."""


class OutFolderError(Refusal):
    """The files cannot be written to {path}: {reason}. Choose another folder with --out."""


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="The bulletin's file.")],
    bulletin: Annotated[str | None, typer.Option(help="Short name of the bulletin.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read a file and keep it as a draft issue."""
    data = read_source(file)
    with open_runtime() as runtime, runtime.database.transaction() as session:
        added = adding.add_issue(
            session,
            get_bulletin(session, bulletin),
            data,
            file.name,
            actor=actor(),
            limits=Limits(size=runtime.settings.max_source_bytes),
        )
        shown = _summary(added.issue)
    if as_json:
        print_json(shown | {"warnings": [warning.code for warning in added.document.warnings]})
        return
    show_document(added.document)
    console.print("\n" + _("Added as issue {id}.").format(id=shown["id"]), markup=False)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the issues, the newest first."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        rows = [_summary(issue) for issue in session.scalars(select(Issue).order_by(-Issue.id))]
    if as_json:
        print_json(rows)
        return
    table(
        [_("No."), _("Bulletin"), _("Number"), _("State"), _("Due"), _("Source")],
        (
            [r["id"], r["bulletin"], r["name"], state_word(r["state"]), r["due"], r["source"]]
            for r in rows
        ),
    )


@app.command("show")
def show(issue_id: Number, as_json: AsJson = False) -> None:
    """Show an issue: what was read, where it stands, how far it is sent."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        issue = get_issue(session, issue_id)
        shown = _summary(issue) | {"counts": _counts(session, issue_id)}
        document = issue.document
    if as_json:
        print_json(shown | {"document": document})
        return
    show_document(from_json_dict(document))
    rows = [
        [_("State"), state_word(shown["state"])],
        [_("Reason"), _(shown["reason"] or "")],
        [_("Due"), shown["due"]],
        [_("Submitted by"), shown["submitted_by"]],
        [_("Approved by"), shown["approved_by"]],
        [_("Source"), shown["source"]],
        *([state_word(state), n] for state, n in shown["counts"].items()),
    ]
    console.print()
    table(["", ""], (row for row in rows if row[1]))


@app.command("preview")
def preview(
    issue_id: Number,
    out: Annotated[Path, typer.Option(help="Folder for message.eml, .html and .txt.")],
    unit: Annotated[str | None, typer.Option("--as", help="As this unit would get it.")] = None,
) -> None:
    """Write the mail as a recipient would get it."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        shown = previewing.preview_issue(
            session,
            issue_id,
            unit=unit,
            limits=Limits(size=runtime.settings.max_source_bytes),
            now=now(),
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "message.eml").write_bytes(shown.message)
        (out / "message.html").write_text(shown.html, encoding="utf-8")
        (out / "message.txt").write_text(shown.text, encoding="utf-8")
    except OSError as error:
        raise OutFolderError(path=out, reason=error.strerror) from None
    console.print(_("Written to {folder}.").format(folder=out), markup=False)


@app.command("submit")
def submit(issue_id: Number, as_json: AsJson = False) -> None:
    """Submit an issue for approval; a worker renders it."""
    with open_runtime() as runtime:
        with runtime.database.transaction() as session:
            submitting.submit(session, issue_id, actor=actor(), now=now())
        publish(runtime, "render", issue_id)
        rendered = wait_for_rendering(runtime, issue_id, quiet=as_json)
        with runtime.database.transaction() as session:
            shown = _summary(get_issue(session, issue_id))
    if as_json:
        print_json(shown | {"rendered": rendered})
    elif shown["state"] == IssueState.DRAFT:  # the worker could not, and says why
        _say(shown, as_json=False, text=f"{state_word(shown['state'])}: {_(shown['reason'] or '')}")
    elif rendered:
        console.print(_("Submitted and rendered: it can be approved."))
    else:
        console.print(
            _("Submitted. It is not rendered yet: a worker does that once `mailer up` runs.")
        )
    if shown["state"] == IssueState.DRAFT:
        raise typer.Exit(1)


@app.command("approve")
def approve(
    issue_id: Number,
    allow_unresolved: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Approve although entries resolve to nobody."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Approve a submitted issue: content, list and rendition are bound."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        issue = approving.approve(
            session, issue_id, allow_unresolved=allow_unresolved, actor=actor(), now=now()
        )
        shown = _summary(issue)
    _say(shown, as_json=as_json, text=_("Approved."))


@app.command("schedule")
def schedule(
    issue_id: Number,
    at: Annotated[str, typer.Option(help="ISO time; without a zone, local to the bulletin.")],
    as_json: AsJson = False,
) -> None:
    """Have an approved issue sent at a given time."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        outlet(runtime.settings)
        zone = get_issue(session, issue_id).bulletin.zone
        issue = scheduling.schedule(
            session, issue_id, scheduling.parse_time(at, zone), actor=actor(), now=now()
        )
        shown = _summary(issue)
    _say(shown, as_json=as_json, text=_("Scheduled for {due}.").format(due=shown["due"]))


@app.command("send")
def send(
    issue_id: Number,
    at_once: Annotated[bool, typer.Option("--now", help="Send at once.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the first pass.")] = False,
    until_final: Annotated[
        bool, typer.Option("--until-final", help="Wait until every delivery is final.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send an approved issue at once; with --wait or --until-final, show the progress."""
    with open_runtime() as runtime:
        with runtime.database.transaction() as session:
            state = get_issue(session, issue_id).state
            if at_once:
                outlet(runtime.settings)
                scheduling.send_now(session, issue_id, actor=actor(), now=now())
            elif state in _NOT_ON_ITS_WAY or not (wait or until_final):
                raise WhenError(issue=issue_id)
        publish(runtime, "sweep")
        if wait or until_final:
            wait_for_deliveries(runtime, issue_id, until_final=until_final, quiet=as_json)
        with runtime.database.transaction() as session:
            shown = _summary(get_issue(session, issue_id))
            shown |= {"counts": _counts(session, issue_id)}
    _say(shown, as_json=as_json, text=state_word(shown["state"]))


@app.command("pause")
def pause(issue_id: Number, reason: Reason = None, as_json: AsJson = False) -> None:
    """Pause sending; open transactions end."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        issue = scheduling.pause(session, issue_id, reason=reason, actor=actor(), now=now())
        shown = _summary(issue)
    _say(shown, as_json=as_json, text=_("Paused."))


@app.command("resume")
def resume(issue_id: Number, as_json: AsJson = False) -> None:
    """Go on sending a paused issue."""
    with open_runtime() as runtime:
        with runtime.database.transaction() as session:
            issue = scheduling.resume(session, issue_id, actor=actor(), now=now())
            shown = _summary(issue)
        publish(runtime, "sweep")
    _say(shown, as_json=as_json, text=_("Resumed."))


@app.command("cancel")
def cancel(issue_id: Number, reason: Reason = None, as_json: AsJson = False) -> None:
    """End an issue before it is sent; what was sent already stays in the log."""
    with open_runtime() as runtime:
        with runtime.database.transaction() as session:
            issue = scheduling.cancel(session, issue_id, reason=reason, actor=actor(), now=now())
            shown = _summary(issue)
        publish(runtime, "sweep")
    _say(shown, as_json=as_json, text=_("Cancelled."))


def _summary(issue: Issue) -> dict[str, Any]:
    """Return what every command tells of an issue; the keys are a contract."""
    return {
        "id": issue.id,
        "bulletin": issue.bulletin.slug,
        "name": issue_number(issue.year, issue.number, issue.total) or issue.title,
        "title": issue.title,
        "number": issue.number,
        "year": issue.year,
        "total": issue.total,
        "date": issue.issue_date.isoformat() if issue.issue_date else None,
        "state": str(issue.state),
        "reason": issue.reason,
        "due": local(issue.due_at, issue.bulletin.zone),
        "due_at": issue.due_at.isoformat() if issue.due_at else None,
        "source": issue.source_name,
        "sha256": issue.source_sha256,
        "submitted_by": issue.submitted_by,
        "approved_by": issue.approval.approved_by if issue.approval else None,
    }


def _counts(session: Session, issue_id: int) -> dict[str, int]:
    found = progress(session, issue_id)
    return {state.value: n for state, n in found.counts.items()} if found else {}


def _say(shown: dict[str, Any], *, as_json: bool, text: str) -> None:
    if as_json:
        print_json(shown)
    else:
        console.print(_("Issue {id}: {text}").format(id=shown["id"], text=text), markup=False)
