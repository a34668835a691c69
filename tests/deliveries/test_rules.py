"""The pure rules of sending: shares, pauses, and what an attempt means."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.deliveries.concluding import conclude, suppressed
from mailer.deliveries.holding import Holding, Stop
from mailer.deliveries.pausing import RelayPause
from mailer.deliveries.retrying import DOUBT_PAUSE, LONGEST_PAUSE, doubt_pause, retry_at
from mailer.deliveries.sharing import fair_shares
from mailer.smtp.verdicts import Outcome, Stage
from tests.deliveries.loop.scripted import attempted, claimed

CHANCE = random.Random(1)  # noqa: S311 - spreads retries
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dispatches", "room", "shares"),
    [
        ([], 64, []),
        ([(1, 5)], 64, [(1, 64)]),
        ([(1, 5), (2, 5)], 64, [(1, 32), (2, 32)]),
        ([(1, 5), (2, 5), (3, 5)], 10, [(1, 4), (2, 3), (3, 3)]),
        ([(1, 5), (2, 5), (3, 5)], 2, [(1, 1), (2, 1)]),
        ([(1, 1), (2, 5)], 64, [(1, 63), (2, 1)]),
        ([(1, 5), (2, 1)], 64, [(2, 63), (1, 1)]),
        ([(1, 1), (2, 5)], 1, [(1, 1)]),
        ([(1, 5)], 0, []),
    ],
)
def test_shares(
    dispatches: list[tuple[int, int]], room: int, shares: list[tuple[int, int]]
) -> None:
    """Equal parts in a class, the urgent class first, at least one place for each later issue."""
    assert fair_shares(dispatches, room) == shares


@given(
    priorities=st.lists(st.integers(1, 5), max_size=30),
    room=st.integers(0, 200),
)
def test_shares_fill_the_room_and_never_more(priorities: list[int], room: int) -> None:
    """Whatever is being sent: no more than fits, all of it if there is anything, nobody starved."""
    dispatches = list(enumerate(priorities))
    shares = dict(fair_shares(dispatches, room))
    assert sum(shares.values()) == (room if dispatches else 0)
    assert all(share > 0 for share in shares.values())
    if room >= len(dispatches):
        assert set(shares) == {number for number, _ in dispatches}


@pytest.mark.parametrize(
    ("attempts", "minutes"),
    [(1, 5), (2, 10), (3, 20), (6, 160), (7, 240), (30, 240), (10_000, 240)],
)
def test_pauses_double_up_to_four_hours(attempts: int, minutes: int) -> None:
    """5, 10, 20 … minutes, each a fifth longer or shorter: they do not come back at once."""
    chance = random.Random(attempts)  # noqa: S311 - spreads retries
    pauses = [
        retry_at(attempts, NOW, timedelta(minutes=5), chance=chance) - NOW for _ in range(200)
    ]
    assert min(pauses) >= timedelta(minutes=minutes) * 0.8
    assert max(pauses) <= timedelta(minutes=minutes) * 1.2
    assert max(pauses) - min(pauses) > timedelta(minutes=minutes) * 0.3
    assert max(pauses) <= LONGEST_PAUSE * 1.2


def test_a_doubt_waits_for_a_late_answer() -> None:
    """A minute at most, less where retries are quicker."""
    assert doubt_pause(timedelta(minutes=5)) == DOUBT_PAUSE == timedelta(minutes=1)
    assert doubt_pause(timedelta(seconds=2)) == timedelta(seconds=2)


@pytest.mark.parametrize(
    ("outcome", "state", "due"),
    [
        (Outcome.ACCEPTED, "accepted", False),
        (Outcome.REJECTED, "rejected", False),
        (Outcome.DEFERRED, "deferred", True),
        (Outcome.UNCONFIRMED, "unconfirmed", True),
    ],
)
def test_what_an_attempt_means(outcome: Outcome, state: str, *, due: bool) -> None:
    """Each outcome leads to one state; open ones are due again."""
    result = conclude(claimed(7), attempted(outcome), timedelta(minutes=5), chance=CHANCE)
    assert result is not None
    assert (result.id, result.fence, result.state, result.cause) == (7, 1, state, state)
    assert (result.due_at is not None) is due


def test_given_up_means_nothing_to_store() -> None:
    """Nothing was accepted and nothing is in doubt."""
    attempt = attempted(Outcome.GIVEN_UP)
    assert conclude(claimed(7), attempt, timedelta(minutes=5), chance=CHANCE) is None
    assert suppressed(claimed(7)).attempt is None


def test_every_outcome_is_decided() -> None:
    """A new outcome must not fall through to being given back."""
    decided = {
        outcome
        for outcome in Outcome
        if conclude(claimed(1), attempted(outcome), timedelta(1), chance=CHANCE)
    }
    assert decided == set(Outcome) - {Outcome.GIVEN_UP}


def test_the_window_counts_what_has_no_stored_result() -> None:
    """A finished delivery takes its place until its result is stored."""
    holding = Holding(3)
    first, second = holding.add([claimed(1), claimed(2, suppressed=True)], 100.0, 60.0)
    assert (holding.room, first.deadline, second.stop) == (1, 160.0, Stop.SUPPRESSED)
    first.finished = True
    assert holding.waiting() == [second]
    assert holding.room == 1
    holding.drop({1, 99})
    assert holding.room == 2


def test_a_held_delivery_may_go_on_until_the_margin() -> None:
    """Not a moment longer, and only as far as the last renewal that came through."""
    holding = Holding(1)
    (held,) = holding.add([claimed(1)], 100.0, 60.0)
    assert held.may_go_on(147.9, 12.0)
    assert not held.may_go_on(148.0, 12.0)
    holding.renewed([held], {1}, 120.0, 60.0)
    assert held.may_go_on(167.9, 12.0)
    holding.renewed([held], set(), 130.0, 60.0)
    assert held.stop is Stop.LEASE_LOST
    assert not held.may_go_on(131.0, 12.0)


def test_a_relay_out_of_reach_is_tried_ever_more_seldom() -> None:
    """1, 2, 4 … 30 seconds; failures of one moment count once; an answer ends it."""
    pause = RelayPause()
    unreachable = attempted(Outcome.DEFERRED, Stage.CONNECT)
    seen, clock = [], 1000.0
    for _ in range(7):
        for _ in range(10):
            assert pause.note(unreachable, clock)
            clock += 0.01
        seen.append(pause.seconds)
        clock += pause.seconds
    assert seen == [1, 2, 4, 8, 16, 30, 30]
    nowhere = replace(attempted(Outcome.REJECTED, Stage.CONTENT), server="")
    assert not pause.note(nowhere, clock)
    assert pause.seconds == 30
    assert not pause.note(attempted(Outcome.REJECTED, Stage.RCPT), clock)
    assert pause.seconds == 0
