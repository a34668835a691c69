"""Sending for real: what a server does to a delivery, and what a person can do meanwhile."""

import asyncio
import email
import email.policy
import socket
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from mailer.actions.scheduling import cancel, pause, resume
from mailer.deliveries.log import timeline
from mailer.deliveries.models import Attempt, Dispatch
from mailer.inbox.store import read_message
from mailer.issues.models import DoubtPolicy, Issue
from recipients.suppression import SuppressionReason, suppress
from runtime.clock import elapsed, now
from tests.deliveries.dispatches import check_ledger, told
from tests.deliveries.loop.conftest import Post, accepted, until
from tests.smtp.scripted import ScriptedServers

pytestmark = pytest.mark.anyio


def verify(post: Post) -> None:
    """Assert what always holds of the ledger."""
    with post.database.transaction() as session:
        check_ledger(session)


async def test_a_mail_arrives_as_it_was_meant(post: Post) -> None:
    """Once, under the Message-ID of the ledger, to its address, with the unit's name in it."""
    server = await post.inbox()
    numbers = post.issue(5)
    summary = await post.run()
    assert (summary.recorded, summary.more) == (5, False)
    assert set(post.states().values()) == {"accepted"}
    for name, number in numbers.items():
        delivery = post.delivery(number)
        (kept,) = [
            m for m in server.store.messages if m.message_id.strip("<>") == delivery.message_id
        ]
        assert kept.rcpt_to == (f"{name}@unit.example",)
        assert kept.mail_from == "bulletin@yunwan.example"
        mail = email.message_from_bytes(read_message(kept), policy=email.policy.default)
        body = mail.get_body(("plain",))
        assert body is not None
        assert f"市{name[1:]}号局" in body.get_content()
        assert delivery.accepted_at is not None
        assert (delivery.attempts, delivery.last_code) == (1, 250)
        assert told_of(post, number) == ["claimed", "accepted"]
    verify(post)
    assert post.sweep().senders == 0
    with post.database.transaction() as session:
        assert session.scalars(select(Issue.state)).one() == "sent"


def told_of(post: Post, number: int) -> list[str]:
    """Return the kinds of a delivery's events."""
    with post.database.transaction() as session:
        return told(session, number)


async def test_each_behaviour_ends_where_it_should(post: Post) -> None:
    """Deferred comes back after its pause; rejected is final; neither disturbs the others."""
    server = await post.inbox(
        {
            "u1@unit.example": "defer-first",
            "u2@unit.example": "reject",
            "u3@unit.example": "reject-data",
            "u4@unit.example": "drop-after-250",
            "u5@unit.example": "slow:50",
        }
    )
    numbers = post.issue(6)
    await post.run()
    assert post.states() == {
        "u0": "accepted",
        "u1": "deferred",
        "u2": "rejected",
        "u3": "rejected",
        "u4": "accepted",
        "u5": "accepted",
    }
    deferred = post.delivery(numbers["u1"])
    assert deferred.last_code == 451
    assert deferred.due_at is not None
    # The first pause is a minute, give or take a fifth.
    assert timedelta(seconds=45) < deferred.due_at - now() < timedelta(seconds=73)
    assert post.delivery(numbers["u2"]).last_code == 550
    assert post.delivery(numbers["u3"]).last_code == 554
    assert (await post.run()).recorded == 0
    post.pass_time()
    assert post.sweep().senders == 2
    assert (await post.run()).recorded == 1
    again = post.delivery(numbers["u1"])
    assert (again.state, again.attempts, again.message_id) == ("accepted", 2, deferred.message_id)
    assert told_of(post, numbers["u1"]) == ["claimed", "deferred", "claimed", "accepted"]
    assert sum(accepted(server).values()) == 4
    verify(post)


@pytest.mark.parametrize("behaviour", ["hang:1", "drop:1"])
@pytest.mark.parametrize("policy", list(DoubtPolicy))
async def test_no_answer_is_a_doubt(post: Post, behaviour: str, policy: DoubtPolicy) -> None:
    """Resent under the same Message-ID, or held: by the policy; and the log shows which."""
    server = await post.inbox({"u1@unit.example": behaviour})
    numbers = post.issue(2, policy)
    await post.run()
    doubtful = post.delivery(numbers["u1"])
    assert doubtful.state == "unconfirmed"
    assert doubtful.last_code is None
    post.sweep()
    post.pass_time()
    await post.run()
    after = post.delivery(numbers["u1"])
    assert after.message_id == doubtful.message_id
    kept = [m for m in server.store.messages if m.message_id.strip("<>") == after.message_id]
    if policy is DoubtPolicy.RESEND:
        assert doubtful.due_at is not None
        assert after.state == "accepted"
        assert [m.answer.value for m in kept] == ["none", "accepted"]
        assert told_of(post, after.id) == ["claimed", "unconfirmed", "claimed", "accepted"]
    else:
        assert doubtful.due_at is None
        assert after.state == "held"
        assert [m.answer.value for m in kept] == ["none"]
        assert told_of(post, after.id) == ["claimed", "unconfirmed", "held"]
    verify(post)


async def test_a_relay_that_is_away_costs_time_only(post: Post) -> None:
    """Refused connections defer a few, slow the rest down, and lose nothing."""
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        port = unbound.getsockname()[1]
    post.use(port)
    post.change(send_seconds=1.5, in_doubt_window=8)
    numbers = post.issue(30)
    summary = await post.run()
    assert summary.more
    states = list(post.states().values())
    assert set(states) == {"pending", "deferred"}
    # Four connections tried at once; then one delivery after another was risked, with pauses.
    assert 4 <= states.count("deferred") <= 12
    verify(post)
    server = await post.inbox(port=port)
    post.change(send_seconds=30)
    post.pass_time()
    await post.run()
    assert set(post.states().values()) == {"accepted"}
    assert accepted(server) == {post.delivery(n).message_id: 1 for n in numbers.values()}
    verify(post)


async def test_a_relay_that_closes_with_421(post: Post) -> None:
    """421 at the greeting is temporary: everything waits for its next attempt."""
    scripted = ScriptedServers()
    server = await scripted.start(greeting=(b"421 4.3.2 Come back later\r\n", "close"))
    post.use(server.relay.port)
    post.change(send_seconds=1, in_doubt_window=4)
    numbers = post.issue(6)
    await post.run()
    await scripted.stop()
    first = post.delivery(numbers["u0"])
    assert (first.state, first.last_code, first.last_status) == ("deferred", 421, "4.3.2")
    assert set(post.states().values()) <= {"deferred", "pending"}
    await post.inbox()
    post.pass_time()
    await post.run()
    assert set(post.states().values()) == {"accepted"}
    verify(post)


async def test_a_pause_holds_within_a_second(post: Post) -> None:
    """What has begun ends, nothing is begun any more; after resuming each goes once."""
    server = await post.inbox(delay=0.03)
    post.issue(400)
    with post.database.transaction() as session:
        issue = session.scalars(select(Issue.id)).one()
    running = asyncio.create_task(post.run())
    await until(lambda: len(server.store.messages) > 20)
    with post.database.transaction() as session:
        pause(session, issue, reason="a mistake in the second article", actor="test", now=now())
    paused_at = elapsed()
    await running
    assert elapsed() - paused_at < 2
    begun = len(server.store.messages)
    assert 20 < begun < 400
    states = list(post.states().values())
    assert set(states) == {"accepted", "pending"}
    assert states.count("accepted") == begun
    assert post.sweep().senders == 0
    with post.database.transaction() as session:
        resume(session, issue, actor="test", now=now())
    server.delay = 0
    await post.run()
    assert set(post.states().values()) == {"accepted"}
    assert set(accepted(server).values()) == {1}
    verify(post)


async def test_cancelling_leaves_what_was_sent(post: Post) -> None:
    """Accepted stays accepted; the rest is cancelled, and no mail goes after it."""
    server = await post.inbox(delay=0.03)
    post.issue(300)
    running = asyncio.create_task(post.run())
    await until(lambda: len(server.store.messages) > 20)
    with post.database.transaction() as session:
        issue = session.scalars(select(Issue.id)).one()
        cancel(session, issue, reason="withdrawn", actor="test", now=now())
    await running
    post.sweep()
    states = list(post.states().values())
    assert set(states) == {"accepted", "cancelled"}
    assert states.count("accepted") == len(server.store.messages) < 300
    with post.database.transaction() as session:
        assert session.scalars(select(Dispatch.state)).one() == "cancelled"
        assert session.scalars(select(Issue.state)).one() == "cancelled"
    await post.run()
    verify(post)


async def test_suppression_counts_for_what_is_still_to_go(post: Post) -> None:
    """An address that is suppressed in mid-send gets no mail, and the log says why."""
    server = await post.inbox(delay=0.03)
    post.change(relay_connections=1, in_doubt_window=64)
    numbers = post.issue(40)
    running = asyncio.create_task(post.run())
    await until(lambda: len(server.store.messages) >= 2)
    with post.database.transaction() as session:
        suppress(session, "u39@unit.example", SuppressionReason.COMPLAINED, "test")
    await running
    assert post.states()["u39"] == "suppressed"
    assert {m.rcpt_to[0] for m in server.store.messages} == {
        f"u{n}@unit.example" for n in range(39)
    }
    assert told_of(post, numbers["u39"])[-1] == "suppressed"
    verify(post)


async def test_stopping_leaves_nothing_claimed(post: Post) -> None:
    """Open transactions end, what was not begun is given back, and no doubt is left."""
    server = await post.inbox(delay=0.05)
    post.issue(200)
    running = asyncio.create_task(post.run())
    await until(lambda: len(server.store.messages) > 8)
    post.stop.set()
    asked_at = elapsed()
    summary = await running
    assert elapsed() - asked_at < 2
    assert summary.more
    states = list(post.states().values())
    assert set(states) == {"accepted", "pending"}
    assert states.count("accepted") == len(server.store.messages)
    verify(post)


async def test_stopping_does_not_wait_for_the_throttle(post: Post) -> None:
    """Deliveries that wait for their turn are given back: nobody waits minutes for a worker."""
    await post.inbox()
    post.change(relay_rate=0.5, relay_connections=4)
    post.issue(10)
    running = asyncio.create_task(post.run())
    await until(lambda: "accepted" in post.states().values())
    post.stop.set()
    asked_at = elapsed()
    await running
    assert elapsed() - asked_at < 8
    assert set(post.states().values()) == {"accepted", "pending"}
    verify(post)


async def test_a_dead_connection_to_the_ledger_costs_no_doubt(post: Post) -> None:
    """PostgreSQL ends the worker's session: results in hand are stored, the rest is given back."""
    server = await post.inbox(delay=0.02)
    post.issue(150)
    running = asyncio.create_task(post.run())
    await until(lambda: len(server.store.messages) > 10)
    with post.database.transaction() as session:
        ended = session.scalar(
            text(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                " WHERE application_name = 'jianbao send' AND datname = current_database()"
            )
        )
    assert ended == 1
    await running
    await post.run()
    assert set(post.states().values()) == {"accepted"}
    assert set(accepted(server).values()) == {1}
    with post.database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == 150
    verify(post)


async def test_the_timeline_tells_it_all(post: Post) -> None:
    """Freezing, claims, attempts with what the server said, in the order in which they happened."""
    await post.inbox({"u0@unit.example": "defer-first"})
    numbers = post.issue(1)
    await post.run()
    post.pass_time()
    await post.run()
    with post.database.transaction() as session:
        issue = session.scalars(select(Issue.id)).one()
        steps = timeline(session, issue, numbers["u0"])
    kinds = [step.kind for step in steps]
    assert kinds[0] == "frozen"
    assert sorted(kinds) == sorted(
        ["frozen", "claimed", "attempt", "deferred", "claimed", "attempt", "accepted"]
    )
    attempts = [step for step in steps if step.kind == "attempt"]
    assert [a.data["code"] for a in attempts] == [451, 250]
    assert all(str(a.actor).startswith("127.0.0.1[127.0.0.1]:") for a in attempts)


async def test_two_workers_share_and_a_third_goes_home(post: Post) -> None:
    """Two lanes: two loops send side by side, a third finds no lane and ends."""
    server = await post.inbox(delay=0.02)
    post.issue(120)
    both = [asyncio.create_task(post.run()) for _ in range(2)]
    await until(lambda: len(server.store.messages) > 8)
    with pytest.raises(AssertionError):
        await post.run()
    summaries = await asyncio.gather(*both)
    assert sum(summary.recorded for summary in summaries) == 120
    assert all(summary.recorded for summary in summaries)
    assert set(accepted(server).values()) == {1}
    verify(post)
