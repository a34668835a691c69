"""Which units a group stands for, at this moment."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import and_, exists, select, union_all
from sqlalchemy.orm import Session, aliased

from recipients.groups import Group, GroupUnit, Membership
from recipients.units import Unit, UnitTag


def members_of(session: Session, group_ids: Collection[int]) -> Mapping[int, Sequence[int]]:
    """Return the ids of the active units of each group, by pinyin, in one query.

    A group by parent has the units directly under that unit, a group by tag those with the tag,
    a listed one those listed; exceptions are left out. A group without units has no key.
    """
    if not group_ids:
        return {}
    members: dict[int, list[int]] = defaultdict(list)
    exception = aliased(GroupUnit)  # the listed rule joins the table itself
    excepted = exists().where(
        exception.group_id == Group.id,
        exception.unit_id == Unit.id,
        exception.membership == Membership.EXCEPTION,
    )
    wanted = and_(Unit.active, Group.id.in_(group_ids), ~excepted)
    columns = select(Group.id.label("group_id"), Unit.id, Unit.pinyin, Unit.name)
    found = union_all(
        columns.join(GroupUnit, GroupUnit.group_id == Group.id)
        .join(Unit, Unit.id == GroupUnit.unit_id)
        .where(wanted, GroupUnit.membership == Membership.MEMBER),
        columns.join(Unit, Unit.parent_id == Group.parent_id).where(wanted),
        columns.join(UnitTag, UnitTag.tag == Group.tag)
        .join(Unit, Unit.id == UnitTag.unit_id)
        .where(wanted),
    ).subquery()
    ordered = select(found.c.group_id, found.c.id).order_by(
        found.c.group_id, found.c.pinyin, found.c.name
    )
    for group_id, unit_id in session.execute(ordered):
        members[group_id].append(unit_id)
    return members
