"""Distribution lists kept in step with what is printed, and with what a person said of it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from recipients.directory import Subject
from recipients.directory_loading import load_directory
from recipients.groups import Group
from recipients.list_storage import (
    Targets,
    read_blocks,
    read_entries,
    write_plan,
    write_targets,
)
from recipients.list_tables import DistributionList, ListEntry, Matched
from recipients.matching import Match, match
from recipients.mirroring import PrintedBlock, plan_mirror, tidy_blocks
from recipients.names import tidy_name
from recipients.remembering import remember_name
from recipients.resolving import NoSuchListError
from recipients.suggestions import NearNames, Suggestion
from recipients.units import Unit
from runtime import clock
from runtime.refusal import Refusal

_SUGGESTED = 200
"""For how many unresolved entries near names are looked up: more than a person will read."""


class ListExistsError(Refusal):
    """There is a distribution list called {name} already. Choose another name."""


class NoSuchEntryError(Refusal):
    """There is no entry with the number {entry_id}: the list may have been synced since. Look at
    the list again.
    """


class NothingToBindError(Refusal):
    """The entry {printed} was to be bound to nothing. Name at least one unit or group."""


class NoSuchTargetError(Refusal):
    """The unit or group with the number {id} does not exist or is no longer in use. Choose
    another.
    """


class CannotRememberError(Refusal):
    """The entry {printed} stands for several, so it cannot be remembered as the name of one. Make
    a group of them, or bind the entry without remembering it.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedEntry:
    """An entry and the kind of its block."""

    block: str
    printed: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnresolvedEntry:
    """An entry that is bound to nothing: why (``match.explain()``), and near names to choose."""

    entry_id: int
    block: str
    printed: str
    match: Match
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorReport:
    """What mirroring changed, and what a person has to resolve; all in print order."""

    list_id: int
    kept: tuple[ListedEntry, ...]
    added: tuple[ListedEntry, ...]
    dropped: tuple[ListedEntry, ...]
    rebound: tuple[ListedEntry, ...]
    """Kept entries that the directory now answers differently: bound anew, or no longer."""
    resolved: int
    unresolved: tuple[UnresolvedEntry, ...]


def create_list(session: Session, name: str) -> int:
    """Make an empty list and return its number.

    Raises:
        ListExistsError: the name is taken.
        recipients.names.UnusableNameError: the name cannot be used.

    """
    tidied = tidy_name(name)
    if session.scalar(select(DistributionList.id).where(DistributionList.name == tidied)):
        raise ListExistsError(name=tidied)
    new = insert(DistributionList).values(name=tidied).returning(DistributionList.id)
    return session.execute(new).scalar_one()


def mirror(
    session: Session, list_id: int, blocks: Sequence[PrintedBlock], actor: str
) -> MirrorReport:
    """Make the list print what ``blocks`` print, and bind what the directory knows.

    An entry that is printed again is kept, with what a person bound it to. Every other binding is
    found anew, so that a unit which is gone is bound no longer. Two at once wait for each other.

    Raises:
        NoSuchListError: there is no such list.
        recipients.names.UnusableNameError: an entry cannot be stored.

    """
    _lock(session, list_id)
    before = read_entries(session, list_id)
    plan = plan_mirror(read_blocks(session, list_id), before, tidy_blocks(blocks))
    write_plan(session, list_id, plan)
    rebound, resolved, unresolved = _bind_by_directory(session, list_id, actor)
    old = {entry.id for block in plan.blocks for entry in block.kept if entry is not None}
    printed = [
        (ListedEntry(block=block.printed.kind, printed=text), kept)
        for block in plan.blocks
        for text, kept in zip(block.printed.entries, block.kept, strict=True)
    ]
    return MirrorReport(
        list_id=list_id,
        kept=tuple(entry for entry, kept in printed if kept is not None),
        added=tuple(entry for entry, kept in printed if kept is None),
        dropped=tuple(
            ListedEntry(block=entry.kind, printed=entry.printed) for entry in plan.dropped_entries
        ),
        rebound=tuple(entry for entry_id, entry in rebound if entry_id in old),
        resolved=resolved,
        unresolved=unresolved,
    )


def printed_blocks(session: Session, list_id: int) -> list[PrintedBlock]:
    """Return the list as blocks; mirroring them binds what the directory has learnt since."""
    entries = read_entries(session, list_id)
    return [
        PrintedBlock(
            kind=block.kind,
            role=block.role,
            entries=tuple(entry.printed for entry in entries if entry.block_id == block.id),
        )
        for block in read_blocks(session, list_id)
    ]


def unresolved_entries(session: Session, list_id: int) -> tuple[UnresolvedEntry, ...]:
    """Return what a person has to resolve, in print order, and change nothing."""
    directory = load_directory(session)
    near = NearNames.of(directory)
    waiting = [entry for entry in read_entries(session, list_id) if not entry.targets]
    return tuple(
        UnresolvedEntry(
            entry_id=entry.id,
            block=entry.kind,
            printed=entry.printed,
            match=match(directory, entry.printed),
            suggestions=tuple(near.near(entry.printed)) if number < _SUGGESTED else (),
        )
        for number, entry in enumerate(waiting)
    )


def bind(
    session: Session,
    entry_id: int,
    unit_ids: Sequence[int],
    group_ids: Sequence[int],
    actor: str,
    *,
    remember: bool = False,
) -> None:
    """Bind an entry to what a person says it means, units first; nothing else overrules it.

    With ``remember`` the printed text becomes an alias of the one unit or group, so that it is
    matched wherever it is printed next.

    Raises:
        NoSuchEntryError: there is no such entry.
        NothingToBindError: neither a unit nor a group is given.
        NoSuchTargetError: a unit or group does not exist, or the unit is no longer in use.
        CannotRememberError: several are to be remembered under one name.
        recipients.names.UnusableNameError: the text cannot be remembered as a name.

    """
    entry = session.execute(
        select(ListEntry.printed).where(ListEntry.id == entry_id).with_for_update()
    ).one_or_none()
    if entry is None:
        raise NoSuchEntryError(entry_id=entry_id)
    subjects = [Subject(is_group=False, id=unit_id) for unit_id in dict.fromkeys(unit_ids)]
    subjects += [Subject(is_group=True, id=group_id) for group_id in dict.fromkeys(group_ids)]
    if not subjects:
        raise NothingToBindError(printed=entry.printed)
    if remember and len(subjects) > 1:
        raise CannotRememberError(printed=entry.printed)
    _require(session, subjects)
    bound: Targets = [(subject, Matched.PERSON) for subject in subjects]
    write_targets(session, {entry_id: bound}, actor=actor, at=clock.now())
    if remember:
        remember_name(session, subjects[0], entry.printed)


def _bind_by_directory(
    session: Session, list_id: int, actor: str
) -> tuple[list[tuple[int, ListedEntry]], int, tuple[UnresolvedEntry, ...]]:
    """Bind every entry that no person bound; return what changed, how many are bound, the rest."""
    directory = load_directory(session)
    changed: dict[int, Targets] = {}
    listed: list[tuple[int, ListedEntry]] = []
    waiting: list[tuple[int, ListedEntry, Match]] = []
    entries = read_entries(session, list_id)
    for entry in entries:
        if entry.by_person:
            continue
        found = match(directory, entry.printed)
        targets = tuple((target.subject, target.matched) for target in found.targets)
        named = ListedEntry(block=entry.kind, printed=entry.printed)
        if targets != entry.targets:
            changed[entry.id] = targets
            listed.append((entry.id, named))
        if not targets:
            waiting.append((entry.id, named, found))
    write_targets(session, changed, actor=actor, at=clock.now())
    near = NearNames.of(directory) if waiting else None
    unresolved = tuple(
        UnresolvedEntry(
            entry_id=entry_id,
            block=named.block,
            printed=named.printed,
            match=found,
            suggestions=tuple(near.near(named.printed)) if near and number < _SUGGESTED else (),
        )
        for number, (entry_id, named, found) in enumerate(waiting)
    )
    return listed, len(entries) - len(waiting), unresolved


def _lock(session: Session, list_id: int) -> None:
    """Hold the list until the transaction ends."""
    query = select(DistributionList.id).where(DistributionList.id == list_id).with_for_update()
    if session.scalar(query) is None:
        raise NoSuchListError(list_id=list_id)


def _require(session: Session, subjects: Sequence[Subject]) -> None:
    """Refuse subjects that do not exist or are not in use."""
    units = select(Unit.id).where(Unit.id.in_([s.id for s in subjects if not s.is_group]))
    groups = select(Group.id).where(Group.id.in_([s.id for s in subjects if s.is_group]))
    known = {Subject(is_group=False, id=n) for n in session.scalars(units.where(Unit.active))}
    known |= {Subject(is_group=True, id=n) for n in session.scalars(groups)}
    for subject in subjects:
        if subject not in known:
            raise NoSuchTargetError(id=subject.id)
