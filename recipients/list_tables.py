"""Distribution lists (分发名单): blocks and entries in print order, and what each entry means."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from recipients.columns import PRINTED_LENGTH, Id, Name, choice
from runtime.database import Base

KIND_LENGTH = 20
"""The longest kind of a block as printed (报, 送, 抄送 …), in characters."""


class BlockRole(StrEnum):
    """The direction of a block, whatever word was printed; the values are the read contract's."""

    REPORT = "report"
    SEND = "send"
    ISSUE_TO = "issue_to"
    MAIN = "main"
    COPY = "copy"
    MIXED = "mixed"


class Matched(StrEnum):
    """How an entry came by a target."""

    EXACT = "exact"
    ALIAS = "alias"
    """By an alias or a former name."""
    PREFIX = "prefix"
    """By a name that the entry shortens, as in 某局办公室、人事处."""
    GROUP = "group"
    PERSON = "person"
    """Somebody said so; no later reading overrules it."""


class DistributionList(Base):
    """An ordered list of blocks; a bulletin owns one."""

    __tablename__ = "distribution_lists"
    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint("name <> '' AND name !~ '[[:cntrl:]]'", name="named"),
    )

    id: Mapped[Id]
    name: Mapped[Name]


class ListBlock(Base):
    """A block of a list. Positions are checked at commit, so that blocks can change places."""

    __tablename__ = "list_blocks"
    __table_args__ = (
        UniqueConstraint("list_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("position >= 0", name="position"),
    )

    id: Mapped[Id]
    list_id: Mapped[int] = mapped_column(ForeignKey("distribution_lists.id", ondelete="CASCADE"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(KIND_LENGTH))
    role: Mapped[BlockRole] = mapped_column(choice(BlockRole, "role"))


class ListEntry(Base):
    """A printed item of a block. One without targets is unresolved."""

    __tablename__ = "list_entries"
    __table_args__ = (
        UniqueConstraint("block_id", "position", deferrable=True, initially="DEFERRED"),
        CheckConstraint("position >= 0", name="position"),
        CheckConstraint("printed <> '' AND printed !~ '[[:cntrl:]]'", name="printed"),
    )

    id: Mapped[Id]
    block_id: Mapped[int] = mapped_column(ForeignKey("list_blocks.id", ondelete="CASCADE"))
    position: Mapped[int]
    printed: Mapped[str] = mapped_column(String(PRINTED_LENGTH))


class EntryTarget(Base):
    """A unit or a group that an entry stands for, and who says so."""

    __tablename__ = "entry_targets"
    __table_args__ = (
        UniqueConstraint("entry_id", "position"),
        UniqueConstraint("entry_id", "unit_id", name="uq_entry_targets_entry_unit"),
        UniqueConstraint("entry_id", "group_id", name="uq_entry_targets_entry_group"),
        CheckConstraint("(unit_id IS NULL) <> (group_id IS NULL)", name="one_target"),
        CheckConstraint("position >= 0", name="position"),
        Index(None, "unit_id"),
        Index(None, "group_id"),
    )

    id: Mapped[Id]
    entry_id: Mapped[int] = mapped_column(ForeignKey("list_entries.id", ondelete="CASCADE"))
    position: Mapped[int]
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("units.id", ondelete="RESTRICT"))
    group_id: Mapped[int | None] = mapped_column(ForeignKey("groups.id", ondelete="RESTRICT"))
    matched: Mapped[Matched] = mapped_column(choice(Matched, "matched"))
    matched_at: Mapped[datetime]
    matched_by: Mapped[Name]
