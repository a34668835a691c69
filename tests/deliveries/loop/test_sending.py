"""Sending for real: what a server does to a delivery, and what a person can do meanwhile."""

import asyncio
import email
import email.policy
import socket
from datetime import timedelta

import pytest
from sqlalchemy import select

from mailer.deliveries.log import timeline
from mailer.inbox.store import read_message
from mailer.issues.models import DoubtPolicy, Issue
from runtime.clock import now
from tests.deliveries.loop.conftest import Post, accepted, told_of, until, verify
from tests.smtp.scripted import ScriptedServers

pytestmark = pytest.mark.anyio


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
