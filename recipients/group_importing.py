"""Imports groups from a table: name, aliases, rule, value, exceptions, note."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy.orm import Session

from recipients.group_values import DirectoryGroup
from recipients.grouping import add_group, change_group, load_groups, official_names
from recipients.groups import GroupRule
from recipients.headings import bind_columns
from recipients.import_planning import Counts
from recipients.importing import ImportRefusedError
from recipients.names import key, shown, tidy_name, tidy_names, tidy_note
from recipients.sheets import Sheet
from recipients.unit_drafts import RefusedRow, Remark, RepeatedRowError
from runtime.refusal import Refusal
from runtime.text import language
from runtime.text import translate as _


class GroupColumn(StrEnum):
    """A column; the value is its English heading."""

    NAME = "name"
    ALIASES = "aliases"
    RULE = "rule"
    VALUE = "value"
    EXCEPTIONS = "exceptions"
    NOTE = "note"


_CHINESE: Mapping[GroupColumn, tuple[str, ...]] = {
    GroupColumn.NAME: ("集合名称", "集合", "名称"),
    GroupColumn.ALIASES: ("别名", "简称"),
    GroupColumn.RULE: ("规则",),
    GroupColumn.VALUE: ("值", "取值", "成员"),
    GroupColumn.EXCEPTIONS: ("例外", "除外"),
    GroupColumn.NOTE: ("备注", "说明"),
}
_RULES = {
    GroupRule.LISTED: ("列举", "名单"),
    GroupRule.PARENT: ("上级", "上级单位", "按上级"),
    GroupRule.TAG: ("标签", "按标签"),
}


class UnknownRuleError(Refusal):
    """The rule {word} is not known. Use 列举 (listed), 上级 (parent) or 标签 (tag)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedGroup:
    """A group of the file: as it is (``None`` for a new one), and as it is to be."""

    row: int
    before: DirectoryGroup | None
    after: DirectoryGroup


@dataclass(frozen=True, kw_only=True, slots=True)
class GroupPlan:
    """What an import of groups would do, in the order of the file."""

    new: tuple[PlannedGroup, ...]
    changed: tuple[PlannedGroup, ...]
    unchanged: tuple[PlannedGroup, ...]
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]

    @property
    def counts(self) -> Counts:
        """Return how many groups are new, changed, unchanged, refused."""
        return Counts(len(self.new), len(self.changed), len(self.unchanged), len(self.refused))


def rule_word(rule: GroupRule) -> str:
    """Return the word for a rule in the current language."""
    return _RULES[rule][0] if language.get() == "zh_CN" else rule.value


def plan_groups(session: Session, sheet: Sheet) -> GroupPlan:
    """Compare a file of groups with the stored ones; nothing is changed.

    A group of the file replaces the stored one of its name; groups that the file does not name
    stay as they are.

    Raises:
        recipients.headings.NoNameColumnError: no column holds the names.
        recipients.headings.RepeatedHeadingError: two columns mean the same.

    """
    columns = bind_columns(sheet, _CHINESE, GroupColumn.NAME)
    known = {key(group.name): group for group in load_groups(session)}
    rows: dict[str, int] = {}
    planned, refused = [], []
    for row in sheet.rows:
        cells = columns.cells(row)
        name_key = key(cells[GroupColumn.NAME])
        try:
            if name_key in rows:
                raise RepeatedRowError(row=rows[name_key])
            after, _ids = official_names(session, _draft(cells))
        except Refusal as reason:
            name = shown(cells[GroupColumn.NAME])
            refused.append(RefusedRow(row=row.number, name=name, reason=str(reason)))
            continue
        rows[name_key] = row.number
        before = known.get(name_key)
        after = replace(after, id=before.id if before else None)
        planned.append(PlannedGroup(row=row.number, before=before, after=after))
    unknown = _("The column “{name}” is not known and was left out.")
    return GroupPlan(
        new=tuple(group for group in planned if group.before is None),
        changed=tuple(g for g in planned if g.before and g.before != g.after),
        unchanged=tuple(group for group in planned if group.before == group.after),
        refused=tuple(refused),
        remarks=tuple(Remark(row=None, text=unknown.format(name=n)) for n in columns.ignored),
    )


def apply_groups(session: Session, plan: GroupPlan, *, skip_refused: bool = False) -> None:
    """Do what a plan of the same transaction says.

    Raises:
        ImportRefusedError: a row was refused, and ``skip_refused`` is not set.

    """
    if plan.refused and not skip_refused:
        raise ImportRefusedError(count=len(plan.refused))
    for group in plan.new:
        add_group(session, group.after)
    for group in plan.changed:
        change_group(session, group.after)


def _draft(cells: Mapping[GroupColumn, str]) -> DirectoryGroup:
    """Return the group of a row."""
    rule = _rule(cells.get(GroupColumn.RULE, ""))
    name = tidy_name(cells[GroupColumn.NAME])
    values = tidy_names(cells.get(GroupColumn.VALUE, ""))
    return DirectoryGroup(
        id=None,
        name=name,
        rule=rule,
        aliases=tuple(
            alias
            for alias in tidy_names(cells.get(GroupColumn.ALIASES, ""))
            if key(alias) != key(name)
        ),
        value=None if rule is GroupRule.LISTED else "；".join(values),
        members=values if rule is GroupRule.LISTED else (),
        exceptions=tidy_names(cells.get(GroupColumn.EXCEPTIONS, "")),
        note=tidy_note(cells.get(GroupColumn.NOTE, "")),
    )


def _rule(text: str) -> GroupRule:
    for rule, words in _RULES.items():
        if key(text) in {rule.value, *words}:
            return rule
    raise UnknownRuleError(word=shown(text))
