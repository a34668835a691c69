"""Waiting for workers, with progress for people and plain lines where there is no terminal."""

import sys
import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mailer.actions.wording import state_word
from mailer.cli.output import console
from mailer.deliveries.progress import Progress as Counts
from mailer.deliveries.progress import progress
from mailer.issues.lifecycle import FINAL, IssueState
from mailer.issues.lookup import get_issue
from runtime.process import Runtime
from runtime.text import translate as _

_LOOK_SECONDS = 0.2
_PLAIN_SECONDS = 2.0
_RENDER_SECONDS = 20.0


def wait_for_rendering(runtime: Runtime, issue_id: int, *, quiet: bool) -> bool:
    """Wait until a worker has rendered the issue, twenty seconds at most; return whether it has."""
    deadline = time.monotonic() + _RENDER_SECONDS
    told = quiet
    while time.monotonic() < deadline:
        with runtime.database.transaction() as session:
            issue = get_issue(session, issue_id)
            if issue.rendition_id is not None:
                return True
            if issue.state != IssueState.SUBMITTED:
                return False
        if not told:
            console.print(_("Waiting for a worker to render it …"))
            told = True
        time.sleep(_LOOK_SECONDS)
    return False


def wait_for_deliveries(runtime: Runtime, issue_id: int, *, until_final: bool, quiet: bool) -> None:
    """Wait for the first pass, or until every delivery is final."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    fancy = sys.stdout.isatty() and not quiet
    with Progress(*columns, console=console, disable=not fancy) as bar:
        shown = bar.add_task(_("Waiting"), total=None)
        told_at, told = 0.0, ""
        while True:
            with runtime.database.transaction() as session:
                state = IssueState(get_issue(session, issue_id).state)
                counts = progress(session, issue_id)
            if counts is not None:
                line = counts_line(counts)
                bar.update(shown, total=counts.total, completed=counts.final, description=line)
                if not fancy and not quiet and line != told and _past(told_at):
                    told_at, told = time.monotonic(), line
                    console.print(line, markup=False)
            if state in FINAL or _done(state, counts, until_final=until_final):
                if counts is not None and not quiet:
                    console.print(counts_line(counts), markup=False)
                return
            time.sleep(_LOOK_SECONDS)


def counts_line(counts: Counts) -> str:
    """Return the counts of a dispatch in one line."""
    return " · ".join(f"{state_word(state)} {n}" for state, n in counts.counts.items())


def _done(state: IssueState, counts: Counts | None, *, until_final: bool) -> bool:
    if state is IssueState.PAUSED:
        return True
    if counts is None:
        return False
    if until_final:
        # When all are final the sweep ends the issue, a moment later.
        return counts.waits_for_person
    return counts.first_pass_done


def _past(told_at: float) -> bool:
    return time.monotonic() - told_at > _PLAIN_SECONDS
