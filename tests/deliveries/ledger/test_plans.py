"""Plans of the hot path on a table filled a second ago: no statistics, index scans only."""

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.deliveries.ledger import PLAN_OPTIONS
from mailer.deliveries.log import _credits
from mailer.deliveries.models import Delivery
from mailer.deliveries.statements import CLAIM, OPEN_DISPATCHES, RECORD, RELEASE, RENEW
from mailer.deliveries.sweeping import (
    cancel_open,
    expire_deferred,
    expire_leases,
    finished_issues,
    hold_doubts,
    idle_lanes,
)
from runtime.clock import now
from runtime.database import Database, driver_url
from runtime.embedded import Addresses
from tests.deliveries.dispatches import sending

ROWS = 70_000
OTHERS = 5
_LARGE = ("deliveries", "attempts", "events")


@pytest.fixture
def filled(database: Database, addresses: Addresses) -> Database:
    """A database with 70,000 deliveries in six dispatches, of which nobody has made statistics."""
    with psycopg.connect(addresses.owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE deliveries SET (autovacuum_enabled = off)")
    began = time.perf_counter()
    with database.transaction() as session:
        sending(session, ROWS - OTHERS * 1000)
        for _ in range(OTHERS):
            sending(session, 1000)
    took = time.perf_counter() - began
    print(f"\n{ROWS} deliveries frozen in {took:.1f} s")  # noqa: T201 - for who runs with -s
    return database


@contextmanager
def connect(filled: Database) -> Iterator[Connection]:
    """Connect with the options that a ledger uses; what is done is undone."""
    with psycopg.connect(driver_url(filled.url), options=PLAN_OPTIONS) as connection:
        known = connection.execute(
            "SELECT count(*) FROM pg_stats WHERE tablename = ANY(%s)", [list(_LARGE)]
        ).fetchone()
        assert known == (0,), "somebody has made statistics, so this would prove nothing"
        yield connection
        connection.rollback()


Plan = dict[str, Any]


def values(connection: Connection, dispatches: int, *, again: bool) -> dict[str, object]:
    """Return arguments for every statement, as if 64 deliveries had just been claimed."""
    open_ = [row[0] for row in connection.execute(OPEN_DISPATCHES).fetchall()][-dispatches:]
    names: dict[str, object] = {
        "owner": uuid4(),
        "actor": "worker:test",
        "lane": 1,
        "lease": "1 minute",
        "dispatches": open_,
        "limits": [64 // dispatches] * dispatches,
    }
    claimed = connection.execute(CLAIM, names).fetchall()
    count = len(claimed)
    assert count == 64 // dispatches * dispatches
    at = now()
    return names | {
        "id": [row[0] for row in claimed],
        "fence": [1] * count,
        "state": ["accepted"] * count,
        "cause": ["accepted"] * count,
        "due_at": [None] * count,
        "tried": [True] * count,
        "started_at": [at] * count,
        "finished_at": [at] * count,
        "outcome": ["accepted"] * count,
        "stage": ["final-dot"] * count,
        "code": [250] * count,
        "status": [None] * count,
        "reply": ["ok"] * count,
        "server": ["relay"] * count,
        "tls": [False] * count,
        "again": again,
    }


def scans(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield (kind of scan, table) of a plan and all below it."""
    if "Relation Name" in plan and str(plan["Node Type"]).endswith("Scan"):
        yield str(plan["Node Type"]), str(plan["Relation Name"])
    for child in plan.get("Plans", ()):
        yield from scans(child)


def check(found: list[tuple[str, str]], told: str) -> None:
    """Assert that the large tables are read through an index."""
    for kind, table in found:
        if table.startswith(_LARGE):
            assert kind in ("Index Scan", "Index Only Scan"), f"{told}: {kind} on {table}"


_STATEMENTS = (
    ("CLAIM", CLAIM, False),
    ("RECORD", RECORD, False),
    ("RECORD again", RECORD, True),
    ("RELEASE", RELEASE, False),
    ("RENEW", RENEW, False),
    ("OPEN_DISPATCHES", OPEN_DISPATCHES, False),
)
# psycopg prepares what it has run five times; the server may then plan without the values.
_MODES = ("force_custom_plan", "force_generic_plan")


# One test, so that one worker of xdist fills one table.
def test_the_hot_path_reads_by_index(filled: Database) -> None:
    """With one and several dispatches, planned for the values and planned once for all."""
    cases = itertools.product(_STATEMENTS, _MODES, (1, 5))
    for (name, statement, again), mode, dispatches in cases:
        with connect(filled) as connection:
            arguments = values(connection, dispatches, again=again)
            connection.execute(f"SET LOCAL plan_cache_mode = {mode}".encode())
            row = connection.execute(
                f"EXPLAIN (FORMAT JSON, ANALYZE, BUFFERS) {statement}".encode(),
                arguments,
                prepare=True,
            ).fetchone()
        assert row is not None
        plan = row[0][0]
        found = list(scans(plan["Plan"]))
        assert "deliveries" in {table for _, table in found}
        check(found, name)
        # A page or two for each row, not a table: 64 rows in up to five dispatches touch few.
        touched = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        took = f"{name} ({mode}, {dispatches}): {plan['Execution Time']:.1f} ms, {touched} pages"
        print(took)  # noqa: T201 - for who runs with -s
        assert touched < 3000
    the_sweep_takes_no_second(filled)


def the_sweep_takes_no_second(filled: Database) -> None:
    """Assert that what runs every second over all that is open is quick where nothing is due."""
    began = time.perf_counter()
    with filled.transaction() as session:
        assert expire_leases(session, timedelta(0), timedelta(0)) == 0
        assert hold_doubts(session) == expire_deferred(session) == cancel_open(session) == 0
        assert finished_issues(session) == []
        assert idle_lanes(session, 2) == 2
    took = time.perf_counter() - began
    print(f"\nsix looks at 70,000 open deliveries: {took:.3f} s")  # noqa: T201 - as above
    assert took < 1


def test_the_log_of_more_deliveries_than_parameters(session: Session) -> None:
    """PostgreSQL takes 65,535 parameters a statement; a log may have more lines than that."""
    sending(session, 10)
    last = session.scalars(select(func.max(Delivery.id))).one()
    numbers = list(range(last - 9, last + 70_000))
    found = _credits(session, numbers)
    assert sorted(found) == numbers[:10]
    assert all(len(lines) == 1 for lines in found.values())
