"""Reads units with their names, tags and mailboxes, in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Select, or_, select, true
from sqlalchemy.orm import Session, aliased

from recipients.names import key
from recipients.unit_values import DirectoryMailbox, DirectoryUnit
from recipients.units import Mailbox, NameKind, Unit, UnitName, UnitTag
from runtime.refusal import Refusal


class NoSuchUnitError(Refusal):
    """There is no unit called {name}. Look it up with `mailer units list --search`."""


class SeveralUnitsError(Refusal):
    """Several units answer to {name}: {names}. Use the full name of one of them."""


def load_units(session: Session) -> list[DirectoryUnit]:
    """Return every unit, by pinyin."""
    return _load(session, true())


def search_units(session: Session, text: str) -> list[DirectoryUnit]:
    """Return the units whose name, other name, pinyin, initials, tag or address holds ``text``."""
    wanted = key(text)
    names = select(UnitName.unit_id).where(UnitName.key.contains(wanted, autoescape=True))
    boxes = select(Mailbox.unit_id).where(Mailbox.normalised.contains(wanted, autoescape=True))
    tags = select(UnitTag.unit_id).where(UnitTag.tag.contains(text.strip(), autoescape=True))
    return _load(
        session,
        or_(
            Unit.key.contains(wanted, autoescape=True),
            Unit.pinyin.contains(" ".join(text.lower().split()), autoescape=True),
            Unit.initials.startswith(wanted, autoescape=True),
            Unit.id.in_(names.union(boxes, tags)),
        ),
    )


def find_unit(session: Session, name_or_id: str) -> DirectoryUnit:
    """Return the unit with this number, name, alias or former name.

    Raises:
        NoSuchUnitError: there is none.
        SeveralUnitsError: no unit has the name, and several have it beside their own.

    """
    by_name = _load(session, Unit.key == key(name_or_id))
    if not by_name and name_or_id.strip().isdecimal() and name_or_id.isascii():
        by_name = _load(session, Unit.id == int(name_or_id[:18]))
    if not by_name:
        others = select(UnitName.unit_id).where(UnitName.key == key(name_or_id))
        by_name = _load(session, Unit.id.in_(others))
    if not by_name:
        raise NoSuchUnitError(name=name_or_id)
    if len(by_name) > 1:
        raise SeveralUnitsError(name=name_or_id, names=", ".join(unit.name for unit in by_name))
    return by_name[0]


def _load(session: Session, condition: ColumnElement[bool]) -> list[DirectoryUnit]:
    ids = select(Unit.id).where(condition)
    names = _names(session, ids)
    tags: dict[int, list[str]] = defaultdict(list)
    tag_rows = select(UnitTag.unit_id, UnitTag.tag).where(UnitTag.unit_id.in_(ids))
    for unit_id, tag in session.execute(tag_rows):
        tags[unit_id].append(tag)
    mailboxes = _mailboxes(session, ids)
    parent = aliased(Unit)
    rows = (
        select(Unit.id, Unit.name, parent.name, Unit.level, Unit.channel, Unit.note, Unit.active)
        .outerjoin(parent, parent.id == Unit.parent_id)
        .where(condition)
        .order_by(Unit.pinyin, Unit.name)
    )
    return [
        DirectoryUnit(
            id=unit_id,
            name=name,
            aliases=tuple(sorted(names[unit_id, NameKind.ALIAS], key=key)),
            former_names=tuple(sorted(names[unit_id, NameKind.FORMER], key=key)),
            parent=parent_name,
            level=level,
            tags=tuple(sorted(tags[unit_id], key=key)),
            channel=channel,
            note=note,
            active=active,
            mailboxes=tuple(mailboxes.get(unit_id, ())),
        )
        for unit_id, name, parent_name, level, channel, note, active in session.execute(rows)
    ]


def _names(session: Session, ids: Select[int]) -> defaultdict[tuple[int, NameKind], list[str]]:
    names: defaultdict[tuple[int, NameKind], list[str]] = defaultdict(list)
    rows = select(UnitName.unit_id, UnitName.kind, UnitName.name).where(UnitName.unit_id.in_(ids))
    for unit_id, kind, name in session.execute(rows):
        names[unit_id, kind].append(name)
    return names


def _mailboxes(session: Session, ids: Select[int]) -> Mapping[int, Sequence[DirectoryMailbox]]:
    mailboxes: dict[int, list[DirectoryMailbox]] = defaultdict(list)
    columns = (
        *(Mailbox.unit_id, Mailbox.id, Mailbox.address, Mailbox.normalised),
        *(Mailbox.person, Mailbox.post, Mailbox.use, Mailbox.active),
    )
    rows = select(*columns).where(Mailbox.unit_id.in_(ids)).order_by(Mailbox.id)
    for unit_id, mailbox_id, address, normalised, person, post, use, active in session.execute(
        rows
    ):
        mailboxes[unit_id].append(
            DirectoryMailbox(
                id=mailbox_id,
                address=address,
                normalised=normalised,
                person=person,
                post=post,
                use=use,
                active=active,
            )
        )
    return mailboxes
