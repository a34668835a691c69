"""Dispatches for tests: approved line by line as an approval does it, frozen by the real thing."""

import hashlib
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from mailer.actions.bulletins import add_bulletin
from mailer.deliveries.freezing import Frozen, freeze
from mailer.deliveries.models import Delivery, DeliveryCount, Dispatch, DispatchPurpose
from mailer.deliveries.states import (
    FINAL,
    TRANSITIONS,
    DeliveryCause,
    DeliveryState,
    DeliveryTransition,
)
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState
from mailer.issues.models import (
    Approval,
    ApprovedRecipient,
    Bulletin,
    DoubtPolicy,
    Issue,
    StoredRendition,
)
from runtime.clock import now

KEY = b"a key of thirty-two octets......"
_NUMBERS = itertools.count(1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the approved list; ``address`` is empty for a unit on paper."""

    unit: str
    address: str
    normalised: str = ""
    entry: str = ""
    block: str = "送"


def lines(*names: str) -> list[Line]:
    """Return a line for each name, with an address of its own."""
    return [Line(unit=name, address=f"{name}@unit.example") for name in names]


def approved(session: Session, *, rendition: bytes = b"") -> Issue:
    """Return an issue that is scheduled, with an approval that lists nobody yet."""
    bulletin = session.scalar(select(Bulletin)) or add_bulletin(
        session,
        slug="yunwan",
        name="云湾市工作简报",
        from_name="云湾市政府办公室",
        from_address="bulletin@yunwan.example",
        actor="test",
    )
    digest = hashlib.sha256(str(next(_NUMBERS)).encode()).hexdigest()
    issue = Issue(
        bulletin=bulletin,
        title="云湾市工作简报",
        document={},
        content_hash=digest,
        source_name="issue.txt",
        source_sha256=digest,
        created_by="test",
    )
    session.add(issue)
    session.flush()
    stored = StoredRendition(
        issue_id=issue.id, content_hash=digest, sha256=digest, data=rendition or b"-"
    )
    session.add(stored)
    session.flush()
    approval = Approval(
        issue_id=issue.id,
        rendition_id=stored.id,
        content_hash=digest,
        list_hash=digest,
        rendition_hash=digest,
        approved_by="test",
        approved_at=now(),
    )
    session.add(approval)
    session.flush()
    issue.rendition, issue.approval = stored, approval
    issue.due_at = now()
    issue.state, issue.state_before = IssueState.SCHEDULED, IssueState.APPROVED
    session.flush()
    return issue


def approve_lines(session: Session, issue: Issue, wanted: Sequence[Line]) -> None:
    """Write the lines of the approved list."""
    session.add_all(
        ApprovedRecipient(
            approval_id=issue.approval_id,
            ordinal=ordinal,
            block_kind=line.block,
            block_role="send",
            entry=line.entry or line.unit,
            block_place=0,
            entry_place=ordinal,
            unit_id=1000 + ordinal,
            unit_name=line.unit,
            channel="email" if line.address else "paper",
            address=line.address,
            normalised=line.normalised or line.address.lower(),
        )
        for ordinal, line in enumerate(wanted)
    )
    session.flush()


def approve_many(session: Session, issue: Issue, count: int) -> None:
    """Write so many lines, each with an address of its own."""
    session.execute(
        text(
            "INSERT INTO approved_recipients (approval_id, ordinal, block_kind, block_role, entry,"
            " unit_id, unit_name, channel, address, normalised)"
            " SELECT :approval, n, '送', 'send', 'u' || n, n, 'u' || n, 'email',"
            " 'u' || n || '@unit.example', 'u' || n || '@unit.example'"
            " FROM generate_series(1, :count) n"
        ),
        {"approval": issue.approval_id, "count": count},
    )


def dispatch_of(
    issue: Issue,
    *,
    priority: int = 5,
    doubt: DoubtPolicy = DoubtPolicy.RESEND,
    lifetime: timedelta = timedelta(hours=72),
    at: datetime | None = None,
) -> Dispatch:
    """Return the distribution of an issue, not yet frozen."""
    assert issue.rendition_id is not None
    created = at or now()
    return Dispatch(
        issue_id=issue.id,
        purpose=DispatchPurpose.DISTRIBUTION,
        rendition_id=issue.rendition_id,
        priority=priority,
        doubt_policy=doubt,
        from_address="bulletin@yunwan.example",
        zone="Asia/Shanghai",
        created_at=created,
        expires_at=created + lifetime,
    )


def freeze_dispatch(
    session: Session, issue: Issue, dispatch: Dispatch, *, key: bytes = KEY
) -> Frozen:
    """Freeze, and take the issue to sending, as the action does."""
    assert issue.approval_id is not None
    frozen = freeze(
        session, dispatch, approval_id=issue.approval_id, key=key, now=now(), actor="test"
    )
    issue.state_before, issue.state = IssueState.SCHEDULED, IssueState.SENDING
    session.flush()
    return frozen


def sending(
    session: Session,
    wanted: Sequence[Line] | int,
    *,
    priority: int = 5,
    doubt: DoubtPolicy = DoubtPolicy.RESEND,
    lifetime: timedelta = timedelta(hours=72),
) -> int:
    """Make a dispatch that is being sent to ``wanted``; return its number."""
    issue = approved(session)
    if isinstance(wanted, int):
        approve_many(session, issue, wanted)
    else:
        approve_lines(session, issue, wanted)
    dispatch = dispatch_of(issue, priority=priority, doubt=doubt, lifetime=lifetime)
    return freeze_dispatch(session, issue, dispatch).dispatch_id


def counted(session: Session, dispatch: int | None = None) -> dict[str, int]:
    """Return the counters, lanes added up, without zeros."""
    query = select(DeliveryCount.state, func.sum(DeliveryCount.n)).group_by(DeliveryCount.state)
    if dispatch is not None:
        query = query.where(DeliveryCount.dispatch_id == dispatch)
    return {state.value: int(n) for state, n in session.execute(query) if n}


def in_states(session: Session, dispatch: int | None = None) -> dict[str, int]:
    """Return the deliveries counted by state."""
    query = select(Delivery.state, func.count()).group_by(Delivery.state)
    if dispatch is not None:
        query = query.where(Delivery.dispatch_id == dispatch)
    return {state.value: n for state, n in session.execute(query)}


def told(session: Session, delivery: int) -> list[str]:
    """Return the kinds of a delivery's events, oldest first."""
    return list(
        session.scalars(select(Event.kind).where(Event.delivery_id == delivery).order_by(Event.id))
    )


def replay(kinds: Sequence[str], first: DeliveryState = DeliveryState.PENDING) -> DeliveryState:
    """Return the state to which events lead; fail where the table of transitions has no such step.

    Giving back leads to the state before the claim.
    """
    state, before = first, first
    for kind in kinds:
        if kind == "stale-result":
            continue
        steps = [step for step in TRANSITIONS if step.before is state and step.cause == kind]
        assert steps, f"{kind} cannot follow {state}: {kinds}"
        after = before if kind == DeliveryCause.RELEASE else steps[0].after
        assert (
            DeliveryTransition(before=state, cause=DeliveryCause(kind), after=after) in TRANSITIONS
        )
        state, before = after, state
    return state


def check_ledger(session: Session) -> None:
    """Assert what always holds: counters, final ⇔ finished, claimed ⇔ lease, events explain."""
    assert counted(session) == in_states(session)
    events: dict[int | None, list[str]] = {}
    for number, kind in session.execute(
        select(Event.delivery_id, Event.kind)
        .where(Event.delivery_id.is_not(None))
        .order_by(Event.id)
    ):
        events.setdefault(number, []).append(kind)
    for row in session.scalars(select(Delivery).execution_options(populate_existing=True)):
        kinds = events.get(row.id, [])
        if kinds == ["suppressed"]:
            assert row.state is DeliveryState.SUPPRESSED
        else:
            assert replay(kinds) is row.state, f"{row.id} {kinds}"
        assert (row.state in FINAL) == (row.finished_at is not None)
        assert (row.state is DeliveryState.CLAIMED) == (row.lease_until is not None)
        assert (row.state is DeliveryState.CLAIMED) == (row.owner is not None)


def wait_past(instant: datetime) -> None:
    """Return when ``instant`` is over."""
    while now() <= instant:
        time.sleep(0.005)
