"""The ledger as the send loop uses it: claims, renewals, releases, and results, in few round trips.

This is the hot path: plain SQL over one connection of its own, no ORM. A claim and its events, a
batch of results and its attempts and events, are one statement each, so each commits together.
The planner is kept on index scans, for a table that was filled a second ago has no statistics.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import LiteralString, Self
from uuid import uuid4

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import DictRow, dict_row

from mailer.deliveries.ports import Claimed, LedgerLostError, Result
from mailer.deliveries.statements import CLAIM, OPEN_DISPATCHES, RECORD, RELEASE, RENEW
from runtime.database import driver_url

LANE_LOCK = 0x4A42
"""First key of the advisory locks that lanes hold; the second is the lane's number."""

PLAN_OPTIONS = (
    "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off"
    " -c enable_mergejoin=off -c jit=off -c idle_in_transaction_session_timeout=30s"
)


class Ledger:
    """One worker process' connection to the ledger. ``lane`` is its place among the workers."""

    def __init__(
        self, connection: AsyncConnection[tuple[object, ...]], url: str, *, lane: int, actor: str
    ) -> None:
        self._connection = connection
        self._url = url
        self._connecting = asyncio.Lock()
        self._names: dict[str, object] = {"owner": uuid4(), "actor": actor, "lane": lane}

    @classmethod
    async def open(cls, url: str, *, lanes: int, actor: str) -> Self | None:
        """Connect and take a free lane of ``lanes``; None if all are taken.

        The lane is an advisory lock of the session: it is free again when the process dies.

        Raises:
            LedgerLostError: the database cannot be reached.

        """
        connection = await _connect(url)
        try:
            for lane in range(1, lanes + 1):
                cursor = await connection.execute(
                    "SELECT pg_try_advisory_lock(%s, %s)", [LANE_LOCK, lane]
                )
                row = await cursor.fetchone()
                if row is not None and row[0]:
                    return cls(connection, url, lane=lane, actor=actor)
        except OperationalError as error:
            await connection.close()
            raise LedgerLostError from error
        await connection.close()
        return None

    async def open_dispatches(self) -> list[tuple[int, int]]:
        """Return (id, priority) of each dispatch that has deliveries due, by priority."""
        return [(row["id"], row["priority"]) for row in await self._rows(OPEN_DISPATCHES)]

    async def claim(self, shares: Sequence[tuple[int, int]], lease: timedelta) -> list[Claimed]:
        """Claim due deliveries: of each (dispatch, n) at most n."""
        rows = await self._rows(
            CLAIM,
            dispatches=[dispatch for dispatch, _ in shares],
            limits=[limit for _, limit in shares],
            lease=lease,
        )
        return [
            Claimed(**{**row, "credited": tuple(tuple(credit) for credit in row["credited"])})
            for row in rows
        ]

    async def record(self, results: Sequence[Result], *, again: bool = False) -> set[int]:
        """Store results; return the ids whose state was changed. The others were stale.

        ``again`` says that an earlier call with the same results was cut off, so that it is not
        known whether it was stored.
        """
        rows = zip(*(_row(result) for result in results), strict=True)
        columns = {name: list(values) for name, values in zip(_RESULT_COLUMNS, rows, strict=True)}
        return _ids(await self._rows(RECORD, again=again, **columns))

    async def release(self, claims: Sequence[Claimed]) -> set[int]:
        """Give back deliveries that were never started; return those that were still ours."""
        return _ids(await self._rows(RELEASE, **_keys(claims)))

    async def renew(self, claims: Sequence[Claimed], lease: timedelta) -> set[int]:
        """Begin the lease again, over a new connection if need be; return what is still ours."""
        try:
            return _ids(await self._rows(RENEW, lease=lease, **_keys(claims)))
        except LedgerLostError:
            await self.reconnect()
            return _ids(await self._rows(RENEW, lease=lease, **_keys(claims)))

    async def unsendable(self, claims: Sequence[Claimed]) -> tuple[set[int], set[str]]:
        """Return which dispatches are not sent from any more, and which addresses not at all."""
        dispatches = await self._rows(
            "SELECT id FROM dispatches WHERE id = ANY(%(dispatches)s) AND state <> 'sending'",
            dispatches=sorted({claim.dispatch_id for claim in claims}),
        )
        addresses = await self._rows(
            "SELECT address FROM suppressions WHERE address = ANY(%(addresses)s)"
            " AND lifted_at IS NULL AND (until IS NULL OR until > now())",
            addresses=[claim.normalised for claim in claims],
        )
        return _ids(dispatches), {row["address"] for row in addresses}

    async def rendition(self, rendition_id: int) -> bytes:
        """Return a stored rendition."""
        rows = await self._rows("SELECT data FROM renditions WHERE id = %(id)s", id=rendition_id)
        return bytes(rows[0]["data"])

    async def reconnect(self) -> None:
        """Connect anew after a lost connection: the claims stay ours, the lane may be another's.

        A connection that is still good, or good again since another task asked, is kept.
        """
        async with self._connecting:
            if self._connection.closed:
                self._connection = await _connect(self._url)

    async def close(self) -> None:
        """Close the connection, which frees the lane."""
        await self._connection.close()

    async def _rows(self, query: LiteralString, **values: object) -> list[DictRow]:
        try:
            cursor = self._connection.cursor(row_factory=dict_row)
            await cursor.execute(query, {**self._names, **values})
            return await cursor.fetchall()
        except (OperationalError, InterfaceError) as error:
            raise LedgerLostError from error


async def _connect(url: str) -> AsyncConnection[tuple[object, ...]]:
    try:
        return await AsyncConnection.connect(
            driver_url(url),
            autocommit=True,
            options=PLAN_OPTIONS,
            application_name="jianbao send",
            connect_timeout=5,
            # A database whose machine is gone says nothing: notice it before the leases run out.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=12_000,
        )
    except OperationalError as error:
        raise LedgerLostError from error


_RESULT_COLUMNS = (
    "id",
    "fence",
    "state",
    "cause",
    "due_at",
    "tried",
    "started_at",
    "finished_at",
    "outcome",
    "stage",
    "code",
    "status",
    "reply",
    "server",
    "tls",
)


def _row(result: Result) -> tuple[object, ...]:
    head = (result.id, result.fence, result.state.value, result.cause.value, result.due_at)
    attempt = result.attempt
    if attempt is None:
        return (*head, False, None, None, None, None, None, None, None, None, None)
    return (
        *head,
        True,
        attempt.started_at,
        attempt.finished_at,
        attempt.outcome.value,
        attempt.stage.value,
        attempt.code,
        attempt.status,
        attempt.reply,
        attempt.server,
        attempt.tls,
    )


def _ids(rows: Sequence[DictRow]) -> set[int]:
    return {row["id"] for row in rows}


def _keys(claims: Sequence[Claimed]) -> dict[str, object]:
    return {"id": [claim.id for claim in claims], "fence": [claim.fence for claim in claims]}
