"""Tables of bulletins and their issues."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.issues.lifecycle import IssueState, sql_pairs, sql_states
from recipients.list_tables import DistributionList
from runtime.database import Base


class DoubtPolicy(StrEnum):
    """What happens to a delivery that the relay may or may not have accepted."""

    RESEND = "resend"
    HOLD = "hold"


class Bulletin(Base):
    """A bulletin (简报): the series, its sender, and its distribution list."""

    __tablename__ = "bulletins"
    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug"),
        CheckConstraint("doubt_policy IN ('resend', 'hold')", name="doubt_policy"),
        CheckConstraint("lifetime_hours BETWEEN 1 AND 240", name="lifetime_hours"),
        CheckConstraint("position('@' in from_address) > 1", name="from_address"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(63), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    publisher: Mapped[str] = mapped_column(String(200), server_default="")
    from_name: Mapped[str] = mapped_column(String(200))
    from_address: Mapped[str] = mapped_column(String(254))
    reply_to: Mapped[str | None] = mapped_column(String(254))
    contact: Mapped[str] = mapped_column(String(200), server_default="")
    zone: Mapped[str] = mapped_column(String(63), server_default="Asia/Shanghai")
    theme: Mapped[str] = mapped_column(String(63), server_default="red-head")
    doubt_policy: Mapped[DoubtPolicy] = mapped_column(server_default="resend")
    lifetime_hours: Mapped[int] = mapped_column(server_default=text("72"))
    second_person: Mapped[bool] = mapped_column(server_default=text("false"))
    """Whether an issue must be approved by somebody else than who submitted it."""
    list_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("distribution_lists.id"), unique=True
    )
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    distribution_list: Mapped[DistributionList] = relationship()


class Issue(Base):
    """An issue (期): one number of a bulletin, as read, and where it stands."""

    __tablename__ = "issues"
    __table_args__ = (
        UniqueConstraint("bulletin_id", "source_sha256"),
        CheckConstraint(f"state IN ({sql_states()})", name="state"),
        CheckConstraint(
            f"state_before IS NULL OR (state_before, state) IN ({sql_pairs()})", name="transition"
        ),
        CheckConstraint("state NOT IN ('scheduled') OR due_at IS NOT NULL", name="due"),
        CheckConstraint(
            "(state IN ('sent', 'cancelled')) = (finished_at IS NOT NULL)", name="finished"
        ),
        CheckConstraint(
            "state NOT IN ('approved', 'scheduled', 'sending', 'paused', 'sent')"
            " OR approval_id IS NOT NULL",
            name="approved",
        ),
        Index("ix_issues_due_at", "due_at", postgresql_where=text("state = 'scheduled'")),
        Index(
            "ix_issues_unrendered",
            "id",
            postgresql_where=text("state = 'submitted' AND rendition_id IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bulletin_id: Mapped[int] = mapped_column(ForeignKey("bulletins.id"))
    number: Mapped[int | None]
    year: Mapped[int | None]
    total: Mapped[int | None]
    title: Mapped[str] = mapped_column(Text)
    publisher: Mapped[str | None] = mapped_column(Text)
    issue_date: Mapped[date | None] = mapped_column(Date)
    state: Mapped[IssueState] = mapped_column(server_default="draft")
    state_before: Mapped[IssueState | None]
    document: Mapped[dict[str, object]] = mapped_column(JSONB)
    content_hash: Mapped[str] = mapped_column(String(64))
    source_name: Mapped[str] = mapped_column(String(255))
    source_sha256: Mapped[str] = mapped_column(String(64))
    rendition_id: Mapped[int | None] = mapped_column(
        ForeignKey("renditions.id", use_alter=True, deferrable=True)
    )
    """The rendition of the content as submitted; empty until a worker has made it."""
    approval_id: Mapped[int | None] = mapped_column(
        ForeignKey("approvals.id", use_alter=True, deferrable=True)
    )
    due_at: Mapped[datetime | None]
    submitted_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    """Why the issue is paused or cancelled, or why it came back to draft."""
    created_by: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    finished_at: Mapped[datetime | None]

    bulletin: Mapped[Bulletin] = relationship(lazy="joined", innerjoin=True)
    rendition: Mapped["StoredRendition | None"] = relationship(foreign_keys=[rendition_id])
    approval: Mapped["Approval | None"] = relationship(foreign_keys=[approval_id])


class IssueSource(Base):
    """The file that was handed over, byte for byte."""

    __tablename__ = "issue_sources"

    issue_id: Mapped[int] = mapped_column(
        ForeignKey("issues.id", ondelete="CASCADE"), primary_key=True
    )
    data: Mapped[bytes] = mapped_column(LargeBinary)


class StoredRendition(Base):
    """An issue as rendered once, in the form that workers fill for each recipient."""

    __tablename__ = "renditions"
    __table_args__ = (UniqueConstraint("issue_id", "sha256"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"))
    content_hash: Mapped[str] = mapped_column(String(64))
    sha256: Mapped[str] = mapped_column(String(64))
    data: Mapped[bytes] = mapped_column(LargeBinary)
    rendered_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class Approval(Base):
    """Who approved what: content, list and rendition, bound by their hashes."""

    __tablename__ = "approvals"

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id", ondelete="CASCADE"), index=True)
    rendition_id: Mapped[int] = mapped_column(ForeignKey("renditions.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    list_hash: Mapped[str] = mapped_column(String(64))
    rendition_hash: Mapped[str] = mapped_column(String(64))
    approved_by: Mapped[str] = mapped_column(String(100))
    approved_at: Mapped[datetime]
    unresolved_reason: Mapped[str | None] = mapped_column(Text)

    rendition: Mapped[StoredRendition] = relationship()


class ApprovedRecipient(Base):
    """One line of the list as it was approved; freezing reads these and nothing else.

    ``address`` is empty for a unit on paper.
    """

    __tablename__ = "approved_recipients"
    __table_args__ = (
        Index("ix_approved_recipients_normalised", "approval_id", "normalised", "ordinal"),
        CheckConstraint("(channel = 'paper') = (normalised = '')", name="channel"),
    )

    approval_id: Mapped[int] = mapped_column(
        ForeignKey("approvals.id", ondelete="CASCADE"), primary_key=True
    )
    ordinal: Mapped[int] = mapped_column(primary_key=True)
    block_kind: Mapped[str] = mapped_column(String(20))
    block_role: Mapped[str] = mapped_column(String(16))
    entry: Mapped[str] = mapped_column(Text)
    block_place: Mapped[int | None]
    entry_place: Mapped[int | None]
    """Where the entry stands in the document, from 0; empty where it is not printed there."""
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_name: Mapped[str] = mapped_column(String(200))
    channel: Mapped[str] = mapped_column(String(8))
    address: Mapped[str] = mapped_column(String(320))
    normalised: Mapped[str] = mapped_column(String(320))
