"""Seals: a changed log is found out, whoever changed it."""

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from mailer.deliveries.models import Seal
from mailer.deliveries.sealing import SealFault, seal, verify
from mailer.issues.events import Event, record
from runtime.database import Database
from runtime.embedded import Addresses


def tell(database: Database, count: int) -> None:
    """Add so many events."""
    with database.transaction() as session:
        for number in range(count):
            record(
                session, "told", actor="test|纸", issue_id=number, data={"n": number, "字": "文"}
            )


def seal_all(database: Database, most: int = 4) -> list[int]:
    """Seal until nothing is left; return the sizes."""
    sizes = []
    while True:
        with database.transaction() as session:
            sizes.append(seal(session, most))
        if not sizes[-1]:
            return sizes[:-1]


def test_seals_follow_one_another(database: Database) -> None:
    """Ranges without a gap, each hash over the one before; what is newer is counted as unsealed."""
    with database.transaction() as session:
        empty = verify(session)
    assert (empty.seals, empty.events, empty.unsealed, empty.faults) == (0, 0, 0, ())
    tell(database, 10)
    assert seal_all(database) == [4, 4, 2]
    tell(database, 3)
    with database.transaction() as session:
        check = verify(session)
        ranges = session.execute(
            select(Seal.first_id, Seal.last_id, Seal.events).order_by(Seal.id)
        ).all()
    assert (check.seals, check.events, check.unsealed, check.faults) == (3, 10, 3, ())
    assert [tuple(row) for row in ranges] == [(1, 4, 4), (5, 8, 4), (9, 10, 2)]


def test_numbers_that_were_never_used_are_no_fault(database: Database) -> None:
    """A transaction that was rolled back leaves a gap in the numbers."""
    tell(database, 2)
    with database.transaction() as session:
        record(session, "told", actor="test")
        session.flush()
        session.rollback()
    tell(database, 2)
    seal_all(database)
    with database.transaction() as session:
        assert verify(session).faults == ()


@pytest.fixture
def owner(addresses: Addresses) -> Iterator[Database]:
    """The database as its owner sees it, who may do all that SQL can."""
    owner = Database(addresses.owner_url)
    yield owner
    owner.close()


_CHANGED = "an event was changed"
_TAMPERING = (
    ("UPDATE events SET actor = 'somebody' WHERE id = 6", (5, 8, _CHANGED)),
    ("UPDATE events SET at = at - interval '1 microsecond' WHERE id = 6", (5, 8, _CHANGED)),
    ("UPDATE events SET data = data || '{\"n\": 99}' WHERE id = 1", (1, 4, _CHANGED)),
    ("UPDATE events SET delivery_id = issue_id, issue_id = NULL WHERE id = 3", (1, 4, _CHANGED)),
    ("UPDATE events SET kind = 'accepted' WHERE id = 12", (9, 12, _CHANGED)),
    ("DELETE FROM events WHERE id = 12", (9, 12, "4 events were sealed, 3 found")),
    ("UPDATE seals SET sha256 = repeat('0', 64) WHERE first_id = 9", (9, 12, _CHANGED)),
    ("DELETE FROM seals WHERE first_id = 5", (5, 8, "no seal covers it")),
)


def test_what_the_owner_changes_is_found(database: Database, owner: Database) -> None:
    """The check names the range in which it was done, whatever was changed there."""
    tell(database, 12)
    seal_all(database)
    for statement, (first, last, reason) in _TAMPERING:
        with owner.transaction() as session:
            assert session.connection().exec_driver_sql(statement).rowcount == 1
            fault = SealFault(first_id=first, last_id=last, reason=reason)
            assert fault in verify(session).faults, statement
            session.rollback()
    with database.transaction() as session:
        assert verify(session).faults == ()


def test_an_event_put_in_later_is_found(database: Database, owner: Database) -> None:
    """Also one with a number that was free."""
    tell(database, 2)
    with owner.transaction() as session:
        session.execute(text("SELECT nextval('events_id_seq')"))
    tell(database, 2)
    seal_all(database)
    with owner.transaction() as session:
        session.execute(
            text(
                "INSERT INTO events (id, kind, actor) OVERRIDING SYSTEM VALUE"
                " VALUES (3, 'accepted', 'somebody')"
            )
        )
    with database.transaction() as session:
        (fault,) = verify(session).faults
    assert (fault.first_id, fault.reason) == (1, "4 events were sealed, 5 found")


_FORBIDDEN = (
    "UPDATE events SET actor = 'x'",
    "DELETE FROM events",
    "TRUNCATE events",
    "UPDATE seals SET sha256 = ''",
    "DELETE FROM seals",
    "INSERT INTO seals (first_id, last_id, events, sha256) VALUES (9, 9, 1, '')",
    "ALTER TABLE events DISABLE TRIGGER ALL",
    "ALTER TABLE seals OWNER TO CURRENT_USER",
    "DROP FUNCTION events_hash(bigint, bigint, text)",
    "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT $1 $$",
)


def test_the_application_cannot(database: Database) -> None:
    """PostgreSQL refuses it, whatever our code would do."""
    tell(database, 2)
    seal_all(database)
    for statement in _FORBIDDEN:
        with (
            pytest.raises(ProgrammingError, match=r"permission denied|must be owner"),
            database.engine.begin() as connection,
        ):
            connection.exec_driver_sql(statement)


def test_a_busy_table_makes_sealing_give_up_soon(database: Database) -> None:
    """A transaction that adds events is open: no seal now, no long wait, the next look seals."""
    tell(database, 3)
    added, done = threading.Event(), threading.Event()

    def stay_open() -> None:
        with database.transaction() as session:
            record(session, "slow", actor="test")
            session.flush()
            added.set()
            done.wait(10)

    busy = threading.Thread(target=stay_open)
    busy.start()
    assert added.wait(10)
    began = time.monotonic()
    with database.transaction() as session:
        assert seal(session) == 0
    took = time.monotonic() - began
    # Who only adds and commits is not kept waiting behind it either.
    tell(database, 1)
    done.set()
    busy.join(10)
    assert took < 3
    assert seal_all(database) == [4, 1]
    with database.transaction() as session:
        assert verify(session).faults == ()
        assert session.scalar(select(func.count()).select_from(Event)) == 5
