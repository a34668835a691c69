"""Freezing: what was approved becomes deliveries and credits, once."""

import hashlib
import re
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mailer.deliveries.models import Credit, Delivery
from mailer.issues.events import Event
from mailer.issues.models import ApprovedRecipient, DoubtPolicy
from recipients.suppression import SuppressionReason, lift, suppress
from runtime.clock import now
from tests.deliveries.dispatches import (
    KEY,
    Line,
    approve_lines,
    approve_many,
    approved,
    check_ledger,
    dispatch_of,
    freeze_dispatch,
    in_states,
    lines,
    sending,
    told,
    wait_past,
)


def deliveries(session: Session, dispatch: int) -> dict[str, Delivery]:
    """Return the deliveries of a dispatch by their normalised address."""
    found = session.scalars(select(Delivery).where(Delivery.dispatch_id == dispatch))
    return {delivery.normalised: delivery for delivery in found}


def test_two_units_with_one_address_get_one_mail(session: Session) -> None:
    """One delivery an address, in whatever case it is written; each unit and entry is credited."""
    dispatch = sending(
        session,
        [
            Line(unit="市文明办", address="Office@Unit.example", normalised="office@unit.example"),
            Line(unit="市教育局", address="jy@unit.example", entry="市教育局、文明办"),
            Line(
                unit="市委宣传部",
                address="office@unit.example",
                entry="市委宣传部",
                block="报",
            ),
        ],
    )
    found = deliveries(session, dispatch)
    assert set(found) == {"office@unit.example", "jy@unit.example"}
    shared = found["office@unit.example"]
    assert shared.address == "Office@Unit.example"
    assert shared.credited == [["送", "市文明办", 0, 0], ["报", "市委宣传部", 0, 2]]
    credits_ = session.execute(
        select(Credit.unit_name, Credit.entry, Credit.block_kind, Credit.delivery_id)
        .where(Credit.dispatch_id == dispatch)
        .order_by(Credit.ordinal)
    ).all()
    assert [tuple(row) for row in credits_] == [
        ("市文明办", "市文明办", "送", shared.id),
        ("市教育局", "市教育局、文明办", "送", found["jy@unit.example"].id),
        ("市委宣传部", "市委宣传部", "报", shared.id),
    ]


def test_an_address_twice_in_an_entry_is_credited_twice_and_mailed_once(session: Session) -> None:
    """The same unit in two blocks: each line of the list keeps its credit."""
    line = Line(unit="市政府办公室", address="zf@unit.example")
    dispatch = sending(session, [line, line, line])
    assert len(deliveries(session, dispatch)) == 1
    assert session.scalar(select(func.count()).select_from(Credit)) == 3


def test_suppressed_addresses_are_shown(session: Session) -> None:
    """They are frozen as suppressed, the reason in an event; those that are over are sent."""
    for name in ("stopped", "lifted"):
        suppress(session, f"{name}@unit.example", SuppressionReason.COMPLAINED, "test")
    lift(session, "lifted@unit.example", "test")
    soon = now() + timedelta(milliseconds=20)
    suppress(session, "over@unit.example", SuppressionReason.FULL, "test", until=soon)
    wait_past(soon)
    issue = approved(session)
    approve_lines(session, issue, lines("stopped", "lifted", "over", "fine"))
    frozen = freeze_dispatch(session, issue, dispatch_of(issue))
    assert (frozen.pending, frozen.suppressed, frozen.paper) == (3, 1, 0)
    stopped = deliveries(session, frozen.dispatch_id)["stopped@unit.example"]
    assert stopped.state == "suppressed"
    assert stopped.finished_at is not None
    event = session.scalars(select(Event).where(Event.delivery_id == stopped.id)).one()
    assert (event.kind, event.data) == ("suppressed", {"reason": "complained"})
    check_ledger(session)


def test_paper_units_are_credited_without_a_delivery(session: Session) -> None:
    """They stand in the log, get no mail, and finish with the rest."""
    issue = approved(session)
    approve_lines(
        session,
        issue,
        [Line(unit="老干部局", address=""), Line(unit="档案馆", address=""), *lines("a")],
    )
    frozen = freeze_dispatch(session, issue, dispatch_of(issue))
    assert (frozen.pending, frozen.suppressed, frozen.paper) == (1, 0, 2)
    paper = session.execute(
        select(Credit.unit_name, Credit.delivery_id).where(Credit.channel == "paper")
    ).all()
    assert [tuple(row) for row in paper] == [("老干部局", None), ("档案馆", None)]
    told_ = session.scalars(select(Event).where(Event.kind == "frozen")).one()
    assert told_.data["paper"] == 2


def test_message_ids_are_the_same_each_time_and_say_nothing(session: Session) -> None:
    """From key and address alone, under the sender's domain; not to be had without the key."""
    ids = []
    for key in (KEY, KEY, b"another key of thirty-two octets"):
        issue = approved(session)
        approve_lines(session, issue, lines("a", "b", "c"))
        frozen = freeze_dispatch(session, issue, dispatch_of(issue), key=key)
        ids.append({a: d.message_id for a, d in deliveries(session, frozen.dispatch_id).items()})
    first, again, other = ids
    assert first == again
    assert len(set(first.values())) == 3
    assert not set(first.values()) & set(other.values())
    assert all(re.fullmatch(r"[0-9a-f]{40}@yunwan\.example", found) for found in first.values())
    address = "a@unit.example"
    guessable = {
        digest(text.encode()).hexdigest()[:40]
        for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5)
        for text in (address, f"<{address}>", f"{address}\n", "yunwan" + address)
    }
    assert first[address].partition("@")[0] not in guessable


def test_a_second_freezing_is_refused_by_the_database(session: Session) -> None:
    """However it came about: an issue is distributed once."""
    issue = approved(session)
    approve_lines(session, issue, lines("a"))
    freeze_dispatch(session, issue, dispatch_of(issue))
    with pytest.raises(IntegrityError, match="uq_dispatches_distribution"), session.begin_nested():
        freeze_dispatch(session, issue, dispatch_of(issue))
    assert in_states(session) == {"pending": 1}


def test_policies_are_those_of_the_instant(session: Session) -> None:
    """What the bulletin says later does not change a dispatch."""
    issue = approved(session)
    approve_lines(session, issue, lines("a"))
    dispatch = dispatch_of(issue, doubt=DoubtPolicy.HOLD)
    freeze_dispatch(session, issue, dispatch)
    issue.bulletin.doubt_policy = DoubtPolicy.RESEND
    issue.bulletin.from_address = "other@elsewhere.example"
    session.flush()
    session.expire(dispatch)
    assert dispatch.doubt_policy is DoubtPolicy.HOLD
    assert dispatch.from_address == "bulletin@yunwan.example"


def test_ten_thousand_units_in_seconds(session: Session) -> None:
    """One block of 10,000 units: a handful of statements, and nothing for each of them here."""
    issue = approved(session)
    approve_many(session, issue, 10_000)
    began = time.perf_counter()
    frozen = freeze_dispatch(session, issue, dispatch_of(issue))
    took = time.perf_counter() - began
    print(f"\n10,000 lines frozen in {took:.2f} s")  # noqa: T201 - for who runs with -s
    assert frozen.pending == 10_000
    assert in_states(session) == {"pending": 10_000}
    assert session.scalar(select(func.count()).select_from(Credit)) == 10_000
    # No event a delivery: the dispatch's own tells of all (docs/decisions/0002).
    assert len(session.scalars(select(Event)).all()) <= 3
    assert took < 10


def test_an_event_of_the_dispatch_tells_what_was_frozen(session: Session) -> None:
    """Counts, approval and purpose are in one event; a delivery's own events start later."""
    issue = approved(session)
    approve_lines(session, issue, lines("a", "b"))
    frozen = freeze_dispatch(session, issue, dispatch_of(issue))
    event = session.scalars(select(Event).where(Event.kind == "frozen")).one()
    assert event.issue_id == issue.id
    assert event.data == {
        "dispatch": frozen.dispatch_id,
        "purpose": "distribution",
        "approval": issue.approval_id,
        "pending": 2,
        "suppressed": 0,
        "paper": 0,
    }
    for delivery in deliveries(session, frozen.dispatch_id).values():
        assert told(session, delivery.id) == []


def test_the_list_is_read_and_never_changed(session: Session) -> None:
    """The approved lines stay as evidence."""
    issue = approved(session)
    approve_lines(session, issue, lines("a", "b"))
    freeze_dispatch(session, issue, dispatch_of(issue))
    kept = session.scalars(
        select(ApprovedRecipient.address).order_by(ApprovedRecipient.ordinal)
    ).all()
    assert kept == ["a@unit.example", "b@unit.example"]
