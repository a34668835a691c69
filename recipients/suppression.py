"""Suppressions (停发): addresses that must not be mailed, why, and until when."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from recipients.columns import ADDRESS_LENGTH, Id, Name, Note, choice
from runtime.database import Base


class SuppressionReason(StrEnum):
    """Why an address is not mailed."""

    BOUNCED = "bounced"
    """The address does not exist, or does not take mail for good."""
    FULL = "full"
    """The mailbox was full or disabled time and again."""
    COMPLAINED = "complained"
    """The receiver marked a mail as spam."""
    UNSUBSCRIBED = "unsubscribed"
    MANUAL = "manual"
    """Somebody of the office said so."""


class Suppression(Base):
    """One stretch of time in which an address is not mailed; open while nobody has lifted it."""

    __tablename__ = "suppressions"
    __table_args__ = (
        CheckConstraint("position('@' in address) > 1", name="has_domain"),
        CheckConstraint("until > since", name="ends_after_it_begins"),
        Index(
            "uq_suppressions_open",
            "address",
            unique=True,
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    address: Mapped[str] = mapped_column(String(ADDRESS_LENGTH))
    """Normalised, see :class:`recipients.addresses.Address`."""
    reason: Mapped[SuppressionReason] = mapped_column(choice(SuppressionReason, "reason"))
    note: Mapped[Note]
    actor: Mapped[Name]
    since: Mapped[datetime]
    until: Mapped[datetime | None]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[Name | None]
