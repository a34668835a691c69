"""Reads the directory that entries are matched with."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from recipients.directory import Directory, KnownName, NameUse, Subject
from recipients.groups import Group, GroupName
from recipients.units import Unit, UnitName


def load_directory(session: Session) -> Directory:
    """Return every name of the active units and of the groups, in four queries."""
    units = select(Unit.id, Unit.name).where(Unit.active).order_by(Unit.id)
    groups = select(Group.id, Group.name).order_by(Group.id)
    official = {
        Subject(is_group=is_group, id=row.id): row.name
        for is_group, query in ((False, units), (True, groups))
        for row in session.execute(query)
    }
    names = [
        KnownName(subject=subject, text=name, use=NameUse.NAME, official=name)
        for subject, name in official.items()
    ]
    unit_names = select(UnitName.unit_id, UnitName.name, UnitName.kind).order_by(UnitName.id)
    for unit_id, text, kind in session.execute(unit_names):
        subject = Subject(is_group=False, id=unit_id)
        if subject in official:
            use = NameUse(kind.value)
            names.append(KnownName(subject=subject, text=text, use=use, official=official[subject]))
    group_names = select(GroupName.group_id, GroupName.name).order_by(GroupName.id)
    for group_id, text in session.execute(group_names):
        subject = Subject(is_group=True, id=group_id)
        names.append(
            KnownName(subject=subject, text=text, use=NameUse.ALIAS, official=official[subject])
        )
    return Directory.of(names)
