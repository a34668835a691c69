"""What people and signals can do to a worker that sends: pause, cancel, suppress, stop."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from mailer.actions.scheduling import cancel, pause, resume
from mailer.deliveries import sending
from mailer.deliveries.models import Attempt, Dispatch
from mailer.issues.models import Issue
from recipients.suppression import SuppressionReason, suppress
from runtime.clock import elapsed, now
from tests.deliveries.loop.conftest import Post, accepted, told_of, until, verify
from tests.smtp.scripted import ScriptedServers

pytestmark = pytest.mark.anyio


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


@pytest.mark.parametrize(
    ("script", "state"),
    [({"dot": ("hang",)}, "unconfirmed"), ({"RCPT": ("hang",)}, "pending")],
    ids=["after the dot", "before it"],
)
async def test_a_silent_relay_is_cut_off(
    post: Post, monkeypatch: pytest.MonkeyPatch, script: dict[str, tuple[str]], state: str
) -> None:
    """We must stop and the relay says nothing: a doubt after the final dot, nothing before it."""
    monkeypatch.setattr(sending, "STOP_SECONDS", 0.3)
    scripted = ScriptedServers()
    server = await scripted.start(**script)
    post.use(server.relay.port)
    post.change(smtp_timeout=30, smtp_final_timeout=30, relay_connections=1)
    post.issue(3)
    running = asyncio.create_task(post.run())
    (step,) = script
    await until(lambda: step in server.steps)
    post.stop.set()
    await running
    await scripted.stop()
    assert sorted(post.states().values()) == ["pending", "pending", state]
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
