"""Groups: made by hand or from a table, and the units that they stand for."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from recipients.group_importing import UnknownRuleError, apply_groups, plan_groups
from recipients.group_values import DirectoryGroup
from recipients.grouping import (
    GroupExistsError,
    MemberAndExceptionError,
    NoSuchGroupError,
    RuleValueError,
    add_group,
    change_group,
    find_group,
    load_groups,
    units_of,
)
from recipients.groups import GroupRule
from recipients.import_planning import Counts, ImportPlan
from recipients.importing import ImportRefusedError
from recipients.sheets import read_sheet
from recipients.unit_loading import NoSuchUnitError, SeveralUnitsError
from runtime.refusal import Refusal

ImportText = Callable[[str], ImportPlan]

UNITS = """
name,aliases,parent,tags
云湾市邮政局,市邮政局,,
云湾市邮政局甲处,甲处,云湾市邮政局,处室
云湾市邮政局乙处,甲处,云湾市邮政局,处室
丙公司,,,企业
丁公司,,,企业
"""
GROUPS = """
集合名称,别名,规则,值,例外,备注
各处室,机关各处室,上级,市邮政局,云湾市邮政局乙处,
各企业,,标签,企业,,
有关单位,,列举,丁公司；市邮政局,,临时
"""


@pytest.fixture
def office(session: Session, import_text: ImportText) -> Session:
    """Return a session on an office with five units."""
    import_text(UNITS)
    return session


def load(session: Session, text: str) -> Counts:
    """Import groups from a table."""
    plan = plan_groups(session, read_sheet(text.strip().encode(), "groups.csv"))
    apply_groups(session, plan)
    return plan.counts


def test_groups_are_imported_and_stand_for_units(office: Session) -> None:
    """By a superior unit, by a tag, listed; units may be named by their aliases."""
    assert load(office, GROUPS) == (3, 0, 0, 0)
    groups = load_groups(office)
    assert [group.name for group in groups] == ["各处室", "各企业", "有关单位"]
    assert groups[0].value == "云湾市邮政局"
    assert units_of(office, groups) == {
        "各处室": ["云湾市邮政局甲处"],
        "各企业": ["丙公司", "丁公司"],
        "有关单位": ["丁公司", "云湾市邮政局"],
    }
    assert find_group(office, "机关各处室").name == "各处室"


def test_the_same_groups_again_change_nothing(office: Session) -> None:
    """A group of the file replaces the stored one; others stay."""
    load(office, GROUPS)
    assert load(office, GROUPS) == (0, 0, 3, 0)
    changed = "name,rule,value\n各企业,listed,丙公司\n"
    assert load(office, changed) == (0, 1, 0, 0)
    assert units_of(office, [find_group(office, "各企业")]) == {"各企业": ["丙公司"]}
    assert len(load_groups(office)) == 3


@pytest.mark.parametrize(
    ("row", "part"),
    [
        ("各处,上级,某局,", "某局"),
        ("各处,星球,企业,", "星球"),
        ("各处,标签,,", "各处"),
        ("各处,列举,,", "各处"),
        ("各处,列举,丙公司,丙公司", "丙公司"),
        ("各处,列举,甲处,", "云湾市邮政局乙处"),
        ("各处,标签,企业；处室,", "企业"),
        ('"各\r\nBcc: x",标签,企业,', "Bcc"),
        (",标签,企业,", ""),
    ],
)
def test_bad_groups_are_refused(office: Session, row: str, part: str) -> None:
    """With the row and the reason; nothing is changed."""
    text = f"name,rule,value,exceptions\n{row}\n各企业,标签,企业,\n各企业,标签,企业,\n"
    plan = plan_groups(office, read_sheet(text.encode(), "groups.csv"))
    assert [refused.row for refused in plan.refused] == [2, 4]
    assert part in plan.refused[0].reason
    with pytest.raises(ImportRefusedError):
        apply_groups(office, plan)
    assert load_groups(office) == []
    apply_groups(office, plan, skip_refused=True)
    assert [group.name for group in load_groups(office)] == ["各企业"]


def group(name: str, rule: GroupRule, **other: object) -> DirectoryGroup:
    """Return a group that is not stored yet."""
    return DirectoryGroup(id=None, name=name, rule=rule, **other)  # type: ignore[arg-type]


def test_a_group_is_added_once_and_changed(office: Session) -> None:
    """Changing keeps its number."""
    made = add_group(office, group("各企业", GroupRule.TAG, value="企业"))
    with pytest.raises(GroupExistsError):
        add_group(office, group("各企业", GroupRule.TAG, value="处室"))
    stored = find_group(office, "各 企业")
    change_group(
        office,
        DirectoryGroup(
            id=stored.id,
            name="各快递企业",
            rule=GroupRule.LISTED,
            members=("丙公司",),
            aliases=("各企业",),
        ),
    )
    assert find_group(office, "各企业").id == made
    assert units_of(office, [find_group(office, "各快递企业")]) == {"各快递企业": ["丙公司"]}


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (group("甲", GroupRule.LISTED), RuleValueError),
        (group("甲", GroupRule.TAG), RuleValueError),
        (group("甲", GroupRule.TAG, value="企业", members=("丙公司",)), RuleValueError),
        (group("甲", GroupRule.PARENT, value="某局"), NoSuchUnitError),
        (group("甲", GroupRule.LISTED, members=("甲处",)), SeveralUnitsError),
        (
            group("甲", GroupRule.LISTED, members=("丙公司",), exceptions=("丙公司",)),
            MemberAndExceptionError,
        ),
    ],
)
def test_impossible_groups_are_refused(
    office: Session, wrong: DirectoryGroup, error: type[Refusal]
) -> None:
    """Each with a sentence of its own."""
    with pytest.raises(error):
        add_group(office, wrong)
    with pytest.raises(NoSuchGroupError):
        find_group(office, "甲")


def test_an_unknown_rule_names_those_there_are() -> None:
    """The message says what to write."""
    assert "标签" in str(UnknownRuleError(word="x"))
