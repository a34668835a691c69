"""Names that a person taught the directory while resolving an entry."""

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from recipients.directory import Subject
from recipients.groups import Group, GroupName
from recipients.names import key, tidy_name
from recipients.units import NameKind, Unit, UnitName


def remember_name(session: Session, subject: Subject, text: str) -> None:
    """Make ``text`` an alias of the unit or group, unless it goes by that name already.

    Raises:
        recipients.names.UnusableNameError: ``text`` cannot be a name.

    """
    name = tidy_name(text)
    name_key = key(name)
    if subject.is_group:
        own = select(Group.key).where(Group.id == subject.id)
        others = select(GroupName.key).where(GroupName.group_id == subject.id)
        new = insert(GroupName).values(group_id=subject.id, name=name, key=name_key)
    else:
        own = select(Unit.key).where(Unit.id == subject.id)
        others = select(UnitName.key).where(UnitName.unit_id == subject.id)
        new = insert(UnitName).values(
            unit_id=subject.id, kind=NameKind.ALIAS, name=name, key=name_key
        )
    if name_key not in {*session.scalars(own), *session.scalars(others)}:
        session.execute(new)
