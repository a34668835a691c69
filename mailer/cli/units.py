"""``mailer units``: the directory of units and their mailboxes."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mailer.cli.context import open_runtime
from mailer.cli.output import console, print_json, table
from recipients.exporting import export_units, unit_template
from recipients.files import load_sheet, save
from recipients.import_planning import Counts, ImportPlan
from recipients.importing import ImportRefusedError, apply_import, plan_import
from recipients.parents import PlannedUnit
from recipients.unit_cells import mailbox_cells, unit_cells
from recipients.unit_columns import Column, heading
from recipients.unit_drafts import RefusedRow, Remark
from recipients.unit_loading import find_unit, load_units, search_units
from recipients.unit_values import DirectoryUnit
from runtime.text import translate as _
from runtime.text import translate_plural

app = typer.Typer(
    name="units", help="The directory: units, their names and mailboxes.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change; change nothing.")]
SkipRefused = Annotated[
    bool, typer.Option("--skip-refused", help="Import the other rows when some are refused.")
]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The directory: .csv or .xlsx.")],
    dry_run: DryRun = False,
    skip_refused: SkipRefused = False,
    as_json: AsJson = False,
) -> None:
    """Take over units and mailboxes from a table, all of them or none."""
    sheet = load_sheet(file)
    with open_runtime() as runtime, runtime.database.transaction() as session:
        plan = plan_import(session, sheet)
        stopped = bool(plan.refused) and not skip_refused
        if not dry_run and not stopped:
            apply_import(session, plan, skip_refused=skip_refused)
    applied = not dry_run and not stopped
    if as_json:
        print_json(_plan_json(plan, applied=applied))
    else:
        _print_plan(plan)
        say_counts(plan.counts, applied=applied)
    if stopped and not dry_run:
        raise ImportRefusedError(count=len(plan.refused))


@app.command("list")
def list_(
    search: Annotated[
        str, typer.Option(help="Part of a name, of its pinyin or initials, a tag, or an address.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the units, by pinyin."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        units = search_units(session, search) if search else load_units(session)
    if as_json:
        print_json([unit_json(unit) for unit in units])
        return
    table(
        [_("No."), _("Unit"), _("Level"), _("Superior unit"), _("Mailboxes")],
        ([unit.id, unit.name, *_brief(unit)] for unit in units),
    )
    console.print(
        translate_plural("{count} unit.", "{count} units.", len(units)).format(count=len(units))
    )


@app.command("show")
def show(
    unit: Annotated[str, typer.Argument(help="A name, an alias or a number.")],
    as_json: AsJson = False,
) -> None:
    """Show all that the directory says of a unit."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        found = find_unit(session, unit)
    if as_json:
        print_json(unit_json(found))
        return
    cells = {heading(column): text for column, text in unit_cells(found).items() if text}
    table([_("No."), str(found.id)], cells.items())
    if found.mailboxes:
        console.print()
        rows = [mailbox_cells(mailbox) for mailbox in found.mailboxes]
        table([heading(column) for column in rows[0]], (list(row.values()) for row in rows))


@app.command("export")
def export(file: Annotated[Path, typer.Argument(help="The file to write: .csv or .xlsx.")]) -> None:
    """Write the directory to a table that can be edited and imported again."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        units = load_units(session)
    save(file, export_units(units, file.name))
    text = translate_plural(
        "Wrote {count} unit to {file}.", "Wrote {count} units to {file}.", len(units)
    )
    console.print(text.format(count=len(units), file=file), markup=False)


@app.command("template")
def template(
    file: Annotated[Path, typer.Argument(help="The file to write: .csv or .xlsx.")],
) -> None:
    """Write an empty table whose columns explain themselves."""
    save(file, unit_template(file.name))
    console.print(_("Wrote {file}. Fill it in and import it.").format(file=file), markup=False)


def unit_json(unit: DirectoryUnit) -> dict[str, object]:
    """Return a unit as ``--json`` prints it."""
    return asdict(unit)


def say_counts(counts: Counts, *, applied: bool) -> None:
    """Print the last line of an import."""
    text = _("{new} new, {changed} changed, {unchanged} unchanged, {refused} refused.")
    done = _("Imported.") if applied else _("Nothing was changed.")
    console.print(f"{text.format(**counts._asdict())} {done}", markup=False)


def print_refused(refused: Iterable[RefusedRow], remarks: Iterable[Remark]) -> None:
    """Print which rows were refused and why, and what else was noticed."""
    for row in refused:
        text = _("row {row}: {name} {reason}").format(row=row.row, name=row.name, reason=row.reason)
        console.print(f"[red]! {escape(text)}[/]", soft_wrap=True)
    for remark in remarks:
        place = _("row {row}: ").format(row=remark.row) if remark.row else ""
        console.print(f"[yellow]? {escape(place + remark.text)}[/]", soft_wrap=True)


def _print_plan(plan: ImportPlan) -> None:
    """Print the difference: ``+`` new, ``~`` changed with old and new, ``!`` refused."""
    for unit in plan.new:
        boxes = ", ".join(mailbox.address for mailbox in unit.after.mailboxes)
        line = f"[green]+ {escape(unit.after.name)}[/]  [dim]{escape(boxes)}[/]"
        console.print(line, soft_wrap=True)
    for unit in plan.changed:
        name = (unit.before or unit.after).name
        console.print(f"[cyan]~ {escape(name)}[/]", soft_wrap=True)
        for difference in unit.differences:
            place = f"{difference.mailbox} " if difference.mailbox else ""
            nothing = _("(empty)")
            old, new = difference.old or nothing, difference.new or nothing
            change = f"    {place}{heading(difference.column)}: {old} → {new}"
            console.print(change, markup=False, soft_wrap=True)
    print_refused(plan.refused, plan.remarks)


def _brief(unit: DirectoryUnit) -> Sequence[str]:
    """Return the cells of a unit in the list: level, superior unit, addresses or why none."""
    cells = unit_cells(unit)
    if not unit.active:
        reached = cells[Column.ACTIVE]
    elif unit.mailboxes:
        reached = ", ".join(mailbox.address for mailbox in unit.mailboxes if mailbox.active)
    else:
        reached = cells[Column.CHANNEL]
    return cells[Column.LEVEL], unit.parent or "", reached


def _plan_json(plan: ImportPlan, *, applied: bool) -> dict[str, object]:
    """Return what an import did or would do."""

    def planned(units: Iterable[PlannedUnit]) -> list[dict[str, object]]:
        return [
            {
                "row": unit.row,
                "name": unit.after.name,
                "differences": [asdict(difference) for difference in unit.differences],
            }
            for unit in units
        ]

    return {
        "applied": applied,
        "new": planned(plan.new),
        "changed": planned(plan.changed),
        "unchanged": planned(plan.unchanged),
        "refused": [asdict(row) for row in plan.refused],
        "remarks": [asdict(remark) for remark in plan.remarks],
    }
