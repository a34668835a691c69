"""Groups (集合名称): printed items such as 各区县局 that stand for many units."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from recipients.columns import NAMED, Id, Key, Name, Note, SortKey, choice
from runtime.database import Base


class GroupRule(StrEnum):
    """How the units of a group are found. Only active units count, whatever the rule."""

    LISTED = "listed"
    """The members that are listed."""
    PARENT = "parent"
    """The units directly under a unit."""
    TAG = "tag"
    """The units that carry a tag."""


class Membership(StrEnum):
    """What a group says of a unit by name."""

    MEMBER = "member"
    EXCEPTION = "exception"


class Group(Base):
    """A collective item and the rule that says which units it stands for."""

    __tablename__ = "groups"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("key"),
        CheckConstraint(NAMED, name="named"),
        CheckConstraint("(rule = 'parent') = (parent_id IS NOT NULL)", name="parent_by_rule"),
        CheckConstraint("(rule = 'tag') = (tag IS NOT NULL)", name="tag_by_rule"),
        Index(None, "parent_id"),
        Index(None, "tag"),
    )

    id: Mapped[Id]
    name: Mapped[Name]
    key: Mapped[Key]
    pinyin: Mapped[SortKey]
    initials: Mapped[SortKey]
    rule: Mapped[GroupRule] = mapped_column(choice(GroupRule, "rule"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id", ondelete="RESTRICT"))
    tag: Mapped[Name | None]
    note: Mapped[Note]


class GroupName(Base):
    """Another name of a group; as with units, two groups may share one."""

    __tablename__ = "group_names"
    __table_args__ = (
        UniqueConstraint("group_id", "key"),
        CheckConstraint(NAMED, name="named"),
        Index(None, "key"),
    )

    id: Mapped[Id]
    group_id: Mapped[int] = mapped_column(ForeignKey("groups.id", ondelete="CASCADE"))
    name: Mapped[Name]
    key: Mapped[Key]


class GroupUnit(Base):
    """A unit that a group names: as a member, or as an exception; the key forbids both at once."""

    __tablename__ = "group_units"
    __table_args__ = (Index(None, "unit_id"),)

    group_id: Mapped[int] = mapped_column(
        ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True
    )
    unit_id: Mapped[int] = mapped_column(
        ForeignKey("units.id", ondelete="CASCADE"), primary_key=True
    )
    membership: Mapped[Membership] = mapped_column(choice(Membership, "membership"))
