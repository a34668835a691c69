"""Makes, changes and shows groups."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session, aliased

from recipients.group_values import DirectoryGroup
from recipients.groups import Group, GroupName, GroupRule, GroupUnit, Membership
from recipients.membership import members_of
from recipients.names import key, shown, tidy_name
from recipients.sorting import sort_keys
from recipients.unit_loading import NoSuchUnitError, SeveralUnitsError
from recipients.units import Unit, UnitName
from runtime.refusal import Refusal


class NoSuchGroupError(Refusal):
    """There is no group called {name}. Look the groups up with `mailer groups list`."""


class GroupExistsError(Refusal):
    """There is a group called {name} already. Change it with `mailer groups set`."""


class RuleValueError(Refusal):
    """The group {name} needs exactly one rule: a superior unit, a tag, or listed members."""


class MemberAndExceptionError(Refusal):
    """The group {name} names {unit} both as a member and as an exception. Leave out one of them."""


def load_groups(session: Session) -> list[DirectoryGroup]:
    """Return every group, by pinyin."""
    aliases: dict[int, list[str]] = defaultdict(list)
    for group_id, name in session.execute(select(GroupName.group_id, GroupName.name)):
        aliases[group_id].append(name)
    named: dict[tuple[int, Membership], list[str]] = defaultdict(list)
    units = select(GroupUnit.group_id, GroupUnit.membership, Unit.name).join(
        Unit, Unit.id == GroupUnit.unit_id
    )
    for group_id, membership, name in session.execute(units):
        named[group_id, membership].append(name)
    parent = aliased(Unit)
    rows = (
        select(Group.id, Group.name, Group.rule, Group.tag, parent.name, Group.note)
        .outerjoin(parent, parent.id == Group.parent_id)
        .order_by(Group.pinyin, Group.name)
    )
    return [
        DirectoryGroup(
            id=group_id,
            name=name,
            rule=rule,
            aliases=tuple(sorted(aliases[group_id], key=key)),
            value=parent_name if rule is GroupRule.PARENT else tag,
            members=tuple(sorted(named[group_id, Membership.MEMBER], key=key)),
            exceptions=tuple(sorted(named[group_id, Membership.EXCEPTION], key=key)),
            note=note,
        )
        for group_id, name, rule, tag, parent_name, note in session.execute(rows)
    ]


def find_group(session: Session, name: str) -> DirectoryGroup:
    """Return the group with this name or alias.

    Raises:
        NoSuchGroupError: there is none, or several share the alias.

    """
    groups = load_groups(session)
    found = [group for group in groups if key(group.name) == key(name)]
    if not found:
        found = [group for group in groups if key(name) in map(key, group.aliases)]
    if len(found) != 1:
        raise NoSuchGroupError(name=name)
    return found[0]


def units_of(session: Session, groups: Sequence[DirectoryGroup]) -> Mapping[str, Sequence[str]]:
    """Return the names of the active units that each stored group stands for, by its name."""
    members = members_of(session, [group.id for group in groups if group.id is not None])
    ids = {unit_id for found in members.values() for unit_id in found}
    names = dict(session.execute(select(Unit.id, Unit.name).where(Unit.id.in_(ids))).all())
    return {
        group.name: [names[unit_id] for unit_id in members.get(group.id or 0, ())]
        for group in groups
    }


def add_group(session: Session, group: DirectoryGroup) -> int:
    """Store a new group and return its number. Names of units may be aliases.

    Raises:
        GroupExistsError: there is one of this name.
        Refusal: as :func:`official_names` does.

    """
    if session.scalar(select(Group.id).where(Group.key == key(group.name))):
        raise GroupExistsError(name=group.name)
    named, ids = official_names(session, group)
    new = insert(Group).values(_columns(named, ids)).returning(Group.id)
    group_id = session.execute(new).scalar_one()
    _write_names(session, group_id, named, ids)
    return group_id


def change_group(session: Session, group: DirectoryGroup) -> None:
    """Make the stored group with the number ``group.id`` what ``group`` says.

    Raises:
        Refusal: as :func:`official_names` does.

    """
    group_id = group.id
    if group_id is None:
        raise NoSuchGroupError(name=group.name)
    named, ids = official_names(session, group)
    session.execute(update(Group).where(Group.id == group_id).values(_columns(named, ids)))
    session.execute(delete(GroupName).where(GroupName.group_id == group_id))
    session.execute(delete(GroupUnit).where(GroupUnit.group_id == group_id))
    _write_names(session, group_id, named, ids)


def official_names(
    session: Session, group: DirectoryGroup
) -> tuple[DirectoryGroup, Mapping[str, int]]:
    """Return the group with its units under their own names, and the numbers of those.

    Raises:
        RuleValueError: the rule lacks what it needs, or has more.
        NoSuchUnitError: a unit is not known.
        SeveralUnitsError: an alias is of several units.
        MemberAndExceptionError: a unit is named as both.

    """
    listed = group.rule is GroupRule.LISTED
    if listed == bool(group.value) or listed != bool(group.members):
        raise RuleValueError(name=group.name)
    parents = (group.value,) if group.rule is GroupRule.PARENT and group.value else ()
    known = _find_units(session, [*group.members, *group.exceptions, *parents])

    def own(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(sorted({known[key(name)][1] for name in names}, key=key))

    named = replace(
        group,
        value=own(parents)[0] if parents else tidy_name(group.value) if group.value else None,
        members=own(group.members),
        exceptions=own(group.exceptions),
    )
    both = set(named.members) & set(named.exceptions)
    if both:
        raise MemberAndExceptionError(name=group.name, unit=min(both))
    return named, {name: number for number, name in known.values()}


def _find_units(session: Session, names: Collection[str]) -> dict[str, tuple[int, str]]:
    """Return number and own name of each unit, by the key that it was named with."""
    wanted = {key(name): name for name in names}
    found: dict[str, set[tuple[int, str]]] = defaultdict(set)
    by_name = select(Unit.key, Unit.id, Unit.name).where(Unit.key.in_(wanted))
    for name_key, number, name in session.execute(by_name):
        found[name_key].add((number, name))
    by_alias = (
        select(UnitName.key, Unit.id, Unit.name)
        .join(Unit, Unit.id == UnitName.unit_id)
        .where(UnitName.key.in_(wanted.keys() - found.keys()))
    )
    for name_key, number, name in session.execute(by_alias):
        found[name_key].add((number, name))
    for name_key, name in wanted.items():
        if not found[name_key]:
            raise NoSuchUnitError(name=shown(name))
        if len(found[name_key]) > 1:
            several = ", ".join(sorted(own for _number, own in found[name_key]))
            raise SeveralUnitsError(name=shown(name), names=several)
    return {name_key: units.pop() for name_key, units in found.items()}


def _columns(group: DirectoryGroup, ids: Mapping[str, int]) -> dict[str, object]:
    keys = sort_keys(group.name)
    by_parent = group.rule is GroupRule.PARENT
    return {
        "name": group.name,
        "key": key(group.name),
        "pinyin": keys.pinyin,
        "initials": keys.initials,
        "rule": group.rule,
        "parent_id": ids[group.value] if by_parent and group.value else None,
        "tag": group.value if group.rule is GroupRule.TAG else None,
        "note": group.note,
    }


def _write_names(
    session: Session, group_id: int, group: DirectoryGroup, ids: Mapping[str, int]
) -> None:
    aliases = [
        {"group_id": group_id, "name": name, "key": key(name)}
        for name in group.aliases
        if key(name) != key(group.name)
    ]
    if aliases:
        session.execute(insert(GroupName), aliases)
    units = [
        {"group_id": group_id, "unit_id": ids[name], "membership": membership}
        for names, membership in (
            (group.members, Membership.MEMBER),
            (group.exceptions, Membership.EXCEPTION),
        )
        for name in names
    ]
    if units:
        session.execute(insert(GroupUnit), units)
