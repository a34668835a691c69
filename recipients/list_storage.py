"""Reads and writes the blocks, entries and targets of a list, many rows a statement."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from recipients.directory import Subject
from recipients.list_tables import EntryTarget, ListBlock, ListEntry, Matched
from recipients.mirroring import MirrorPlan, StoredBlock, StoredEntry

Targets = Sequence[tuple[Subject, Matched]]


def read_blocks(session: Session, list_id: int) -> list[StoredBlock]:
    """Return the blocks of a list in order."""
    query = (
        select(ListBlock.id, ListBlock.kind, ListBlock.role, ListBlock.position)
        .where(ListBlock.list_id == list_id)
        .order_by(ListBlock.position)
    )
    return [
        StoredBlock(id=row.id, kind=row.kind, role=row.role, position=row.position)
        for row in session.execute(query)
    ]


def read_entries(session: Session, list_id: int) -> list[StoredEntry]:
    """Return the entries of a list with their targets, in print order."""
    in_list = select(ListBlock.id).where(ListBlock.list_id == list_id)
    found: dict[int, list[tuple[Subject, Matched]]] = defaultdict(list)
    targets = (
        select(EntryTarget.entry_id, EntryTarget.unit_id, EntryTarget.group_id, EntryTarget.matched)
        .join(ListEntry, ListEntry.id == EntryTarget.entry_id)
        .where(ListEntry.block_id.in_(in_list))
        .order_by(EntryTarget.position)
    )
    for entry_id, unit_id, group_id, matched in session.execute(targets):
        # The database holds exactly one of the two.
        subject = Subject(is_group=unit_id is None, id=unit_id or group_id or 0)
        found[entry_id].append((subject, matched))
    entries = (
        select(
            ListEntry.id, ListEntry.block_id, ListBlock.kind, ListEntry.position, ListEntry.printed
        )
        .join(ListBlock, ListBlock.id == ListEntry.block_id)
        .where(ListBlock.list_id == list_id)
        .order_by(ListBlock.position, ListEntry.position)
    )
    return [
        StoredEntry(
            id=row.id,
            block_id=row.block_id,
            kind=row.kind,
            position=row.position,
            printed=row.printed,
            targets=tuple(found[row.id]),
        )
        for row in session.execute(entries)
    ]


def write_plan(session: Session, list_id: int, plan: MirrorPlan) -> None:
    """Make the stored blocks and entries those of ``plan``; targets of kept entries stay."""
    block_ids = []
    for position, block in enumerate(plan.blocks):
        values = {"kind": block.printed.kind, "role": block.printed.role, "position": position}
        if block.old is None:
            new = insert(ListBlock).values(list_id=list_id, **values).returning(ListBlock.id)
            block_ids.append(session.execute(new).scalar_one())
        else:
            session.execute(update(ListBlock).where(ListBlock.id == block.old.id).values(**values))
            block_ids.append(block.old.id)
    added, moved = [], []
    for block_id, block in zip(block_ids, plan.blocks, strict=True):
        for position, (text, kept) in enumerate(
            zip(block.printed.entries, block.kept, strict=True)
        ):
            row = {"block_id": block_id, "position": position, "printed": text}
            if kept is None:
                added.append(row)
            elif (kept.block_id, kept.position, kept.printed) != (block_id, position, text):
                moved.append(row | {"id": kept.id})
    if moved:
        session.execute(update(ListEntry), moved)
    if added:
        session.execute(insert(ListEntry), added)
    _delete(session, plan)


def _delete(session: Session, plan: MirrorPlan) -> None:
    """Delete what is printed no longer; the targets go with their entries."""
    entry_ids = [entry.id for entry in plan.dropped_entries]
    if entry_ids:
        session.execute(delete(ListEntry).where(ListEntry.id.in_(entry_ids)))
    block_ids = [block.id for block in plan.dropped_blocks]
    if block_ids:
        session.execute(delete(ListBlock).where(ListBlock.id.in_(block_ids)))


def write_targets(
    session: Session, targets: Mapping[int, Targets], *, actor: str, at: datetime
) -> None:
    """Replace the targets of the entries whose ids are the keys."""
    if not targets:
        return
    session.execute(delete(EntryTarget).where(EntryTarget.entry_id.in_(list(targets))))
    rows = [
        {
            "entry_id": entry_id,
            "position": position,
            "unit_id": None if subject.is_group else subject.id,
            "group_id": subject.id if subject.is_group else None,
            "matched": matched,
            "matched_at": at,
            "matched_by": actor,
        }
        for entry_id, found in targets.items()
        for position, (subject, matched) in enumerate(found)
    ]
    if rows:
        session.execute(insert(EntryTarget), rows)
