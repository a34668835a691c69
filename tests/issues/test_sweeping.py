"""The sweep as beat runs it, on issues: due, frozen, finished, found again after everything."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update

from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import cancel, pause, schedule
from mailer.actions.submitting import submit
from mailer.actions.sweeping import Wanted, sweep
from mailer.deliveries.models import Delivery, Dispatch
from mailer.issues.events import Event
from mailer.issues.lifecycle import IssueState
from mailer.issues.models import Issue
from runtime.clock import now
from runtime.database import Database
from runtime.settings import Settings
from tests.issues.office import (
    LIMITS,
    SECRET,
    add_units,
    approved,
    drafted,
    scheduled,
    sending,
    the_bulletin,
)

NOTHING = Wanted(senders=0, renderings=())


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with two send workers."""
    return Settings(home=tmp_path, send_workers=2, lease_seconds=60)


def look(database: Database, settings: Settings, at: datetime | None = None) -> Wanted:
    """Sweep once."""
    return sweep(database, settings, SECRET, at or now())


def state_of(database: Database, issue: int) -> str:
    """Return the state of an issue."""
    with database.transaction() as session:
        return session.scalars(select(Issue.state).where(Issue.id == issue)).one()


def test_nothing_due_is_nothing_published(database: Database, settings: Settings) -> None:
    """An empty system, drafts, and what is due later: no task is wanted and nothing is told."""
    assert look(database, settings) == NOTHING
    with database.transaction() as session:
        add_units(session)
        drafted(session)
        later = approved(session)
        schedule(session, later.id, now() + timedelta(hours=1), actor="li", now=now())
    with database.transaction() as session:
        before = session.scalar(select(func.count()).select_from(Event))
    assert look(database, settings) == NOTHING
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Event)) == before
    assert state_of(database, later.id) == "scheduled"


def test_a_due_issue_is_frozen_and_sent_for(database: Database, settings: Settings) -> None:
    """As many send tasks as there are free lanes, until nothing is due any more."""
    with database.transaction() as session:
        add_units(session)
        issue = scheduled(session)
    assert look(database, settings) == Wanted(senders=2, renderings=())
    assert state_of(database, issue.id) == "sending"
    with database.transaction() as session:
        session.execute(update(Delivery).values(due_at=now() + timedelta(hours=1)))
    assert look(database, settings) == NOTHING


def test_two_sweeps_freeze_an_issue_once(database: Database, settings: Settings) -> None:
    """At the same instant: one does, the other finds it done."""
    with database.transaction() as session:
        add_units(session)
        issue = scheduled(session)
    together = threading.Barrier(4)
    failed: list[BaseException] = []

    def one() -> None:
        together.wait(10)
        try:
            look(database, settings)
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert failed == []
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Dispatch)) == 1
        assert session.scalar(select(func.count()).select_from(Delivery)) == 5
        kinds = session.scalars(select(Event.kind).where(Event.issue_id == issue.id)).all()
    assert kinds.count("frozen") == 2  # the dispatch's and the issue's


def test_an_issue_ends_with_its_last_delivery(database: Database, settings: Settings) -> None:
    """Not before; then once, with an event, and for good."""
    with database.transaction() as session:
        add_units(session)
        issue = sending(session)
        session.execute(
            text(
                "UPDATE deliveries SET state_before = 'pending', state = 'suppressed',"
                " finished_at = now() WHERE id > 1"
            )
        )
    assert look(database, settings).senders == 2
    assert state_of(database, issue.id) == "sending"
    with database.transaction() as session:
        session.execute(
            text(
                "UPDATE deliveries SET state_before = 'pending', state = 'cancelled',"
                " finished_at = now() WHERE id = 1"
            )
        )
    assert look(database, settings) == NOTHING
    assert look(database, settings) == NOTHING
    with database.transaction() as session:
        row = session.get_one(Issue, issue.id)
        assert row.state is IssueState.SENT
        assert row.finished_at is not None
        kinds = session.scalars(select(Event.kind).where(Event.issue_id == issue.id)).all()
        assert session.scalars(select(Dispatch.state)).one() == "done"
    assert kinds.count("finished") == 1


def test_an_issue_on_paper_only_is_sent_at_once(database: Database, settings: Settings) -> None:
    """There is no delivery to wait for."""
    with database.transaction() as session:
        add_units(session, {"市档案局": []})
        issue = scheduled(session, {"送": ["市档案局"]})
    assert look(database, settings) == NOTHING
    assert state_of(database, issue.id) == "sent"


def test_a_cancelled_issue_is_emptied(database: Database, settings: Settings) -> None:
    """Its open deliveries are cancelled; the issue itself was final before."""
    with database.transaction() as session:
        add_units(session)
        issue = sending(session)
        cancel(session, issue.id, reason="withdrawn", actor="li", now=now())
    assert look(database, settings) == NOTHING
    with database.transaction() as session:
        assert set(session.scalars(select(Delivery.state))) == {"cancelled"}
    assert state_of(database, issue.id) == "cancelled"


def test_unrendered_issues_are_found_again(database: Database, settings: Settings) -> None:
    """Should the message to the worker have been lost: until one has done it."""
    with database.transaction() as session:
        add_units(session)
        issue = drafted(session)
        submit(session, issue.id, actor="editor", now=now())
    assert look(database, settings).renderings == (issue.id,)
    assert look(database, settings).renderings == (issue.id,)
    with database.transaction() as session:
        assert render_issue(session, issue.id, actor="worker", limits=LIMITS)
    assert look(database, settings).renderings == ()


def test_what_cannot_be_rendered_is_a_draft_again(database: Database, settings: Settings) -> None:
    """With the reason, and without being tried every second for ever."""
    with database.transaction() as session:
        add_units(session)
        issue = drafted(session)
        the_bulletin(session).theme = "gone"
        submit(session, issue.id, actor="editor", now=now())
    with database.transaction() as session:
        assert not render_issue(session, issue.id, actor="worker", limits=LIMITS)
    with database.transaction() as session:
        row = session.get_one(Issue, issue.id)
        assert row.state is IssueState.DRAFT
        assert row.reason is not None
        assert "gone" in row.reason
    assert look(database, settings) == NOTHING


def test_a_clock_that_goes_back(database: Database, settings: Settings) -> None:
    """What is scheduled waits; what is under way goes on by the database's clock."""
    with database.transaction() as session:
        add_units(session)
        waiting, running = scheduled(session), sending(session)
    yesterday = now() - timedelta(days=1)
    assert look(database, settings, yesterday).senders == 2
    assert state_of(database, waiting.id) == "scheduled"
    assert state_of(database, running.id) == "sending"
    look(database, settings)
    assert state_of(database, waiting.id) == "sending"


def test_a_pause_and_the_end_at_the_same_time(database: Database, settings: Settings) -> None:
    """Both lock the issue first: one waits for the other, and PostgreSQL need not end either."""
    with database.transaction() as session:
        add_units(session)
        issue = sending(session)
        session.execute(
            text(
                "UPDATE deliveries SET state_before = 'pending', state = 'suppressed',"
                " finished_at = now()"
            )
        )
    locked, go_on = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def hold_the_issue() -> None:
        try:
            with database.transaction() as session:
                session.execute(select(Issue.id).where(Issue.id == issue.id).with_for_update())
                locked.set()
                go_on.wait(10)
                pause(session, issue.id, reason=None, actor="li", now=now())
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    def end_it() -> None:
        try:
            look(database, settings)
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    person, beat = threading.Thread(target=hold_the_issue), threading.Thread(target=end_it)
    person.start()
    assert locked.wait(10)
    beat.start()
    with database.transaction() as session:
        for _ in range(1000):
            if session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                break
            session.execute(text("SELECT pg_sleep(0.005)"))
    go_on.set()
    person.join(10)
    beat.join(10)
    assert failed == []
    assert state_of(database, issue.id) == "paused"
    with database.transaction() as session:
        assert session.scalars(select(Dispatch.state)).one() == "paused"
