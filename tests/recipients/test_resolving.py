"""A list resolved to units and addresses."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from recipients.groups import Group, GroupRule, GroupUnit, Membership
from recipients.import_planning import ImportPlan
from recipients.list_tables import BlockRole
from recipients.lists import create_list, mirror
from recipients.mirroring import PrintedBlock
from recipients.resolved import ProblemKind, ResolvedList
from recipients.resolving import resolve
from recipients.units import Channel, Mailbox, Unit, UnitTag

ImportText = Callable[[str], ImportPlan]

FILE = """
name,parent,tags,channel,email,use,mailbox_active,active
云湾市邮政局,,,,yz@yunwan.example,,,
云湾市邮政局甲处,云湾市邮政局,处室,,a@yunwan.example,,,
云湾市邮政局乙处,云湾市邮政局,处室,,b@yunwan.example,,,
云湾市邮政局丙处,云湾市邮政局,处室,纸质,,,,
云湾市邮政局旧处,云湾市邮政局,处室,,old@yunwan.example,,,停用
丁公司,,企业,,Ding@Ding.example,,,
丁公司,,,,copy@ding.example,抄收,,
丁公司,,,,backup@ding.example,备份,,
丁公司,,,,gone@ding.example,,停用,
戊公司,,企业,,backup@wu.example,备份,,
戊公司,,,,gone@wu.example,收文,停用,
己公司,,企业,,copy@ji.example,抄收,,
"""


@pytest.fixture
def office(session: Session, import_text: ImportText) -> Session:
    """Return a session on an office with units of every sort."""
    import_text(FILE)
    return session


def listed(session: Session, *entries: str) -> ResolvedList:
    """Mirror one block of ``entries`` into a new list, and resolve it."""
    list_id = create_list(session, "简报")
    block = PrintedBlock(kind="送", role=BlockRole.SEND, entries=entries)
    mirror(session, list_id, [block], "测试")
    return resolve(session, list_id)


def group(session: Session, name: str, rule: GroupRule, **other: object) -> int:
    """Make a group and return its number."""
    made = Group(name=name, key=name, pinyin="", initials="", rule=rule, **other)
    session.add(made)
    session.flush()
    return made.id


def unit_id(session: Session, name: str) -> int:
    """Return a unit's number."""
    return session.execute(select(Unit.id).where(Unit.name == name)).scalar_one()


def reached(resolved: ResolvedList) -> list[list[str]]:
    """Return the names of the units of each entry."""
    return [
        [unit.name for target in entry.targets for unit in target.units]
        for block in resolved.blocks
        for entry in block.entries
    ]


def test_groups_are_units_by_rule(office: Session) -> None:
    """By parent, by tag, or listed; without exceptions and units that are no longer in use."""
    post = unit_id(office, "云湾市邮政局")
    by_parent = group(office, "各处室", GroupRule.PARENT, parent_id=post)
    group(office, "各企业", GroupRule.TAG, tag="企业")
    some = group(office, "有关单位", GroupRule.LISTED)
    named = [
        (by_parent, "云湾市邮政局乙处", Membership.EXCEPTION),
        (some, "丁公司", Membership.MEMBER),
        (some, "云湾市邮政局旧处", Membership.MEMBER),
    ]
    office.add_all(
        GroupUnit(group_id=number, unit_id=unit_id(office, name), membership=membership)
        for number, name, membership in named
    )
    office.flush()
    resolved = listed(office, "各处室", "各企业", "有关单位")
    assert reached(resolved) == [
        ["云湾市邮政局丙处", "云湾市邮政局甲处"],
        ["丁公司", "己公司", "戊公司"],
        ["丁公司"],
    ]
    assert [entry.targets[0].group for entry in resolved.blocks[0].entries] == [
        "各处室",
        "各企业",
        "有关单位",
    ]


def test_mailboxes_by_use(office: Session) -> None:
    """收文 and 抄收 get it; 备份 only where there is none in use for 收文; paper has none."""
    resolved = listed(office, "丁公司", "戊公司", "己公司", "云湾市邮政局丙处")
    addresses = [
        [mailbox.address for mailbox in entry.targets[0].units[0].mailboxes]
        for entry in resolved.blocks[0].entries
    ]
    assert addresses == [
        ["Ding@ding.example", "copy@ding.example"],
        ["backup@wu.example"],
        ["copy@ji.example"],
        [],
    ]
    assert resolved.blocks[0].entries[3].targets[0].units[0].channel is Channel.PAPER


def test_every_problem_is_named(office: Session, import_text: ImportText) -> None:
    """An unresolved entry, an empty group, a unit out of use, a unit without a mailbox."""
    group(office, "各无", GroupRule.TAG, tag="无")
    list_id = create_list(office, "简报")
    entries = ("某会", "各无", "己公司", "丁公司", "云湾市邮政局丙处")
    block = PrintedBlock(kind="送", role=BlockRole.SEND, entries=entries)
    mirror(office, list_id, [block], "测试")
    import_text("name,active\n丁公司,停用\n")
    resolved = resolve(office, list_id)
    assert [(problem.kind, problem.printed) for problem in resolved.problems] == [
        (ProblemKind.UNRESOLVED_ENTRY, "某会"),
        (ProblemKind.EMPTY_GROUP, "各无"),
        (ProblemKind.NO_MAILBOX, "己公司"),
        (ProblemKind.INACTIVE_UNIT, "丁公司"),
    ]
    for problem in resolved.problems:
        assert problem.printed in problem.explain()
    assert reached(resolved)[3] == []


def test_a_unit_counts_once_in_an_entry_and_again_in_the_next(office: Session) -> None:
    """An entry that names it twice credits it once; each entry has its own credit."""
    post = unit_id(office, "云湾市邮政局")
    group(office, "云湾市邮政局各处", GroupRule.PARENT, parent_id=post)
    resolved = listed(office, "云湾市邮政局各处、甲处", "云湾市邮政局甲处")
    assert reached(resolved) == [
        ["云湾市邮政局丙处", "云湾市邮政局甲处", "云湾市邮政局乙处"],
        ["云湾市邮政局甲处"],
    ]


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        ("name,email\n丁公司,new@ding.example\n", True),
        ("name,email\n丁公司,DING@ding.example\n", True),
        ("name,channel\n丁公司,纸质\n", True),
        ("name,email,use\n丁公司,copy@ding.example,备份\n", True),
        ("name,active\n丁公司,停用\n", True),
        ("name,former_names\n丁集团,丁公司\n", True),
        ("name,aliases\n丁公司,丁\n", False),
        ("name,email,person\n丁公司,ding@ding.example,李敏\n", False),
        ("name,email\n云湾市邮政局,other@yunwan.example\n", False),
    ],
)
def test_the_digest_says_whether_anybody_gets_it_otherwise(
    office: Session, import_text: ImportText, change: str, *, counts: bool
) -> None:
    """It changes with who gets the bulletin and where, and with nothing else."""
    before = listed(office, "丁公司", "戊公司")
    if "ding@ding" in change and not counts:
        change = change.replace("ding@ding", "Ding@Ding")
    import_text(change)
    after = resolve(office, before.id)
    assert (before.digest != after.digest) == counts


def test_the_digest_is_of_the_content_alone(office: Session) -> None:
    """Mirroring the same blocks into another list gives the same digest, another order not."""
    first = listed(office, "丁公司", "戊公司")
    again = replace(first, id=0, name="另一简报")
    assert (first.digest, len(first.digest)) == (again.digest, 64)
    block = first.blocks[0]
    turned = replace(block, entries=tuple(reversed(block.entries)))
    assert replace(first, blocks=(turned,)).digest != first.digest


@contextmanager
def counted(session: Session) -> Iterator[list[str]]:
    """Collect the statements that are run inside."""
    statements: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(connection, "before_cursor_execute", note)


def test_a_long_list_takes_no_more_queries_than_a_short_one(session: Session) -> None:
    """3,000 units in one block: a fixed, small number of statements."""
    total = 3000
    names = [f"第{n:05}号公司" for n in range(total)]
    session.execute(
        insert(Unit),
        [{"name": name, "key": name, "pinyin": name, "initials": ""} for name in names],
    )
    ids = session.scalars(select(Unit.id).order_by(Unit.pinyin)).all()
    session.execute(insert(UnitTag), [{"unit_id": unit, "tag": "企业"} for unit in ids])
    session.execute(
        insert(Mailbox),
        [
            {"unit_id": unit, "address": f"u{unit}@b.example", "normalised": f"u{unit}@b.example"}
            for unit in ids
        ],
    )
    group(session, "各企业", GroupRule.TAG, tag="企业")
    list_id = create_list(session, "简报")
    block = PrintedBlock(kind="发", role=BlockRole.ISSUE_TO, entries=(*names, "各企业"))
    with counted(session) as mirroring:
        report = mirror(session, list_id, [block], "测试")
    assert (report.resolved, report.unresolved) == (total + 1, ())
    with counted(session) as resolving:
        resolved = resolve(session, list_id)
    assert [entry.printed for entry in resolved.blocks[0].entries] == [*names, "各企业"]
    assert len(resolved.blocks[0].entries[-1].targets[0].units) == total
    assert resolved.problems == ()
    assert len(mirroring) < 40
    assert len(resolving) < 12
