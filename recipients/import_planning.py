"""What an import would do: each draft of a file compared with the directory as it is. Pure.

For the columns that a file has, a unit becomes what the file says; other columns stay as they
are. Mailboxes are only added or changed: one that the file does not mention stays in use, and the
plan says so, since a file about some mailboxes is as usual as a file about all of them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from recipients.names import key, shown
from recipients.parents import Difference, PlannedUnit, with_parents
from recipients.unit_cells import mailbox_cells, unit_cells
from recipients.unit_columns import Column
from recipients.unit_drafts import Draft, Drafts, RefusedRow, Remark, RowError
from recipients.unit_values import DirectoryMailbox, DirectoryUnit
from runtime.refusal import Refusal
from runtime.text import translate as _


class TwoNamesError(RowError):
    """The name {name} stands twice among the names of the unit. Leave one out."""


class Counts(NamedTuple):
    """How many subjects of a file are new, changed, unchanged and refused."""

    new: int
    changed: int
    unchanged: int
    refused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportPlan:
    """What an import would do, in the order of the file; nothing has been changed yet."""

    new: tuple[PlannedUnit, ...]
    changed: tuple[PlannedUnit, ...]
    unchanged: tuple[PlannedUnit, ...]
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]

    @property
    def counts(self) -> Counts:
        """Return how many units are new, changed, unchanged, refused."""
        return Counts(len(self.new), len(self.changed), len(self.unchanged), len(self.refused))


def plan(known: Sequence[DirectoryUnit], drafts: Drafts) -> ImportPlan:
    """Compare the drafts of a file with the directory."""
    by_key = {key(unit.name): unit for unit in known}
    renamed = _renamed(by_key, drafts.drafts)
    planned, refused = [], list(drafts.refused)
    for draft in drafts.drafts:
        before = by_key.get(key(draft.unit.name)) or renamed.get(draft.row)
        after = _overlay(before, draft.unit, drafts.given)
        repeated = _repeated_name(after)
        if repeated is None:
            planned.append(PlannedUnit(row=draft.row, before=before, after=after, differences=()))
        else:
            refused.append(_refuse(draft.row, after, TwoNamesError(name=shown(repeated))))
    planned, orphans = with_parents(planned, by_key)
    planned = [
        replace(unit, differences=tuple(_differences(unit.before, unit.after)))
        if unit.before
        else unit
        for unit in planned
    ]
    return ImportPlan(
        new=tuple(unit for unit in planned if unit.before is None),
        changed=tuple(unit for unit in planned if unit.before and unit.differences),
        unchanged=tuple(unit for unit in planned if unit.before and not unit.differences),
        refused=tuple(sorted((*refused, *orphans), key=lambda refused: refused.row)),
        remarks=(*drafts.remarks, *_forgotten(planned, drafts)),
    )


def _renamed(
    known: Mapping[str, DirectoryUnit], drafts: Sequence[Draft]
) -> Mapping[int, DirectoryUnit]:
    """Return, by row, the known unit whose name has become a former name of a unit of the file.

    Not if the file has a row for the old name, too, or several units have it for a former name:
    then the old unit was divided, and which part goes on is not ours to say.
    """
    in_file = {key(draft.unit.name) for draft in drafts}
    claims: dict[str, list[int]] = defaultdict(list)
    for draft in drafts:
        if key(draft.unit.name) not in known:
            for name in draft.unit.former_names:
                if key(name) in known and key(name) not in in_file:
                    claims[key(name)].append(draft.row)
    sole = {rows[0]: known[name] for name, rows in claims.items() if len(rows) == 1}
    counted = Counter(row for rows in claims.values() for row in rows)
    return {row: unit for row, unit in sole.items() if counted[row] == 1}


def _overlay(
    before: DirectoryUnit | None, unit: DirectoryUnit, given: frozenset[Column]
) -> DirectoryUnit:
    """Return ``before`` with what the file says of it."""
    if before is None:
        return unit
    mailboxes = {mailbox.normalised: mailbox for mailbox in before.mailboxes}
    for mailbox in unit.mailboxes:
        old = mailboxes.get(mailbox.normalised)
        mailboxes[mailbox.normalised] = (
            mailbox
            if old is None
            else DirectoryMailbox(
                id=old.id,
                address=mailbox.address,
                normalised=mailbox.normalised,
                person=mailbox.person if Column.PERSON in given else old.person,
                post=mailbox.post if Column.POST in given else old.post,
                use=mailbox.use if Column.USE in given else old.use,
                active=mailbox.active if Column.MAILBOX_ACTIVE in given else old.active,
            )
        )
    return DirectoryUnit(
        id=before.id,
        name=unit.name,
        aliases=unit.aliases if Column.ALIASES in given else before.aliases,
        former_names=unit.former_names if Column.FORMER_NAMES in given else before.former_names,
        parent=unit.parent if Column.PARENT in given else before.parent,
        level=unit.level if Column.LEVEL in given else before.level,
        tags=unit.tags if Column.TAGS in given else before.tags,
        channel=unit.channel if Column.CHANNEL in given else before.channel,
        note=unit.note if Column.NOTE in given else before.note,
        active=unit.active if Column.ACTIVE in given else before.active,
        mailboxes=tuple(mailboxes.values()),
    )


def _repeated_name(unit: DirectoryUnit) -> str | None:
    seen: set[str] = set()
    for name in (unit.name, *unit.aliases, *unit.former_names):
        if key(name) in seen:
            return name
        seen.add(key(name))
    return None


def _differences(before: DirectoryUnit, after: DirectoryUnit) -> Iterable[Difference]:
    """Yield what differs: first of the unit itself, then of its mailboxes."""
    yield from _changed_cells(None, unit_cells(before), unit_cells(after))
    known = {mailbox.normalised: mailbox for mailbox in before.mailboxes}
    for mailbox in after.mailboxes:
        was = known.get(mailbox.normalised)
        cells = mailbox_cells(mailbox)
        if was is None:
            added = ", ".join(filter(None, cells.values()))
            yield Difference(column=Column.EMAIL, mailbox=mailbox.address, old="", new=added)
        else:
            yield from _changed_cells(mailbox.address, mailbox_cells(was), cells)


def _changed_cells(
    mailbox: str | None, before: Mapping[Column, str], after: Mapping[Column, str]
) -> Iterable[Difference]:
    for column, new in after.items():
        if before[column] != new:
            yield Difference(column=column, mailbox=mailbox, old=before[column], new=new)


def _forgotten(planned: Sequence[PlannedUnit], drafts: Drafts) -> Iterable[Remark]:
    """Say which mailboxes stay in use although the file has other ones for their unit."""
    if Column.EMAIL not in drafts.given:
        return
    in_file = {
        (draft.row, mailbox.normalised)
        for draft in drafts.drafts
        for mailbox in draft.unit.mailboxes
    }
    text = _(
        "{unit} keeps the mailbox {address}, which the file does not have. To stop using it, add a "
        "row for it and mark the mailbox as not in use."
    )
    for unit in planned:
        for mailbox in unit.after.mailboxes:
            if mailbox.active and (unit.row, mailbox.normalised) not in in_file:
                said = text.format(unit=unit.after.name, address=mailbox.address)
                yield Remark(row=unit.row, text=said)


def _refuse(row: int, unit: DirectoryUnit, reason: Refusal) -> RefusedRow:
    return RefusedRow(row=row, name=shown(unit.name), reason=str(reason))
