"""The columns of a directory file: their headings, and the words that their cells hold. Pure."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from recipients import headings
from recipients.headings import BoundColumns
from recipients.names import key
from recipients.sheets import Sheet
from recipients.units import Channel, MailboxUse, UnitLevel
from runtime.refusal import Refusal
from runtime.text import language

Choice = TypeVar("Choice", bound=StrEnum)


class Column(StrEnum):
    """A column; the value is its English heading."""

    NAME = "name"
    ALIASES = "aliases"
    FORMER_NAMES = "former_names"
    PARENT = "parent"
    LEVEL = "level"
    TAGS = "tags"
    CHANNEL = "channel"
    EMAIL = "email"
    PERSON = "person"
    POST = "post"
    USE = "use"
    MAILBOX_ACTIVE = "mailbox_active"
    ACTIVE = "active"
    NOTE = "note"


MAILBOX_COLUMNS = (*(Column.EMAIL, Column.PERSON, Column.POST, Column.USE, Column.MAILBOX_ACTIVE),)

_CHINESE: Mapping[Column, tuple[str, ...]] = {
    Column.NAME: ("单位名称", "单位", "名称", "单位全称"),
    Column.ALIASES: ("别名", "简称"),
    Column.FORMER_NAMES: ("曾用名",),
    Column.PARENT: ("上级单位", "上级", "主管单位"),
    Column.LEVEL: ("级别", "层级"),
    Column.TAGS: ("标签", "分类"),
    Column.CHANNEL: ("渠道", "发送方式"),
    Column.EMAIL: ("邮箱", "电子邮箱", "邮箱地址", "电子邮件"),
    Column.PERSON: ("联系人", "姓名"),
    Column.POST: ("职务", "岗位"),
    Column.USE: ("用途",),
    Column.MAILBOX_ACTIVE: ("邮箱状态",),
    Column.ACTIVE: ("状态", "单位状态"),
    Column.NOTE: ("备注", "说明"),
}

_LEVELS = {
    UnitLevel.NATIONAL: ("国家", "国家级", "中央"),
    UnitLevel.PROVINCE: ("省", "省级", "自治区", "直辖市"),
    UnitLevel.CITY: ("市", "市级", "地市", "州", "盟"),
    UnitLevel.COUNTY: ("县", "县级", "区县", "区", "旗"),
    UnitLevel.TOWN: ("乡镇", "乡", "镇", "街道", "乡镇级"),
    UnitLevel.ENTERPRISE: ("企业", "公司"),
    UnitLevel.ASSOCIATION: ("协会", "社会组织", "学会"),
    UnitLevel.OTHER: ("其他",),
}
_CHANNELS = {Channel.EMAIL: ("电子邮件", "邮件", "邮箱"), Channel.PAPER: ("纸质", "纸件")}
_USES = {
    MailboxUse.RECEIVE: ("收文", "接收"),
    MailboxUse.COPY: ("抄收", "抄送"),
    MailboxUse.BACKUP: ("备份", "备用"),
}
_ACTIVE = {True: ("在用", "active", "启用", "是", "yes", "true", "1")}
_INACTIVE = {False: ("停用", "inactive", "禁用", "否", "no", "false", "0")}


class UnknownWordError(Refusal):
    """The word {word} under {heading} is not known. Use one of: {known}."""


def heading(column: Column) -> str:
    """Return the heading of a column in the current language."""
    return headings.heading(column, _CHINESE)


def bind_columns(sheet: Sheet) -> BoundColumns[Column]:
    """Find the columns of a directory file.

    Raises:
        recipients.headings.NoNameColumnError: the names of the units are not there.
        recipients.headings.RepeatedHeadingError: two headings mean one column.

    """
    return headings.bind_columns(sheet, _CHINESE, Column.NAME)


def level_word(level: UnitLevel | None) -> str:
    """Return the word for a level in the current language; empty for none."""
    return "" if level is None else _word(_LEVELS, level)


def channel_word(channel: Channel) -> str:
    """Return the word for a channel in the current language."""
    return _word(_CHANNELS, channel)


def use_word(use: MailboxUse) -> str:
    """Return the word for the use of a mailbox in the current language."""
    return _word(_USES, use)


def active_word(*, active: bool) -> str:
    """Return the word for in use, or for not in use, in the current language."""
    chinese, english, *_others = (_ACTIVE | _INACTIVE)[active]
    return chinese if language.get() == "zh_CN" else english


def read_level(text: str) -> UnitLevel | None:
    """Read a level; empty is none.

    Raises:
        UnknownWordError: the word is no level.

    """
    return _read(_LEVELS, text, Column.LEVEL) if text else None


def read_channel(text: str) -> Channel:
    """Read a channel; empty is e-mail.

    Raises:
        UnknownWordError: the word is no channel.

    """
    return _read(_CHANNELS, text, Column.CHANNEL) if text else Channel.EMAIL


def read_use(text: str) -> MailboxUse:
    """Read the use of a mailbox; empty is 收文.

    Raises:
        UnknownWordError: the word is no use.

    """
    return _read(_USES, text, Column.USE) if text else MailboxUse.RECEIVE


def read_active(text: str, column: Column) -> bool:
    """Read whether something is in use; empty is yes.

    Raises:
        UnknownWordError: the word says neither.

    """
    words = {word: state for state, known in (_ACTIVE | _INACTIVE).items() for word in known}
    if text and key(text) not in words:
        raise _unknown(text, column, (active_word(active=True), active_word(active=False)))
    return words.get(key(text), True)


def _word(words: Mapping[Choice, tuple[str, ...]], value: Choice) -> str:
    return words[value][0] if language.get() == "zh_CN" else value.value


def _read(words: Mapping[Choice, tuple[str, ...]], text: str, column: Column) -> Choice:
    for value, spellings in words.items():
        if key(text) in {value.value, *spellings}:
            return value
    raise _unknown(text, column, (_word(words, value) for value in words))


def _unknown(text: str, column: Column, known: Iterable[str]) -> UnknownWordError:
    return UnknownWordError(word=text[:40], heading=heading(column), known=", ".join(known))
