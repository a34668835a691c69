"""Events: append-only facts about issues and deliveries (partitioned by month).

The application's database role may insert and read them and nothing else. There is no foreign
key to or from an event, so that old partitions can be archived.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from runtime.database import Base


class Event(Base):
    """What happened, to what, by whom, when."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_issue_id", "issue_id", "id", postgresql_where=text("delivery_id IS NULL")),
        Index(
            "ix_events_delivery_id",
            "delivery_id",
            "id",
            postgresql_where=text("delivery_id IS NOT NULL"),
        ),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True, server_default=text("now()"))
    kind: Mapped[str] = mapped_column(String(32))
    issue_id: Mapped[int | None]
    delivery_id: Mapped[int | None] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(100))
    data: Mapped[dict[str, object]] = mapped_column(JSONB, server_default=text("'{}'"))


def record(
    session: Session,
    kind: str,
    *,
    actor: str,
    issue_id: int | None = None,
    delivery_id: int | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Append an event to the transaction of ``session``."""
    session.add(
        Event(
            kind=kind,
            actor=actor,
            issue_id=issue_id,
            delivery_id=delivery_id,
            data=dict(data or {}),
        )
    )
