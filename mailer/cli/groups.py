"""``mailer groups``: printed items that stand for many units."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from mailer.cli.context import open_runtime
from mailer.cli.output import console, print_json, table
from mailer.cli.units import AsJson, DryRun, SkipRefused, print_refused, say_counts
from recipients.files import load_sheet
from recipients.group_importing import apply_groups, plan_groups, rule_word
from recipients.group_values import DirectoryGroup
from recipients.grouping import (
    RuleValueError,
    add_group,
    change_group,
    find_group,
    load_groups,
    units_of,
)
from recipients.groups import GroupRule
from recipients.importing import ImportRefusedError
from recipients.names import tidy_name, tidy_note
from runtime.text import translate as _
from runtime.text import translate_plural

app = typer.Typer(
    name="groups", help="Groups: entries that stand for many units.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="The group's name, as blocks print it.")]
Tag = Annotated[str | None, typer.Option(help="The units with this tag.")]
Parent = Annotated[str | None, typer.Option(help="The units directly under this unit.")]
Member = Annotated[list[str] | None, typer.Option(help="This unit; may be given several times.")]
Except = Annotated[
    list[str] | None, typer.Option("--except", help="But not this unit; may be repeated.")
]
Alias = Annotated[
    list[str] | None, typer.Option(help="Another name of the group; may be repeated.")
]
Note = Annotated[str | None, typer.Option(help="A note for the office.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the groups, and how many units each stands for."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        groups = load_groups(session)
        units = units_of(session, groups)
    if as_json:
        print_json([_as_json(group, units[group.name]) for group in groups])
        return
    table(
        [_("No."), _("Group"), _("Rule"), _("Value"), _("Exceptions"), _("Units")],
        ([group.id, group.name, *_brief(group), len(units[group.name])] for group in groups),
    )


@app.command("show")
def show(name: Name, as_json: AsJson = False) -> None:
    """Show a group and the units that it stands for now."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        group = find_group(session, name)
        units = units_of(session, [group])[group.name]
    if as_json:
        print_json(_as_json(group, units))
        return
    rule, value, exceptions = _brief(group)
    rows = {
        _("Group"): group.name,
        _("Aliases"): "、".join(group.aliases),
        _("Rule"): rule,
        _("Value"): value,
        _("Exceptions"): exceptions,
        _("Note"): group.note,
        _("Units"): str(len(units)),
    }
    table([_("No."), str(group.id)], ([key, text] for key, text in rows.items() if text))
    for unit in units:
        console.print(f"  {unit}", markup=False)


@app.command("add")
def add(
    name: Name,
    tag: Tag = None,
    parent: Parent = None,
    member: Member = None,
    except_: Except = None,
    alias: Alias = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Make a group: by a tag, by a superior unit, or of listed units."""
    blank = DirectoryGroup(id=None, name=tidy_name(name), rule=GroupRule.LISTED)
    group = _with_options(blank, tag, parent, member, except_, alias, note)
    with open_runtime() as runtime, runtime.database.transaction() as session:
        add_group(session, group)
        stored = find_group(session, group.name)
        units = units_of(session, [stored])[stored.name]
    _say(stored, units, as_json=as_json)


@app.command("set")
def set_(
    name: Name,
    tag: Tag = None,
    parent: Parent = None,
    member: Member = None,
    except_: Except = None,
    alias: Alias = None,
    note: Note = None,
    as_json: AsJson = False,
) -> None:
    """Change a group: what is given replaces what was there; the rest stays."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        known = find_group(session, name)
        changed = _with_options(known, tag, parent, member, except_, alias, note)
        change_group(session, changed)
        stored = find_group(session, known.name)
        units = units_of(session, [stored])[stored.name]
    _say(stored, units, as_json=as_json)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The groups: .csv or .xlsx.")],
    dry_run: DryRun = False,
    skip_refused: SkipRefused = False,
    as_json: AsJson = False,
) -> None:
    """Take over groups from a table: name, aliases, rule, value, exceptions, note."""
    sheet = load_sheet(file)
    with open_runtime() as runtime, runtime.database.transaction() as session:
        plan = plan_groups(session, sheet)
        stopped = bool(plan.refused) and not skip_refused
        if not dry_run and not stopped:
            apply_groups(session, plan, skip_refused=skip_refused)
    applied = not dry_run and not stopped
    if as_json:
        print_json({"applied": applied} | asdict(plan))
    else:
        for mark, groups in (("+", plan.new), ("~", plan.changed)):
            for group in groups:
                rule, value, _exceptions = _brief(group.after)
                line = f"{mark} {group.after.name}  {rule} {value}"
                console.print(line, markup=False, soft_wrap=True)
        print_refused(plan.refused, plan.remarks)
        say_counts(plan.counts, applied=applied)
    if stopped and not dry_run:
        raise ImportRefusedError(count=len(plan.refused))


def _with_options(
    group: DirectoryGroup,
    tag: str | None,
    parent: str | None,
    members: Sequence[str] | None,
    exceptions: Sequence[str] | None,
    aliases: Sequence[str] | None,
    note: str | None,
) -> DirectoryGroup:
    """Return ``group`` with what the options say; at most one of them is a rule."""
    if sum(bool(rule) for rule in (tag, parent, members)) > 1:
        raise RuleValueError(name=group.name)
    if tag:
        group = replace(group, rule=GroupRule.TAG, value=tidy_name(tag), members=())
    elif parent:
        group = replace(group, rule=GroupRule.PARENT, value=parent, members=())
    elif members:
        group = replace(group, rule=GroupRule.LISTED, value=None, members=tuple(members))
    if exceptions is not None:
        group = replace(group, exceptions=tuple(exceptions))
    if aliases is not None:
        group = replace(group, aliases=tuple(tidy_name(alias) for alias in aliases))
    return group if note is None else replace(group, note=tidy_note(note))


def _brief(group: DirectoryGroup) -> tuple[str, str, str]:
    """Return rule, value and exceptions for people."""
    value = "、".join(group.members) if group.rule is GroupRule.LISTED else group.value or ""
    return rule_word(group.rule), value, "、".join(group.exceptions)


def _as_json(group: DirectoryGroup, units: Sequence[str]) -> dict[str, object]:
    return asdict(group) | {"units": units}


def _say(group: DirectoryGroup, units: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(group, units))
        return
    text = translate_plural(
        "{name} stands for {count} unit now.", "{name} stands for {count} units now.", len(units)
    )
    console.print(text.format(name=group.name, count=len(units)), markup=False)
