"""Addresses that must not be mailed."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from recipients.suppression import (
    EndsInThePastError,
    NotSuppressedError,
    Suppression,
    SuppressionReason,
    lift,
    suppress,
    suppressed_among,
)
from runtime import clock

ONE, TWO, THREE = "a@b.example", "c@b.example", "d@b.example"
DAY = timedelta(days=1)


def test_suppressed_addresses_are_found_among_others(session: Session) -> None:
    """With the reason, for as long as the suppression lasts."""
    now = clock.now()
    suppress(session, ONE, SuppressionReason.BOUNCED, "反馈")
    suppress(session, TWO, SuppressionReason.FULL, "反馈", until=now + DAY, note="邮箱已满")
    found = {ONE: SuppressionReason.BOUNCED, TWO: SuppressionReason.FULL}
    assert suppressed_among(session, [ONE, TWO, THREE], clock.now()) == found
    assert suppressed_among(session, [TWO, THREE], now + 2 * DAY) == {}
    assert suppressed_among(session, [], now) == {}


def test_a_suppression_is_prolonged_and_never_cut_short(session: Session) -> None:
    """One address has one open row, whatever is said of it."""
    now = clock.now()
    suppress(session, ONE, SuppressionReason.FULL, "反馈", until=now + DAY)
    suppress(session, ONE, SuppressionReason.COMPLAINED, "反馈")
    suppress(session, ONE, SuppressionReason.MANUAL, "王芳", until=now + 2 * DAY)
    rows = session.execute(select(Suppression.reason, Suppression.until)).all()
    assert rows == [(SuppressionReason.COMPLAINED, None)]


def test_a_lifted_suppression_stays_on_record(session: Session) -> None:
    """The address is mailed again, and can be suppressed again."""
    suppress(session, ONE, SuppressionReason.MANUAL, "王芳")
    lift(session, ONE, "李敏")
    assert suppressed_among(session, [ONE], clock.now()) == {}
    with pytest.raises(NotSuppressedError):
        lift(session, ONE, "李敏")
    suppress(session, ONE, SuppressionReason.MANUAL, "王芳")
    assert session.scalar(select(func.count()).select_from(Suppression)) == 2


def test_one_that_is_over_gives_way_to_a_new_one(session: Session) -> None:
    """It is closed as of the time when it ended, and nothing is left of it to lift."""
    suppress(session, ONE, SuppressionReason.FULL, "反馈", until=clock.now() + DAY)
    ended = clock.now() - DAY
    session.execute(update(Suppression).values(since=ended - DAY, until=ended))
    with pytest.raises(NotSuppressedError):
        lift(session, ONE, "李敏")
    suppress(session, ONE, SuppressionReason.BOUNCED, "反馈")
    rows = session.execute(
        select(Suppression.reason, Suppression.lifted_at).order_by(Suppression.id)
    ).all()
    assert rows == [(SuppressionReason.FULL, ended), (SuppressionReason.BOUNCED, None)]


def test_one_that_would_be_over_is_refused(session: Session) -> None:
    """A time in the past is a slip of the pen."""
    with pytest.raises(EndsInThePastError):
        suppress(session, ONE, SuppressionReason.MANUAL, "王芳", until=clock.now() - DAY)
