"""Resolves a distribution list with a number of queries that does not depend on its size."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import BigInteger, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from recipients.addresses import delivery_address
from recipients.groups import Group
from recipients.list_tables import DistributionList, EntryTarget, ListBlock, ListEntry, Matched
from recipients.membership import members_of
from recipients.resolved import (
    Problem,
    ProblemKind,
    ResolvedBlock,
    ResolvedEntry,
    ResolvedList,
    ResolvedMailbox,
    ResolvedTarget,
    ResolvedUnit,
)
from recipients.units import Channel, Mailbox, MailboxUse, Unit
from runtime.refusal import Refusal


class NoSuchListError(Refusal):
    """There is no distribution list with the number {list_id}. It may have been deleted; look at
    the lists there are.
    """


def resolve(session: Session, list_id: int) -> ResolvedList:
    """Resolve a list.

    A unit's mailboxes are those for 收文 and 抄收; those for 备份 only where it has none for 收文.
    Suppressed addresses are still there: suppression is looked up when mail goes out.

    Raises:
        NoSuchListError: there is no such list.

    """
    name = session.scalar(select(DistributionList.name).where(DistributionList.id == list_id))
    if name is None:
        raise NoSuchListError(list_id=list_id)
    view = _view(session, list_id)
    entries: dict[int, list[tuple[int, str]]] = defaultdict(list)
    printed = (
        select(ListEntry.block_id, ListEntry.id, ListEntry.printed)
        .join(ListBlock, ListBlock.id == ListEntry.block_id)
        .where(ListBlock.list_id == list_id)
        .order_by(ListEntry.position)
    )
    for block_id, entry_id, text in session.execute(printed):
        entries[block_id].append((entry_id, text))
    blocks = (
        select(ListBlock.id, ListBlock.kind, ListBlock.role)
        .where(ListBlock.list_id == list_id)
        .order_by(ListBlock.position)
    )
    resolved = tuple(
        ResolvedBlock(
            id=block.id,
            kind=block.kind,
            role=block.role,
            entries=tuple(view.entry(block.kind, *entry) for entry in entries[block.id]),
        )
        for block in session.execute(blocks)
    )
    return ResolvedList(id=list_id, name=name, blocks=resolved, problems=tuple(view.problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Bound:
    """A target as it is stored."""

    unit_id: int | None
    group_id: int | None
    matched: Matched
    matched_by: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _View:
    """What was read of a list's targets, and the problems met on the way."""

    targets: Mapping[int, Sequence[_Bound]]
    groups: Mapping[int, str]
    members: Mapping[int, Sequence[int]]
    units: Mapping[int, ResolvedUnit]
    inactive: Collection[int]
    problems: list[Problem] = field(default_factory=list)

    def entry(self, block: str, entry_id: int, printed: str) -> ResolvedEntry:
        """Resolve one entry, and note its problems."""
        problem = partial(Problem, block=block, entry_id=entry_id, printed=printed)
        seen: set[int] = set()
        targets = []
        for bound in self.targets.get(entry_id, ()):
            if bound.unit_id is not None:
                ids: Sequence[int] = (bound.unit_id,)
            else:
                ids = self.members.get(bound.group_id or 0, ())
            units = [self.units[unit_id] for unit_id in ids if unit_id not in seen]
            seen.update(unit.id for unit in units)
            group = None if bound.group_id is None else self.groups[bound.group_id]
            targets.append(
                ResolvedTarget(
                    matched=bound.matched,
                    matched_by=bound.matched_by,
                    group_id=bound.group_id,
                    group=group,
                    units=tuple(unit for unit in units if unit.id not in self.inactive),
                )
            )
            if group is not None and not ids:
                self.problems.append(problem(kind=ProblemKind.EMPTY_GROUP, name=group))
            for unit in units:
                kind = self._wrong_with(unit)
                if kind is not None:
                    self.problems.append(problem(kind=kind, name=unit.name, unit_id=unit.id))
        if not targets:
            self.problems.append(problem(kind=ProblemKind.UNRESOLVED_ENTRY))
        return ResolvedEntry(id=entry_id, printed=printed, targets=tuple(targets))

    def _wrong_with(self, unit: ResolvedUnit) -> ProblemKind | None:
        """Return why a unit gets nothing, if it gets nothing."""
        if unit.id in self.inactive:
            return ProblemKind.INACTIVE_UNIT
        if unit.channel is Channel.EMAIL and not _receives(unit):
            return ProblemKind.NO_MAILBOX
        return None


def _view(session: Session, list_id: int) -> _View:
    """Read the targets of a list, and the groups and units that they lead to."""
    targets: dict[int, list[_Bound]] = defaultdict(list)
    query = (
        select(
            EntryTarget.entry_id,
            EntryTarget.unit_id,
            EntryTarget.group_id,
            EntryTarget.matched,
            EntryTarget.matched_by,
        )
        .join(ListEntry, ListEntry.id == EntryTarget.entry_id)
        .join(ListBlock, ListBlock.id == ListEntry.block_id)
        .where(ListBlock.list_id == list_id)
        .order_by(EntryTarget.position)
    )
    for entry_id, unit_id, group_id, matched, matched_by in session.execute(query):
        targets[entry_id].append(
            _Bound(unit_id=unit_id, group_id=group_id, matched=matched, matched_by=matched_by)
        )
    bound = [target for found in targets.values() for target in found]
    group_ids = {target.group_id for target in bound if target.group_id is not None}
    groups = select(Group.id, Group.name).where(Group.id.in_(group_ids))
    members = members_of(session, group_ids)
    unit_ids = {target.unit_id for target in bound if target.unit_id is not None}
    unit_ids.update(unit_id for found in members.values() for unit_id in found)
    units, inactive = _units(session, unit_ids)
    return _View(
        targets=targets,
        groups=dict(session.execute(groups).all()),
        members=members,
        units=units,
        inactive=inactive,
    )


def _units(
    session: Session, unit_ids: Collection[int]
) -> tuple[Mapping[int, ResolvedUnit], Collection[int]]:
    """Return the units with the mailboxes that count, and the ids of those no longer in use."""
    wanted = any_(literal(list(unit_ids), ARRAY(BigInteger)))  # one parameter, however many
    mailboxes: dict[int, list[ResolvedMailbox]] = defaultdict(list)
    query = (
        select(Mailbox).where(Mailbox.active, Mailbox.unit_id == wanted).order_by(Mailbox.id)
    ).with_only_columns(
        Mailbox.unit_id,
        Mailbox.id,
        Mailbox.address,
        Mailbox.normalised,
        Mailbox.use,
        Mailbox.person,
        Mailbox.post,
    )
    for unit_id, mailbox_id, written, normalised, use, person, post in session.execute(query):
        mailboxes[unit_id].append(
            ResolvedMailbox(
                id=mailbox_id,
                address=delivery_address(written, normalised),
                normalised=normalised,
                use=use,
                person=person,
                post=post,
            )
        )
    units = {}
    inactive = set()
    rows = select(Unit.id, Unit.name, Unit.channel, Unit.active).where(Unit.id == wanted)
    for unit_id, name, channel, active in session.execute(rows):
        used = _in_use(mailboxes[unit_id]) if channel is Channel.EMAIL else ()
        units[unit_id] = ResolvedUnit(id=unit_id, name=name, channel=channel, mailboxes=used)
        if not active:
            inactive.add(unit_id)
    return units, inactive


def _in_use(mailboxes: Sequence[ResolvedMailbox]) -> tuple[ResolvedMailbox, ...]:
    """Return the mailboxes that get the bulletin: 备份 only where there is none for 收文."""
    receives = any(mailbox.use is MailboxUse.RECEIVE for mailbox in mailboxes)
    return tuple(m for m in mailboxes if not (receives and m.use is MailboxUse.BACKUP))


def _receives(unit: ResolvedUnit) -> bool:
    """Return whether a unit has any mailbox but those that only get a copy."""
    return any(mailbox.use is not MailboxUse.COPY for mailbox in unit.mailboxes)
