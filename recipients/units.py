"""Units (单位), the names that they go by, their tags and their mailboxes (邮箱)."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from recipients.columns import ADDRESS_LENGTH, NAMED, Id, Key, Name, Note, SortKey, choice
from runtime.database import Base


class UnitLevel(StrEnum):
    """Where a unit stands."""

    NATIONAL = "national"
    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    TOWN = "town"
    ENTERPRISE = "enterprise"
    ASSOCIATION = "association"
    OTHER = "other"


class Channel(StrEnum):
    """How a unit gets the bulletin: by mail, or printed and signed for by hand."""

    EMAIL = "email"
    PAPER = "paper"


class NameKind(StrEnum):
    """Why a unit answers to another name."""

    ALIAS = "alias"
    FORMER = "former"


class MailboxUse(StrEnum):
    """What a mailbox is for: 收文, 抄收, or 备份 (used where no mailbox for 收文 is)."""

    RECEIVE = "receive"
    COPY = "copy"
    BACKUP = "backup"


class Unit(Base):
    """An organisation. ``key`` is unique too, so that no two units differ by blanks only."""

    __tablename__ = "units"
    __table_args__ = (
        UniqueConstraint("name"),
        UniqueConstraint("key"),
        CheckConstraint(NAMED, name="named"),
        CheckConstraint("parent_id <> id", name="not_its_own_parent"),
        Index(None, "parent_id"),
        Index(None, "pinyin"),
    )

    id: Mapped[Id]
    name: Mapped[Name]
    key: Mapped[Key]
    pinyin: Mapped[SortKey]
    initials: Mapped[SortKey]
    level: Mapped[UnitLevel | None] = mapped_column(choice(UnitLevel, "level"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("units.id", ondelete="RESTRICT"))
    channel: Mapped[Channel] = mapped_column(
        choice(Channel, "channel"), server_default=Channel.EMAIL.value
    )
    note: Mapped[Note]
    active: Mapped[bool] = mapped_column(server_default=true())


class UnitName(Base):
    """Another name of a unit. Two units may share one: which is meant is a question to a person."""

    __tablename__ = "unit_names"
    __table_args__ = (
        UniqueConstraint("unit_id", "key"),
        CheckConstraint(NAMED, name="named"),
        Index(None, "key"),
    )

    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id", ondelete="CASCADE"))
    kind: Mapped[NameKind] = mapped_column(choice(NameKind, "kind"))
    name: Mapped[Name]
    key: Mapped[Key]


class UnitTag(Base):
    """A tag of a unit, by which groups can be made."""

    __tablename__ = "unit_tags"
    __table_args__ = (
        CheckConstraint("tag <> '' AND tag !~ '[[:cntrl:]]'", name="named"),
        Index(None, "tag"),
    )

    unit_id: Mapped[int] = mapped_column(
        ForeignKey("units.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[Name] = mapped_column(primary_key=True)


class Mailbox(Base):
    """An address of a unit. Two units may share an address: one mail, two receipts.

    ``address`` is as written; ``normalised`` is what is compared, see
    :class:`recipients.addresses.Address`.
    """

    __tablename__ = "mailboxes"
    __table_args__ = (
        UniqueConstraint("unit_id", "normalised"),
        CheckConstraint("position('@' in normalised) > 1", name="has_domain"),
        CheckConstraint(
            "address !~ '[[:cntrl:][:space:]]' AND normalised !~ '[[:cntrl:][:space:]]'",
            name="one_word",
        ),
        CheckConstraint("person !~ '[[:cntrl:]]' AND post !~ '[[:cntrl:]]'", name="one_line"),
        Index(None, "normalised"),
    )

    id: Mapped[Id]
    unit_id: Mapped[int] = mapped_column(ForeignKey("units.id", ondelete="CASCADE"))
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    normalised: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    person: Mapped[Name] = mapped_column(server_default="")
    post: Mapped[Name] = mapped_column(server_default="")
    use: Mapped[MailboxUse] = mapped_column(
        choice(MailboxUse, "use"), server_default=MailboxUse.RECEIVE.value
    )
    active: Mapped[bool] = mapped_column(server_default=true())
