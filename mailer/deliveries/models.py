"""The ledger's tables: dispatches, deliveries, credits, attempts and counters."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from mailer.deliveries.states import CLAIMABLE, FINAL, DeliveryState, sql_pairs, sql_states
from mailer.issues.models import DoubtPolicy
from runtime.database import Base


class DispatchPurpose(StrEnum):
    """What an issue is sent for."""

    DISTRIBUTION = "distribution"
    TEST = "test"
    SUPPLEMENT = "supplement"
    REMINDER = "reminder"
    CORRECTION = "correction"
    WITHDRAWAL = "withdrawal"


class DispatchState(StrEnum):
    """Whether workers may claim from a dispatch."""

    SENDING = "sending"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"


class Dispatch(Base):
    """A dispatch (发送批次): an issue sent for one purpose, in the rendition that was approved."""

    __tablename__ = "dispatches"
    __table_args__ = (
        CheckConstraint(
            "purpose IN ('distribution', 'test', 'supplement', 'reminder', 'correction',"
            " 'withdrawal')",
            name="purpose",
        ),
        CheckConstraint("state IN ('sending', 'paused', 'done', 'cancelled')", name="state"),
        CheckConstraint("doubt_policy IN ('resend', 'hold')", name="doubt_policy"),
        Index(
            "uq_dispatches_distribution",
            "issue_id",
            unique=True,
            postgresql_where=text("purpose = 'distribution'"),
        ),
        Index(
            "ix_dispatches_sending", "priority", "id", postgresql_where=text("state = 'sending'")
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("issues.id"), index=True)
    purpose: Mapped[DispatchPurpose]
    rendition_id: Mapped[int] = mapped_column(ForeignKey("renditions.id"))
    state: Mapped[DispatchState] = mapped_column(server_default="sending")
    priority: Mapped[int] = mapped_column(SmallInteger, server_default=text("5"))
    """Smaller goes first."""
    doubt_policy: Mapped[DoubtPolicy]
    from_address: Mapped[str] = mapped_column(String(254))
    zone: Mapped[str] = mapped_column(String(63))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    """When deferred deliveries are given up."""


class Delivery(Base):
    """A delivery (投递): one dispatch to one normalised address."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("dispatch_id", "normalised"),
        CheckConstraint(f"state IN ({sql_states(tuple(DeliveryState))})", name="state"),
        CheckConstraint(
            "CASE WHEN state_before IS NULL THEN state IN ('pending', 'suppressed')"
            f" ELSE (state_before, state) IN ({sql_pairs()}) END",
            name="transition",
        ),
        CheckConstraint(
            f"(state IN ({sql_states(FINAL)})) = (finished_at IS NOT NULL)", name="finished"
        ),
        CheckConstraint(
            "(state = 'claimed') = (lease_until IS NOT NULL)"
            " AND (state = 'claimed') = (owner IS NOT NULL)",
            name="lease",
        ),
        CheckConstraint("state NOT IN ('pending', 'deferred') OR due_at IS NOT NULL", name="due"),
        Index(
            "ix_deliveries_due",
            "dispatch_id",
            "due_at",
            "id",
            postgresql_where=text(f"state IN ({sql_states(CLAIMABLE)})"),
        ),
        Index("ix_deliveries_claimed", "lease_until", postgresql_where=text("state = 'claimed'")),
        Index(
            "ix_deliveries_open",
            "dispatch_id",
            postgresql_where=text(f"state NOT IN ({sql_states(FINAL)})"),
        ),
        Index("ix_deliveries_dispatch_id_state", "dispatch_id", "state", "id"),
        {"postgresql_with": {"fillfactor": 70}},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatches.id"))
    address: Mapped[str] = mapped_column(String(320))
    """As the directory writes it."""
    normalised: Mapped[str] = mapped_column(String(320))
    """What is compared: see :class:`recipients.addresses.Address`."""
    message_id: Mapped[str] = mapped_column(String(255))
    """Without angle brackets; the same for every attempt."""
    credited: Mapped[list[list[object]]] = mapped_column(JSONB)
    """What the mail comes for, so that a worker need not look it up: a list of
    [block kind, unit name, block place, entry place]; places are those in the document or null."""
    state: Mapped[DeliveryState] = mapped_column(server_default="pending")
    state_before: Mapped[DeliveryState | None]
    due_at: Mapped[datetime | None]
    owner: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default=text("0"))
    """Grows with each claim: a result that carries an older number is stale."""
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    last_code: Mapped[int | None] = mapped_column(SmallInteger)
    last_status: Mapped[str | None] = mapped_column(String(16))
    last_reply: Mapped[str | None] = mapped_column(Text)
    accepted_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Credit(Base):
    """A credit (归属): which block, entry and unit a delivery serves.

    A unit on paper has a credit without a delivery.
    """

    __tablename__ = "credits"
    __table_args__ = (
        UniqueConstraint("dispatch_id", "ordinal"),
        Index("ix_credits_delivery_id", "delivery_id"),
        Index("ix_credits_unit_id", "unit_id", "dispatch_id"),
        CheckConstraint("(channel = 'paper') = (delivery_id IS NULL)", name="channel"),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatches.id"))
    delivery_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id"))
    ordinal: Mapped[int]
    """Place in the printed order."""
    channel: Mapped[str] = mapped_column(String(8))
    block_kind: Mapped[str] = mapped_column(String(20))
    block_role: Mapped[str] = mapped_column(String(16))
    entry: Mapped[str] = mapped_column(Text)
    unit_id: Mapped[int | None] = mapped_column(BigInteger)
    unit_name: Mapped[str] = mapped_column(String(200))


class Attempt(Base):
    """An attempt (尝试): one SMTP transaction, with the reply (partitioned by month)."""

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_delivery_id", "delivery_id", "id"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    """When the transaction began."""
    finished_at: Mapped[datetime]
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    fence: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(16))
    stage: Mapped[str] = mapped_column(String(16))
    code: Mapped[int | None] = mapped_column(SmallInteger)
    status: Mapped[str | None] = mapped_column(String(16))
    reply: Mapped[str] = mapped_column(Text)
    server: Mapped[str] = mapped_column(String(255))
    tls: Mapped[bool]
    stale: Mapped[bool]
    """The lease was lost before the result came: evidence, never a state."""


class DeliveryCount(Base):
    """How many deliveries of a dispatch are in a state, kept by who changes the state.

    ``lane`` keeps worker processes from waiting for each other's row; a count is the sum over it.
    """

    __tablename__ = "delivery_counts"
    __table_args__ = ({"postgresql_with": {"fillfactor": 50}},)

    dispatch_id: Mapped[int] = mapped_column(ForeignKey("dispatches.id"), primary_key=True)
    state: Mapped[DeliveryState] = mapped_column(primary_key=True)
    lane: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    n: Mapped[int]


class Seal(Base):
    """A sealed range of events: the hash over them and over the seal before."""

    __tablename__ = "seals"
    __table_args__ = (CheckConstraint("last_id >= first_id", name="range"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    first_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    last_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    events: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    sealed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
