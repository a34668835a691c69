"""Printed blocks mirrored into a list: what is kept, bound, and left to a person."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from recipients.directory import Subject
from recipients.groups import Group, GroupRule, GroupUnit, Membership
from recipients.import_planning import ImportPlan
from recipients.list_tables import BlockRole, EntryTarget, ListEntry, Matched
from recipients.lists import (
    CannotRememberError,
    ListExistsError,
    MirrorReport,
    NoSuchEntryError,
    NoSuchTargetError,
    NothingToBindError,
    bind,
    create_list,
    mirror,
    printed_blocks,
    unresolved_entries,
)
from recipients.mirroring import PrintedBlock
from recipients.names import TooLongError
from recipients.resolving import NoSuchListError, resolve
from recipients.unit_loading import find_unit

ImportText = Callable[[str], ImportPlan]

FILE = """
name,aliases,email
云湾市政府,市政府,zf@yunwan.example
云湾市财政局,市财政局,cz@yunwan.example
云湾市教育局,市教育局,jy@yunwan.example
"""
ROLES = {"报": BlockRole.REPORT, "送": BlockRole.SEND, "发": BlockRole.ISSUE_TO}


def blocks(**entries: Sequence[str]) -> list[PrintedBlock]:
    """Return printed blocks, by their kinds."""
    return [
        PrintedBlock(kind=kind, role=ROLES[kind], entries=tuple(texts))
        for kind, texts in entries.items()
    ]


@pytest.fixture
def listing(session: Session, import_text: ImportText) -> int:
    """Return an empty list, in an office with three units."""
    import_text(FILE)
    return create_list(session, "云湾工作简报")


def printed(entries: Sequence[object]) -> list[tuple[str, str]]:
    """Return kind and text of reported entries."""
    return [(entry.block, entry.printed) for entry in entries]  # type: ignore[attr-defined]


def in_order(session: Session, list_id: int) -> list[tuple[str, list[str]]]:
    """Return the list's blocks as stored, with constraints checked now."""
    session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
    session.execute(text("SET CONSTRAINTS ALL DEFERRED"))
    return [(block.kind, list(block.entries)) for block in printed_blocks(session, list_id)]


def entry_id(session: Session, text: str) -> int:
    """Return the number of the entry that prints ``text``."""
    return session.execute(select(ListEntry.id).where(ListEntry.printed == text)).scalar_one()


def test_blocks_are_mirrored_in_print_order(session: Session, listing: int) -> None:
    """Known entries are bound, unknown ones are reported with a reason and near names."""
    report = mirror(
        session, listing, blocks(报=["市政府"], 送=["市财政局、教育局", "云湾市财攻局"]), "测试"
    )
    assert in_order(session, listing) == [
        ("报", ["市政府"]),
        ("送", ["市财政局、教育局", "云湾市财攻局"]),
    ]
    assert (report.resolved, len(report.added), report.kept, report.dropped) == (2, 3, (), ())
    (waiting,) = report.unresolved
    assert (waiting.block, waiting.printed) == ("送", "云湾市财攻局")
    assert waiting.match.explain()
    assert waiting.suggestions[0].name == "云湾市财政局"
    assert unresolved_entries(session, listing) == report.unresolved


def test_an_entry_that_is_printed_again_is_kept(session: Session, listing: int) -> None:
    """Whatever its place, its block and its blanks; others are added and dropped."""
    mirror(session, listing, blocks(报=["市政府", "某会"], 送=["市财政局"]), "测试")
    kept = {text: entry_id(session, text) for text in ("市政府", "某会", "市财政局")}
    report = mirror(session, listing, blocks(送=["市教育局", "市 政府", "市财政局"]), "测试")
    assert printed(report.kept) == [("送", "市 政府"), ("送", "市财政局")]
    assert printed(report.added) == [("送", "市教育局")]
    assert printed(report.dropped) == [("报", "某会")]
    assert entry_id(session, "市 政府") == kept["市政府"]
    assert entry_id(session, "市财政局") == kept["市财政局"]
    assert in_order(session, listing) == [("送", ["市教育局", "市 政府", "市财政局"])]


def test_blocks_change_places_and_repeat(session: Session, listing: int) -> None:
    """Two blocks of one kind, and an entry printed twice, are each their own."""
    printed_twice = [
        PrintedBlock(kind="送", role=BlockRole.SEND, entries=("市政府", "市政府")),
        PrintedBlock(kind="报", role=BlockRole.REPORT, entries=()),
        PrintedBlock(kind="送", role=BlockRole.SEND, entries=("市政府",)),
    ]
    mirror(session, listing, printed_twice, "测试")
    report = mirror(session, listing, list(reversed(printed_twice)), "测试")
    assert len(report.kept) == 3
    assert (report.added, report.dropped) == ((), ())
    assert in_order(session, listing) == [
        ("送", ["市政府"]),
        ("报", []),
        ("送", ["市政府", "市政府"]),
    ]


def test_mirroring_twice_changes_nothing(session: Session, listing: int) -> None:
    """Not even who bound an entry, and when."""
    same = blocks(报=["市政府"], 送=["市财政局、教育局", "某会"])
    mirror(session, listing, same, "一")
    before = session.execute(select(EntryTarget.id, EntryTarget.matched_at)).all()
    report = mirror(session, listing, same, "二")
    assert (report.added, report.dropped, report.rebound) == ((), (), ())
    assert session.execute(select(EntryTarget.id, EntryTarget.matched_at)).all() == before


def test_what_a_person_bound_is_kept(session: Session, listing: int) -> None:
    """Even where the directory would answer otherwise, and when the entry moves."""
    mirror(session, listing, blocks(报=["市政府", "某会"]), "测试")
    finance = find_unit(session, "市财政局")
    assert finance.id
    bind(session, entry_id(session, "某会"), [finance.id], [], "王芳")
    bind(session, entry_id(session, "市政府"), [finance.id], [], "王芳")
    report = mirror(session, listing, blocks(送=["某会", "市政府"]), "测试")
    assert report.unresolved == ()
    targets = [
        (target.matched, target.matched_by, target.units[0].name)
        for block in resolve(session, listing).blocks
        for entry in block.entries
        for target in entry.targets
    ]
    assert targets == [(Matched.PERSON, "王芳", "云湾市财政局")] * 2


def test_a_unit_taken_out_leaves_its_entry_unresolved(
    session: Session, listing: int, import_text: ImportText
) -> None:
    """It is not bound to the next best, neither when it is printed first nor when it is kept."""
    same = blocks(送=["市财政局", "市财政局、教育局"])
    mirror(session, listing, same, "测试")
    import_text("name,active\n云湾市教育局,停用\n")
    import_text("name,aliases,email\n云湾县教育局,教育局,x@y.example\n")
    report = mirror(session, listing, same, "测试")
    assert [entry.printed for entry in report.unresolved] == ["市财政局、教育局"]
    assert printed(report.rebound) == [("送", "市财政局、教育局")]
    assert [len(entry.targets) for entry in resolve(session, listing).blocks[0].entries] == [1, 0]


def test_a_remembered_name_is_known_from_then_on(session: Session, listing: int) -> None:
    """A person answers once; the next list finds it by itself."""
    mirror(session, listing, blocks(报=["分管市领导"]), "测试")
    government = find_unit(session, "市政府")
    assert government.id
    number = entry_id(session, "分管市领导")
    bind(session, number, [government.id], [], "王芳", remember=True)
    bind(session, number, [government.id], [], "王芳", remember=True)
    assert "分管市领导" in find_unit(session, "市政府").aliases
    report = mirror(session, create_list(session, "另一简报"), blocks(送=["分管市领导"]), "测试")
    assert report.unresolved == ()


def test_a_person_can_bind_to_several_units_and_a_group(session: Session, listing: int) -> None:
    """In the order in which they are given, units before groups, each once."""
    group = Group(name="各局", key="各局", pinyin="", initials="", rule=GroupRule.LISTED)
    session.add(group)
    session.flush()
    ids = [find_unit(session, name).id or 0 for name in ("市财政局", "市教育局", "市财政局")]
    session.add(GroupUnit(group_id=group.id, unit_id=ids[0], membership=Membership.MEMBER))
    session.flush()
    mirror(session, listing, blocks(送=["某些单位"]), "测试")
    bind(session, entry_id(session, "某些单位"), ids, [group.id], "王芳")
    (entry,) = resolve(session, listing).blocks[0].entries
    assert [[unit.name for unit in target.units] for target in entry.targets] == [
        ["云湾市财政局"],
        ["云湾市教育局"],
        [],
    ]


def test_impossible_bindings_are_refused(session: Session, listing: int) -> None:
    """Each with a sentence; the entry stays as it was."""
    mirror(session, listing, blocks(送=["某会"]), "测试")
    number = entry_id(session, "某会")
    ids = [find_unit(session, name).id or 0 for name in ("市财政局", "市教育局")]
    with pytest.raises(NothingToBindError):
        bind(session, number, [], [], "王芳")
    with pytest.raises(NoSuchTargetError):
        bind(session, number, [ids[0], 10**9], [], "王芳")
    with pytest.raises(CannotRememberError):
        bind(session, number, ids, [], "王芳", remember=True)
    with pytest.raises(NoSuchEntryError):
        bind(session, number + 10**6, ids, [], "王芳")
    assert session.scalar(select(func.count()).select_from(EntryTarget)) == 0


def test_impossible_lists_are_refused(session: Session, listing: int) -> None:
    """A name that is taken, a list that is not there, an entry that cannot be stored."""
    with pytest.raises(ListExistsError):
        create_list(session, " 云湾工作简报")
    with pytest.raises(NoSuchListError):
        mirror(session, listing + 10**6, [], "测试")
    with pytest.raises(NoSuchListError):
        resolve(session, listing + 10**6)
    with pytest.raises(TooLongError):
        mirror(session, listing, blocks(送=["甲" * 1001]), "测试")


def test_reported_subjects_are_those_of_the_directory(session: Session, listing: int) -> None:
    """Suggestions carry what binding needs."""
    report: MirrorReport = mirror(session, listing, blocks(送=["云湾市教育厅"]), "测试")
    best = report.unresolved[0].suggestions[0]
    unit = find_unit(session, "市教育局")
    assert best.subject == Subject(is_group=False, id=unit.id or 0)
