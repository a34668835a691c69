"""Suppressions (停发): addresses that must not be mailed, why, and until when."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Index,
    String,
    any_,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from recipients.columns import ADDRESS_LENGTH, Id, Name, Note, choice
from recipients.names import tidy_note
from runtime import clock
from runtime.database import Base
from runtime.refusal import Refusal


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


class NotSuppressedError(Refusal):
    """The address {address} is not suppressed, so there is nothing to lift."""


class EndsInThePastError(Refusal):
    """The suppression of {address} would end at {until}, which is over. Give a later time, or none
    at all for good.
    """


def suppress(
    session: Session,
    address: str,
    reason: SuppressionReason,
    actor: str,
    *,
    until: datetime | None = None,
    note: str = "",
) -> None:
    """Stop mail to ``address`` (normalised) from now on, for good where ``until`` is ``None``.

    An address has one open suppression: where there is one already it is prolonged, never cut
    short, and takes the new reason and note only if it is prolonged.

    Raises:
        EndsInThePastError: ``until`` is over.

    """
    now = clock.now()
    if until is not None and until <= now:
        raise EndsInThePastError(address=address, until=until.isoformat(timespec="minutes"))
    _close_expired(session, address, now)
    new = insert(Suppression).values(
        address=address, reason=reason, actor=actor, note=tidy_note(note), since=now, until=until
    )
    longer = Suppression.until.is_not(None) & or_(
        new.excluded.until.is_(None), new.excluded.until > Suppression.until
    )
    session.execute(
        new.on_conflict_do_update(
            index_elements=[Suppression.address],
            index_where=Suppression.lifted_at.is_(None),
            set_={name: new.excluded[name] for name in ("reason", "actor", "note", "until")},
            where=longer,
        )
    )


def lift(session: Session, address: str, actor: str) -> None:
    """Allow mail to ``address`` (normalised) again; the stretch of time stays on record.

    Raises:
        NotSuppressedError: it is not suppressed.

    """
    now = clock.now()
    _close_expired(session, address, now)
    lifted = session.execute(
        update(Suppression)
        .where(Suppression.address == address, Suppression.lifted_at.is_(None))
        .values(lifted_at=now, lifted_by=actor)
        .returning(Suppression.id)
    )
    if lifted.first() is None:
        raise NotSuppressedError(address=address)


def suppressed_among(
    session: Session, addresses: Collection[str], now: datetime
) -> Mapping[str, SuppressionReason]:
    """Return those of ``addresses`` (normalised) that must not be mailed at ``now``, and why."""
    wanted = any_(literal(list(addresses), ARRAY(String)))
    query = select(Suppression.address, Suppression.reason).where(
        Suppression.address == wanted,
        Suppression.lifted_at.is_(None),
        or_(Suppression.until.is_(None), Suppression.until > now),
    )
    return dict(session.execute(query).all())


def _close_expired(session: Session, address: str, now: datetime) -> None:
    """Close a suppression whose time is over, as of when it was."""
    session.execute(
        update(Suppression)
        .where(
            Suppression.address == address,
            Suppression.lifted_at.is_(None),
            Suppression.until <= now,
        )
        .values(lifted_at=Suppression.until)
    )
