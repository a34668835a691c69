"""``mailer lists``: the blocks of a bulletin as its distribution list."""

from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.listing import bind_entry, sync_list
from mailer.cli.context import actor, open_runtime
from mailer.cli.output import console, print_json
from mailer.issues.lookup import get_bulletin
from recipients.groups import Group
from recipients.lists import UnresolvedEntry, unresolved_entries
from recipients.names import key
from recipients.resolved import ResolvedEntry, ResolvedList, ResolvedTarget
from recipients.resolving import resolve
from recipients.units import Channel, Unit
from runtime.clock import now
from runtime.refusal import Refusal
from runtime.text import translate as _

app = typer.Typer(
    name="lists", help="Distribution lists, which mirror the blocks.", no_args_is_help=True
)

Slug = Annotated[str, typer.Argument(metavar="BULLETIN", help="The bulletin's short name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class UnknownUnitError(Refusal):
    """There is no unit called {name}. `mailer units list --search …` finds units."""


class UnknownGroupError(Refusal):
    """There is no group called {name}. `mailer groups list` shows all."""


@app.command("sync")
def sync(
    bulletin: Slug,
    issue: Annotated[int, typer.Option("--from", help="The issue whose blocks are mirrored.")],
    as_json: AsJson = False,
) -> None:
    """Mirror the blocks of an issue into the list and match them to the directory."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        found = get_bulletin(session, bulletin)
        report, reopened = sync_list(session, found, issue, actor=actor(), now=now())
    if as_json:
        print_json(
            {
                "kept": [entry.printed for entry in report.kept],
                "added": [entry.printed for entry in report.added],
                "dropped": [entry.printed for entry in report.dropped],
                "resolved": report.resolved,
                "unresolved": [_unresolved(entry) for entry in report.unresolved],
                "reopened": reopened,
            }
        )
        return
    for mark, entries in (("+", report.added), ("-", report.dropped)):
        for entry in entries:
            console.print(f"{mark} {entry.block}  {entry.printed}", markup=False)
    text = _("{kept} kept, {added} new, {dropped} dropped; {resolved} resolved.")
    console.print(
        text.format(
            kept=len(report.kept),
            added=len(report.added),
            dropped=len(report.dropped),
            resolved=report.resolved,
        )
    )
    _say_unresolved(report.unresolved, bulletin)
    _say_reopened(reopened)


@app.command("show")
def show(bulletin: Slug, as_json: AsJson = False) -> None:
    """Print the list in print order, and whom each entry reaches."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        resolved = resolve(session, get_bulletin(session, bulletin).list_id)
    if as_json:
        print_json(_as_json(resolved))
        return
    for block in resolved.blocks:
        console.print(f"[bold]{escape(block.kind)}[/]")
        for entry in block.entries:
            console.print(f"  {escape(entry.printed)}  [dim]{escape(_reached(entry))}[/]")
    for problem in resolved.problems:
        console.print(f"[yellow]! {escape(problem.explain())}[/]")


@app.command("resolve")
def resolve_(
    bulletin: Slug,
    entry: Annotated[
        str | None, typer.Argument(help="The printed entry; without it, what is unresolved.")
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="A unit that it means.")] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group that it means.")] = None,
    remember: Annotated[
        bool, typer.Option("--remember", help="Keep the printed text as an alias.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what an entry means; or list the entries that nobody has resolved yet."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        found = get_bulletin(session, bulletin)
        reopened: list[int] = []
        if entry is not None:
            reopened = bind_entry(
                session,
                found,
                entry,
                units=[_unit(session, name) for name in unit or ()],
                groups=[_group(session, name) for name in group or ()],
                remember=remember,
                actor=actor(),
                now=now(),
            )
        unresolved = unresolved_entries(session, found.list_id)
    if as_json:
        print_json(
            {"unresolved": [_unresolved(entry) for entry in unresolved], "reopened": reopened}
        )
        return
    if not unresolved:
        console.print(_("Every entry is resolved."))
    _say_unresolved(unresolved, bulletin)
    _say_reopened(reopened)


def _unit(session: Session, name: str) -> int:
    number = session.scalar(select(Unit.id).where(Unit.key == key(name)))
    if number is None:
        raise UnknownUnitError(name=name)
    return number


def _group(session: Session, name: str) -> int:
    number = session.scalar(select(Group.id).where(Group.key == key(name)))
    if number is None:
        raise UnknownGroupError(name=name)
    return number


def _say_unresolved(entries: tuple[UnresolvedEntry, ...], bulletin: str) -> None:
    if not entries:
        return
    console.print(f"[yellow]{escape(_('To be resolved by a person:'))}[/]")
    for entry in entries:
        console.print(f"  {entry.block}  {entry.printed}: {entry.match.explain()}", markup=False)
        if entry.suggestions:
            near = "、".join(suggestion.name for suggestion in entry.suggestions)
            console.print("      " + _("Similar names: {near}").format(near=near), markup=False)
    text = _("With: mailer lists resolve {bulletin} ENTRY --unit NAME (or --group NAME)")
    console.print(text.format(bulletin=bulletin), markup=False)


def _say_reopened(issues: list[int]) -> None:
    if issues:
        numbers = ", ".join(str(issue) for issue in issues)
        console.print(_("Back to draft, to be approved anew: {issues}").format(issues=numbers))


def _unresolved(entry: UnresolvedEntry) -> dict[str, object]:
    return {
        "block": entry.block,
        "entry": entry.printed,
        "reason": entry.match.explain(),
        "suggestions": [suggestion.name for suggestion in entry.suggestions],
    }


def _reached(entry: ResolvedEntry) -> str:
    return "; ".join(_target(target) for target in entry.targets) or _("(nobody)")


def _target(target: ResolvedTarget) -> str:
    reached = [
        f"{unit.name} ({_('on paper')})"
        if unit.channel is Channel.PAPER
        else f"{unit.name} <{', '.join(mailbox.address for mailbox in unit.mailboxes)}>"
        for unit in target.units
    ]
    if target.group is None:
        return "; ".join(reached)
    members = _("group of {count}").format(count=len(target.units))
    return f"{target.group} = {members}: " + ", ".join(unit.name for unit in target.units)


def _as_json(resolved: ResolvedList) -> dict[str, object]:
    return {
        "digest": resolved.digest,
        "blocks": [
            {
                "kind": block.kind,
                "role": block.role.value,
                "entries": [
                    {
                        "entry": entry.printed,
                        "targets": [
                            {
                                "matched": target.matched.value,
                                "group": target.group,
                                "units": [
                                    {
                                        "id": unit.id,
                                        "name": unit.name,
                                        "channel": unit.channel.value,
                                        "addresses": [m.address for m in unit.mailboxes],
                                    }
                                    for unit in target.units
                                ],
                            }
                            for target in entry.targets
                        ],
                    }
                    for entry in block.entries
                ],
            }
            for block in resolved.blocks
        ],
        "problems": [
            {"kind": problem.kind.value, "entry": problem.printed, "text": problem.explain()}
            for problem in resolved.problems
        ],
    }
