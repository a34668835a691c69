"""What the database itself refuses, whoever writes to it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from recipients.groups import Group, GroupRule, GroupUnit, Membership
from recipients.list_tables import (
    BlockRole,
    DistributionList,
    EntryTarget,
    ListBlock,
    ListEntry,
    Matched,
)
from recipients.suppression import Suppression, SuppressionReason
from recipients.units import Mailbox, Unit, UnitName
from runtime.database import Base

NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def unit(name: str, **other: object) -> Unit:
    """Return a unit with the columns that must be filled."""
    return Unit(**({"name": name, "key": name, "pinyin": "", "initials": ""} | other))


def refused(session: Session, rows: Iterable[Base], constraint: str) -> None:
    """Check that the database refuses ``rows`` by ``constraint``."""
    with pytest.raises(IntegrityError, match=constraint):
        store(session, rows)


def store(session: Session, rows: Iterable[Base] = ()) -> None:
    """Write ``rows`` and every change, and check every constraint, or undo it all."""
    with session.begin_nested():
        session.add_all(rows)
        session.flush()
        session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_unit_names_are_unique_by_text_and_by_key(session: Session) -> None:
    """Neither the same name nor one that differs by blanks only can be stored twice."""
    session.add(unit("甲局"))
    session.flush()
    refused(session, [unit("甲局", key="其他")], "uq_units_name")
    refused(session, [unit("甲 局", key="甲局")], "uq_units_key")


@pytest.mark.parametrize("name", ["甲\r\nBcc: x@evil.example", "甲\x85局", "甲\x7f", ""])
def test_no_name_with_a_control_character(session: Session, name: str) -> None:
    """A name that could end a header line is refused even by the database."""
    refused(session, [unit(name, key="k")], "ck_units_named")


def test_a_unit_is_not_its_own_parent(session: Session) -> None:
    """A parent is another unit, and exists."""
    one = unit("甲局")
    session.add(one)
    session.flush()
    refused(session, [unit("乙局", parent_id=one.id + 10_000)], "fk_units_parent_id")
    itself = update(Unit).where(Unit.id == one.id).values(parent_id=one.id)
    with pytest.raises(IntegrityError, match="not_its_own_parent"), session.begin_nested():
        session.execute(itself)


def test_an_alias_may_be_shared_but_not_repeated(session: Session) -> None:
    """Two units may share an alias; one unit has it once."""
    one, two = unit("甲市文明办"), unit("乙市文明办")
    session.add_all([one, two])
    session.flush()
    session.add_all(
        UnitName(unit_id=each.id, kind="alias", name="文明办", key="文明办") for each in (one, two)
    )
    session.flush()
    again = UnitName(unit_id=one.id, kind="former", name="文明办", key="文明办")
    refused(session, [again], "uq_unit_names_unit_id_key")


def test_a_mailbox_has_a_domain_and_is_one_word(session: Session) -> None:
    """What is stored as an address could at least be one."""
    one = unit("甲局")
    session.add(one)
    session.flush()
    for address in ("bangongshi", "@a.example"):
        box = Mailbox(unit_id=one.id, address=address, normalised=address)
        refused(session, [box], "ck_mailboxes_has_domain")
    for address in ("a@b.example\r\nRCPT", "a b@b.example"):
        box = Mailbox(unit_id=one.id, address=address, normalised=address)
        refused(session, [box], "ck_mailboxes_one_word")
    first = Mailbox(unit_id=one.id, address="A@b.example", normalised="a@b.example")
    second = Mailbox(unit_id=one.id, address="a@B.example", normalised="a@b.example")
    refused(session, [first, second], "uq_mailboxes_unit_id_normalised")


def test_a_group_has_what_its_rule_needs_and_nothing_else(session: Session) -> None:
    """A rule by tag has a tag, a rule by parent a parent, a list neither."""
    common = {"name": "各局", "key": "各局", "pinyin": "", "initials": ""}
    refused(session, [Group(rule=GroupRule.TAG, **common)], "tag_by_rule")
    refused(session, [Group(rule=GroupRule.PARENT, **common)], "parent_by_rule")
    refused(session, [Group(rule=GroupRule.LISTED, tag="局", **common)], "tag_by_rule")


def test_a_unit_is_no_member_and_exception_at_once(session: Session) -> None:
    """A group names a unit once."""
    one = unit("甲局")
    group = Group(name="各局", key="各局", pinyin="", initials="", rule=GroupRule.LISTED)
    session.add_all([one, group])
    session.flush()
    session.add(GroupUnit(group_id=group.id, unit_id=one.id, membership=Membership.MEMBER))
    session.flush()
    session.expunge_all()
    again = GroupUnit(group_id=group.id, unit_id=one.id, membership=Membership.EXCEPTION)
    refused(session, [again], "pk_group_units")


def test_a_target_is_one_unit_or_one_group(session: Session) -> None:
    """An entry's target names exactly one of both, and a unit in use cannot be deleted."""
    one = unit("甲局")
    group = Group(name="各局", key="各局", pinyin="", initials="", rule=GroupRule.LISTED)
    listing = DistributionList(name="简报")
    session.add_all([one, group, listing])
    session.flush()
    block = ListBlock(list_id=listing.id, position=0, kind="报", role=BlockRole.REPORT)
    session.add(block)
    session.flush()
    entry = ListEntry(block_id=block.id, position=0, printed="甲局")
    session.add(entry)
    session.flush()
    common = {"entry_id": entry.id, "matched": Matched.EXACT, "matched_at": NOW, "matched_by": "x"}
    refused(session, [EntryTarget(position=0, **common)], "one_target")
    both = EntryTarget(position=0, unit_id=one.id, group_id=group.id, **common)
    refused(session, [both], "one_target")
    session.add(EntryTarget(position=0, unit_id=one.id, **common))
    session.flush()
    refused(
        session, [EntryTarget(position=1, unit_id=one.id, **common)], "entry_targets_entry_unit"
    )
    with pytest.raises(IntegrityError, match="fk_entry_targets_unit_id"), session.begin_nested():
        session.execute(delete(Unit).where(Unit.id == one.id))


def test_positions_of_a_block_are_checked_at_the_end_only(session: Session) -> None:
    """Blocks can change places in one transaction, but two never end on one place."""
    listing = DistributionList(name="简报")
    session.add(listing)
    session.flush()
    common = {"list_id": listing.id, "role": BlockRole.REPORT}
    one, two = (ListBlock(position=n, kind=k, **common) for n, k in enumerate("报送"))
    session.add_all([one, two])
    session.flush()
    one.position, two.position = 1, 0
    session.flush()
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    refused(
        session, [ListBlock(position=0, kind="发", **common)], "uq_list_blocks_list_id_position"
    )


def test_an_address_has_one_open_suppression(session: Session) -> None:
    """A lifted one does not count; one that ends before it begins is none."""

    def suppression(**other: object) -> Suppression:
        common = {"address": "a@b.example", "actor": "x", "since": NOW}
        return Suppression(**(common | {"reason": SuppressionReason.MANUAL} | other))

    session.add_all([suppression(lifted_at=NOW), suppression()])
    session.flush()
    refused(session, [suppression()], "uq_suppressions_open")
    ends_early = suppression(address="c@b.example", until=NOW - timedelta(days=1))
    refused(session, [ends_early], "ends_after_it_begins")
