"""Imports a directory file: first the plan, then all of it in one transaction, or nothing."""

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from recipients.import_planning import ImportPlan, plan
from recipients.names import key
from recipients.parents import PlannedUnit
from recipients.sheets import Sheet
from recipients.sorting import sort_keys
from recipients.unit_drafts import read_drafts
from recipients.unit_loading import load_units
from recipients.unit_values import DirectoryUnit
from recipients.units import Mailbox, NameKind, Unit, UnitName, UnitTag
from runtime.refusal import Refusal

_IMPORT_LOCK = 0x6A69616E01
"""The advisory lock of imports: two at once would each plan without the other's units."""


class ImportRefusedError(Refusal):
    """Nothing was changed, because rows were refused: {count}. Correct them, or import the others
    with --skip-refused.
    """


def plan_import(session: Session, sheet: Sheet) -> ImportPlan:
    """Compare a directory file with the directory; nothing is changed.

    The plan holds until the transaction ends: another import waits so long.

    Raises:
        Refusal: the headings cannot be understood (:mod:`recipients.unit_columns`).

    """
    drafts = read_drafts(sheet)
    session.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
    return plan(load_units(session), drafts)


def apply_import(session: Session, planned: ImportPlan, *, skip_refused: bool = False) -> None:
    """Do what a plan of the same transaction says.

    Raises:
        ImportRefusedError: a row was refused, and ``skip_refused`` is not set.

    """
    if planned.refused and not skip_refused:
        raise ImportRefusedError(count=len(planned.refused))
    _insert_units(session, planned.new)
    _update_units(session, planned.changed)
    ids = dict(session.execute(select(Unit.key, Unit.id)).all())
    touched = [*planned.new, *planned.changed]
    _write_parents(session, touched, ids)
    _write_names(session, touched, ids)
    _write_tags(session, touched, ids)
    _write_mailboxes(session, touched, ids)


def _columns(unit: DirectoryUnit) -> dict[str, object]:
    """Return the columns of a unit's own row, but for its parent."""
    keys = sort_keys(unit.name)
    return {
        "name": unit.name,
        "key": key(unit.name),
        "pinyin": keys.pinyin,
        "initials": keys.initials,
        "level": unit.level,
        "channel": unit.channel,
        "note": unit.note,
        "active": unit.active,
    }


def _insert_units(session: Session, planned: Sequence[PlannedUnit]) -> None:
    if planned:
        session.execute(insert(Unit), [_columns(unit.after) for unit in planned])


def _update_units(session: Session, planned: Sequence[PlannedUnit]) -> None:
    rows = [_columns(unit.after) | {"id": unit.after.id} for unit in planned]
    if rows:
        session.execute(update(Unit), rows)


def _write_parents(session: Session, planned: Iterable[PlannedUnit], ids: dict[str, int]) -> None:
    """Set the parents, now that every unit has an id."""
    rows = [
        {
            "id": ids[key(unit.after.name)],
            "parent_id": ids[key(unit.after.parent)] if unit.after.parent else None,
        }
        for unit in planned
        if unit.after.parent != (unit.before.parent if unit.before else None)
    ]
    if rows:
        session.execute(update(Unit), rows)


def _write_names(session: Session, planned: Iterable[PlannedUnit], ids: dict[str, int]) -> None:
    changed = [unit for unit in planned if _names(unit.after) != _names(unit.before)]
    _clear(session, UnitName, changed, ids)
    rows = [
        {"unit_id": ids[key(unit.after.name)], "kind": kind, "name": name, "key": key(name)}
        for unit in changed
        for kind, name in _names(unit.after)
    ]
    if rows:
        session.execute(insert(UnitName), rows)


def _names(unit: DirectoryUnit | None) -> list[tuple[NameKind, str]]:
    if unit is None:
        return []
    return [
        *((NameKind.ALIAS, name) for name in unit.aliases),
        *((NameKind.FORMER, name) for name in unit.former_names),
    ]


def _write_tags(session: Session, planned: Iterable[PlannedUnit], ids: dict[str, int]) -> None:
    changed = [u for u in planned if u.after.tags != (u.before.tags if u.before else ())]
    _clear(session, UnitTag, changed, ids)
    rows = [
        {"unit_id": ids[key(unit.after.name)], "tag": tag}
        for unit in changed
        for tag in unit.after.tags
    ]
    if rows:
        session.execute(insert(UnitTag), rows)


def _clear(
    session: Session,
    table: type[UnitName | UnitTag],
    planned: Iterable[PlannedUnit],
    ids: dict[str, int],
) -> None:
    """Delete the names or tags of units that were there before."""
    unit_ids = [ids[key(unit.after.name)] for unit in planned if unit.before]
    if unit_ids:
        session.execute(delete(table).where(table.unit_id.in_(unit_ids)))


def _write_mailboxes(session: Session, planned: Iterable[PlannedUnit], ids: dict[str, int]) -> None:
    added: list[dict[str, object]] = []
    changed: list[dict[str, object]] = []
    for unit in planned:
        known = set(unit.before.mailboxes) if unit.before else set()
        for mailbox in unit.after.mailboxes:
            row: dict[str, object] = {
                "unit_id": ids[key(unit.after.name)],
                "address": mailbox.address,
                "normalised": mailbox.normalised,
                "person": mailbox.person,
                "post": mailbox.post,
                "use": mailbox.use,
                "active": mailbox.active,
            }
            if mailbox.id is None:
                added.append(row)
            elif mailbox not in known:
                changed.append(row | {"id": mailbox.id})
    if added:
        session.execute(insert(Mailbox), added)
    if changed:
        session.execute(update(Mailbox), changed)
