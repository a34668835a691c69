"""A directory file against the directory: what is new, changed, refused, and left alone."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from recipients.exporting import export_units, unit_template
from recipients.headings import NoNameColumnError, RepeatedHeadingError
from recipients.import_planning import ImportPlan
from recipients.importing import ImportRefusedError, apply_import, plan_import
from recipients.sheets import read_sheet
from recipients.unit_columns import Column
from recipients.unit_loading import (
    NoSuchUnitError,
    SeveralUnitsError,
    find_unit,
    load_units,
    search_units,
)
from recipients.unit_values import DirectoryMailbox, DirectoryUnit
from recipients.units import Channel, MailboxUse, Unit, UnitLevel
from runtime.text import language

ImportText = Callable[[str], ImportPlan]

FILE = """
单位名称,别名,曾用名,上级单位,级别,标签,邮箱,联系人,职务,用途,渠道,备注
云湾市财政局,市财政局；财政局,,云湾市政府,市,市直,caizheng@yunwan.example,李敏,科员,收文,,
云湾市财政局,,,,,,caizheng2@yunwan.example,,,备份,,
云湾市政府,市政府,,,市级,,bgt@yunwan.example,,,,,
云湾市档案馆,,云湾市档案局,云湾市政府,市,市直,,,,,纸质,请派人领取
"""


def dry(session: Session, text: str) -> ImportPlan:
    """Plan an import and change nothing."""
    return plan_import(session, read_sheet(text.strip().encode(), "directory.csv"))


def test_a_file_becomes_units(session: Session, import_text: ImportText) -> None:
    """Several rows of one unit are its mailboxes; a parent may stand below its unit."""
    plan = import_text(FILE)
    assert [unit.after.name for unit in plan.new] == ["云湾市财政局", "云湾市政府", "云湾市档案馆"]
    unit = find_unit(session, "云湾市财政局")
    assert unit.aliases == ("市财政局", "财政局")
    assert unit.parent == "云湾市政府"
    assert unit.level is UnitLevel.CITY
    assert unit.tags == ("市直",)
    assert [(box.address, box.use, box.person) for box in unit.mailboxes] == [
        ("caizheng@yunwan.example", MailboxUse.RECEIVE, "李敏"),
        ("caizheng2@yunwan.example", MailboxUse.BACKUP, ""),
    ]
    archive = find_unit(session, "云湾市档案馆")
    assert (archive.channel, archive.former_names, archive.note) == (
        Channel.PAPER,
        ("云湾市档案局",),
        "请派人领取",
    )


def test_the_same_file_again_changes_nothing(session: Session, import_text: ImportText) -> None:
    """An import is a comparison, so that it can be repeated."""
    import_text(FILE)
    plan = dry(session, FILE)
    assert (plan.new, plan.changed, plan.refused) == ((), (), ())
    assert len(plan.unchanged) == 3


def test_changes_are_shown_old_and_new(session: Session, import_text: ImportText) -> None:
    """Only columns that the file has are compared; a mailbox is added to those there are."""
    import_text(FILE)
    text = "name,level,email,person\n云湾市财政局,县,CaiZheng@yunwan.example,王芳\n"
    plan = import_text(text + "云湾市财政局,,new@yunwan.example,\n")
    (changed,) = plan.changed
    assert [(d.column, d.mailbox, d.old, d.new) for d in changed.differences] == [
        (Column.LEVEL, None, "市", "县"),
        (
            Column.EMAIL,
            "CaiZheng@yunwan.example",
            "caizheng@yunwan.example",
            "CaiZheng@yunwan.example",
        ),
        (Column.PERSON, "CaiZheng@yunwan.example", "李敏", "王芳"),
        (Column.EMAIL, "new@yunwan.example", "", "new@yunwan.example, 收文, 在用"),
    ]
    assert any("caizheng2@yunwan.example" in remark.text for remark in plan.remarks)
    unit = find_unit(session, "云湾市财政局")
    assert unit.level is UnitLevel.COUNTY
    assert unit.aliases == ("市财政局", "财政局")
    assert [box.address for box in unit.mailboxes] == [
        "CaiZheng@yunwan.example",
        "caizheng2@yunwan.example",
        "new@yunwan.example",
    ]
    assert unit.mailboxes[0].post == "科员"


def test_an_empty_cell_empties_what_its_column_holds(
    session: Session, import_text: ImportText
) -> None:
    """A column that the file has says all that is to be said."""
    import_text(FILE)
    import_text("name,aliases,parent,tags\n云湾市财政局,,,\n")
    unit = find_unit(session, "云湾市财政局")
    assert (unit.aliases, unit.parent, unit.tags) == ((), None, ())


def test_a_former_name_renames(session: Session, import_text: ImportText) -> None:
    """A unit keeps its number and its mailboxes, and what is below it stays below it."""
    import_text(FILE)
    before = find_unit(session, "云湾市政府")
    plan = import_text("name,former_names\n云湾市人民政府,云湾市政府\n")
    assert [d.new for d in plan.changed[0].differences] == ["云湾市人民政府", "云湾市政府"]
    after = find_unit(session, "云湾市人民政府")
    assert (after.id, after.mailboxes) == (before.id, before.mailboxes)
    assert find_unit(session, "云湾市财政局").parent == "云湾市人民政府"
    assert find_unit(session, "云湾市政府").id == before.id


def test_a_divided_unit_is_not_renamed(session: Session, import_text: ImportText) -> None:
    """Where two units have one former name, both are new: a person decides which goes on."""
    import_text(FILE)
    plan = dry(session, "name,former_names\n甲馆,云湾市档案馆\n乙馆,云湾市档案馆\n")
    assert [unit.after.name for unit in plan.new] == ["甲馆", "乙馆"]
    plan = dry(session, "name,former_names\n甲馆,云湾市档案馆\n云湾市档案馆,\n")
    assert [unit.after.name for unit in plan.new] == ["甲馆"]


@pytest.mark.parametrize(
    ("rows", "row", "part"),
    [
        ("甲局,a@b.example,\n甲局,a@b.example,", 3, "2"),
        ("甲局,,\n甲局,,", 3, "2"),
        ("甲局,zhangsan,", 2, "zhangsan"),
        ("甲局,zhang@,", 2, "zhang@"),
        ("甲局,a@b.example;c@d.example,", 2, "c@d.example"),
        ('"甲局\r\nBcc: x@evil.example",a@b.example,', 2, "Bcc"),
        ("=?utf-8?q?a=0D=0ABcc:_x=40evil.example?=,a@b.example,", 2, "=?"),
        ("甲" * 5000 + ",a@b.example,", 2, "5000"),
        (",a@b.example,", 2, ""),
        ("甲局,a@b.example,乙局", 2, "乙局"),
        ("甲局,a@b.example,甲局", 2, "甲局"),
        ("甲局,a@b.example,乙局\n乙局,c@d.example,甲局", 2, "乙局"),
        ("甲 局,a@b.example,\n甲局,c@b.example,", 3, "甲 局"),
    ],
)
def test_bad_rows_are_refused_with_their_number(
    session: Session, rows: str, row: int, part: str
) -> None:
    """The message says which row, what is wrong with it, and nothing else is planned."""
    plan = dry(session, "name,email,parent\n" + rows)
    assert plan.new == ()
    assert plan.refused[0].row == row
    assert part in plan.refused[0].reason
    assert "\r" not in plan.refused[0].name


def test_words_that_contradict_are_refused(session: Session) -> None:
    """Two rows of a unit must say the same of it, with words that are known."""
    plan = dry(session, "name,level,email\n甲局,市,a@b.example\n甲局,县,c@b.example\n")
    assert "市" in plan.refused[0].reason
    plan = dry(session, "name,level,use,email\n甲局,星球,,a@b.example\n乙局,,别的,a@b.example\n")
    assert [refused.row for refused in plan.refused] == [2, 3]


def test_an_import_is_all_or_nothing(session: Session) -> None:
    """One bad row stops it, unless the user asks for the others."""
    text = "name,email,parent\n甲局,a@b.example,\n乙局,b,\n乙局科,c@b.example,乙局\n"
    plan = dry(session, text)
    assert [unit.after.name for unit in plan.new] == ["甲局"]
    assert [refused.row for refused in plan.refused] == [3, 4]
    with pytest.raises(ImportRefusedError, match="2"):
        apply_import(session, plan)
    assert session.scalar(select(func.count()).select_from(Unit)) == 0
    apply_import(session, plan, skip_refused=True)
    assert [unit.name for unit in load_units(session)] == ["甲局"]


def test_headings_are_understood_or_refused(session: Session) -> None:
    """Both languages, with asterisks; unknown ones are left out and said so."""
    plan = dry(session, "单位全称*,电子邮箱,演示行为\n甲局,a@b.example,accept\n")
    assert plan.new[0].after.mailboxes[0].address == "a@b.example"
    assert "演示行为" in plan.remarks[0].text
    with pytest.raises(NoNameColumnError, match="邮箱"):
        dry(session, "邮箱\na@b.example\n")
    with pytest.raises(RepeatedHeadingError):
        dry(session, "name,单位名称\n甲局,甲局\n")


def test_odd_addresses_are_remarked(session: Session) -> None:
    """A slip of the pen in a domain and a Chinese local part are taken, and said."""
    plan = dry(session, "name,email\n甲局,zhang@qq.con\n乙局,张三@云湾.example\n")
    assert len(plan.new) == 2
    assert "zhang@qq.com" in plan.remarks[0].text
    assert "SMTPUTF8" in plan.remarks[1].text
    assert plan.new[1].after.mailboxes[0].normalised == "张三@xn--9kq319e.example"


def test_units_are_found_by_any_name(session: Session, import_text: ImportText) -> None:
    """Name, alias, number, pinyin, initials and address; an ambiguous alias is said to be one."""
    import_text(FILE + "云湾县财政局,财政局,,,,,,,,,,\n")
    unit = find_unit(session, "市财政局")
    assert unit.name == "云湾市财政局"
    assert find_unit(session, str(unit.id)) == unit
    with pytest.raises(SeveralUnitsError, match="云湾县财政局"):
        find_unit(session, "财政局")
    with pytest.raises(NoSuchUnitError):
        find_unit(session, "9" * 30)
    for text in ("yun wan shi cai", "ywscz", "caizheng2@", "财政", "市直"):
        assert unit.name in [found.name for found in search_units(session, text)]
    assert search_units(session, "100%") == []


names = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters=";；"),
    min_size=1,
    max_size=12,
).map(lambda text: f"{text}局")
notes = st.one_of(names, st.sampled_from(("=HYPERLINK(1)", "@SUM(A1)", "'=1", "-1\n+2", "# x", "")))


@st.composite
def directories(draw: st.DrawFn) -> list[DirectoryUnit]:
    """Draw units as the importer could have stored them, formulas and remarks included."""
    officials = draw(st.lists(names, min_size=1, max_size=5, unique_by=str.casefold))
    return [
        DirectoryUnit(
            id=None,
            name=name,
            parent=officials[number - 1] if number else None,
            level=draw(st.sampled_from([None, *UnitLevel])),
            channel=draw(st.sampled_from(Channel)),
            note=draw(notes),
            active=draw(st.booleans()),
            mailboxes=tuple(
                DirectoryMailbox(
                    id=None,
                    address=f"{box}@b.example",
                    normalised=f"{box}@b.example",
                    person=draw(notes).replace("\n", " "),
                    use=draw(st.sampled_from(MailboxUse)),
                    active=draw(st.booleans()),
                )
                for box in draw(st.lists(st.sampled_from("abc"), unique=True))
            ),
        )
        for number, name in enumerate(officials)
    ]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    units=directories(),
    suffix=st.sampled_from((".csv", ".xlsx")),
    tongue=st.sampled_from(("zh_CN", "en")),
)
def test_an_export_imports_to_no_difference(
    session: Session, units: list[DirectoryUnit], suffix: str, tongue: str
) -> None:
    """Whatever the directory holds comes back from the file, in either format and language."""
    token = language.set(tongue)
    savepoint = session.begin_nested()
    try:
        first = plan_import(session, read_sheet(export_units(units, "a" + suffix), "a"))
        apply_import(session, first, skip_refused=True)
        stored = load_units(session)
        again = plan_import(session, read_sheet(export_units(stored, "b" + suffix), "b"))
        assert (again.new, again.changed, again.refused) == ((), (), ())
        assert len(again.unchanged) == len(stored)
    finally:
        savepoint.rollback()
        language.reset(token)


@pytest.mark.parametrize("name", ["t.csv", "t.xlsx"])
def test_the_template_explains_every_column_and_imports_nothing(
    session: Session, name: str
) -> None:
    """What a user fills in is what the importer understands."""
    sheet = read_sheet(unit_template(name), name)
    assert len(sheet.headings) == len(Column)
    plan = plan_import(session, sheet)
    assert (plan.new, plan.refused, plan.remarks) == ((), (), ())
