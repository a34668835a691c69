"""The delivery log: what became of each address and unit of an issue, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Select, any_, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from mailer.deliveries.models import Attempt, Credit, Delivery, Dispatch, DispatchPurpose
from mailer.deliveries.states import DeliveryState
from mailer.issues.events import Event
from runtime.refusal import Refusal
from runtime.text import translate as _

_LARGEST = 2**63 - 1
PAPER = "paper"
"""Shown as the state of a unit that gets the issue printed."""


class NoSuchStateError(Refusal):
    """There is no delivery state {state}. Choose one of: {known}."""


class NoSuchDeliveryError(Refusal):
    """Issue {issue} has no delivery {delivery}. `mailer log {issue}` shows those that it has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CreditLine:
    """For which block, entry and unit a delivery is."""

    block: str
    entry: str
    unit: str
    unit_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LogLine:
    """One delivery, or one unit on paper (then ``id`` is None and ``state`` is ``paper``)."""

    id: int | None
    dispatch: int
    purpose: str
    address: str
    state: str
    attempts: int
    message_id: str
    last_code: int | None
    last_status: str | None
    last_reply: str | None
    due_at: datetime | None
    accepted_at: datetime | None
    finished_at: datetime | None
    credits: tuple[CreditLine, ...]

    @property
    def answer(self) -> str:
        """Return the last answer in one line: code, enhanced code, text; our notes translated."""
        parts = (self.last_code, self.last_status, _(self.last_reply or ""))
        return " ".join(str(part) for part in parts if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimelineLine:
    """An event or an attempt of a delivery."""

    at: datetime
    kind: str
    actor: str
    data: Mapping[str, object]


def parse_state(state: str) -> DeliveryState:
    """Return the delivery state of that name."""
    try:
        return DeliveryState(state)
    except ValueError:
        raise NoSuchStateError(state=state, known=", ".join(DeliveryState)) from None


def log_lines(
    session: Session,
    issue_id: int,
    *,
    states: tuple[DeliveryState, ...] = (),
    search: str = "",
    after: int = 0,
    limit: int | None = None,
) -> list[LogLine]:
    """Return the log of an issue, oldest delivery first, then units on paper.

    ``search`` is a part of a unit's name, of an entry, of the address or of the last answer.
    ``after`` and ``limit`` page through it: lines with a greater delivery id, so many at most.
    """
    statement = (
        select(Delivery, Dispatch.purpose)
        .join(Dispatch, Dispatch.id == Delivery.dispatch_id)
        .where(Dispatch.issue_id == issue_id, Delivery.id > after)
        .order_by(Delivery.id)
        .limit(limit)
    )
    if states:
        statement = statement.where(Delivery.state.in_(states))
    if search:
        statement = _matching(statement, search)
    rows = session.execute(statement).all()
    credits_ = _credits(session, [delivery.id for delivery, _ in rows])
    lines = [
        LogLine(
            id=delivery.id,
            dispatch=delivery.dispatch_id,
            purpose=DispatchPurpose(purpose).value,
            address=delivery.address,
            state=DeliveryState(delivery.state).value,
            attempts=delivery.attempts,
            message_id=delivery.message_id,
            last_code=delivery.last_code,
            last_status=delivery.last_status,
            last_reply=delivery.last_reply,
            due_at=delivery.due_at if delivery.finished_at is None else None,
            accepted_at=delivery.accepted_at,
            finished_at=delivery.finished_at,
            credits=credits_.get(delivery.id, ()),
        )
        for delivery, purpose in rows
    ]
    if not states and (limit is None or len(lines) < limit):
        lines += _paper_lines(session, issue_id, search)
    return lines


def timeline(session: Session, issue_id: int, delivery_id: int) -> list[TimelineLine]:
    """Return all that is known of one delivery, in time: its issue's freezing, events, attempts."""
    if not 0 < delivery_id <= _LARGEST:
        raise NoSuchDeliveryError(issue=issue_id, delivery=delivery_id)
    dispatch = session.execute(
        select(Dispatch.id, Dispatch.created_at)
        .join(Delivery, Delivery.dispatch_id == Dispatch.id)
        .where(Delivery.id == delivery_id, Dispatch.issue_id == issue_id)
    ).one_or_none()
    if dispatch is None:
        raise NoSuchDeliveryError(issue=issue_id, delivery=delivery_id)
    events = session.scalars(
        select(Event).where(Event.delivery_id == delivery_id).order_by(Event.id)
    )
    lines = [
        TimelineLine(
            at=dispatch.created_at, kind="frozen", actor="", data={"dispatch": dispatch.id}
        ),
        *(
            TimelineLine(at=event.at, kind=event.kind, actor=event.actor, data=event.data)
            for event in events
        ),
    ]
    attempts = session.scalars(
        select(Attempt).where(Attempt.delivery_id == delivery_id).order_by(Attempt.id)
    )
    lines += [
        TimelineLine(
            at=attempt.at,
            kind="attempt",
            actor=attempt.server,
            data={
                "outcome": attempt.outcome,
                "stage": attempt.stage,
                "code": attempt.code,
                "status": attempt.status,
                "reply": attempt.reply,
                "tls": attempt.tls,
                "fence": attempt.fence,
                "stale": attempt.stale,
                "seconds": (attempt.finished_at - attempt.at).total_seconds(),
            },
        )
        for attempt in attempts
    ]
    return sorted(lines, key=lambda line: line.at)


def _matching(
    statement: "Select[Delivery, DispatchPurpose]", search: str
) -> "Select[Delivery, DispatchPurpose]":
    credit = exists().where(
        Credit.delivery_id == Delivery.id,
        or_(
            Credit.unit_name.contains(search, autoescape=True),
            Credit.entry.contains(search, autoescape=True),
        ),
    )
    return statement.where(
        or_(
            credit,
            Delivery.address.icontains(search, autoescape=True),
            Delivery.last_reply.icontains(search, autoescape=True),
        )
    )


def _credits(session: Session, deliveries: list[int]) -> dict[int, tuple[CreditLine, ...]]:
    found: dict[int, list[CreditLine]] = {}
    # One parameter, whatever their number: a statement takes 65,535 of them.
    wanted = any_(literal(deliveries, ARRAY(BigInteger)))
    rows = session.scalars(
        select(Credit).where(Credit.delivery_id == wanted).order_by(Credit.ordinal)
    )
    for credit in rows:
        if credit.delivery_id is not None:
            found.setdefault(credit.delivery_id, []).append(_credit_line(credit))
    return {delivery: tuple(lines) for delivery, lines in found.items()}


def _paper_lines(session: Session, issue_id: int, search: str) -> list[LogLine]:
    statement = (
        select(Credit, Dispatch.purpose)
        .join(Dispatch, Dispatch.id == Credit.dispatch_id)
        .where(Dispatch.issue_id == issue_id, Credit.channel == PAPER)
        .order_by(Credit.ordinal)
    )
    if search:
        statement = statement.where(
            or_(
                Credit.unit_name.contains(search, autoescape=True),
                Credit.entry.contains(search, autoescape=True),
            )
        )
    return [
        LogLine(
            id=None,
            dispatch=credit.dispatch_id,
            purpose=DispatchPurpose(purpose).value,
            address="",
            state=PAPER,
            attempts=0,
            message_id="",
            last_code=None,
            last_status=None,
            last_reply=None,
            due_at=None,
            accepted_at=None,
            finished_at=None,
            credits=(_credit_line(credit),),
        )
        for credit, purpose in session.execute(statement)
    ]


def _credit_line(credit: Credit) -> CreditLine:
    return CreditLine(
        block=credit.block_kind, entry=credit.entry, unit=credit.unit_name, unit_id=credit.unit_id
    )
