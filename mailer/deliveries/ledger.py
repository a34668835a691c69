"""The ledger as the send loop uses it: claims, renewals, releases, and results, in few round trips.

This is the hot path: plain SQL over one connection of its own, no ORM. A claim and its events, a
batch of results and its attempts and events, are one statement each, so each commits together.
The planner is kept on index scans, for a table that was filled a second ago has no statistics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString, Self
from uuid import UUID, uuid4

from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row

from mailer.deliveries.statements import CLAIM, OPEN_DISPATCHES, RECORD, RELEASE, RENEW
from mailer.deliveries.states import DeliveryCause, DeliveryState
from runtime.database import driver_url

LANE_LOCK = 0x4A42
"""First key of the advisory locks that lanes hold; the second is the lane's number."""

PLAN_OPTIONS = (
    "-c enable_seqscan=off -c enable_bitmapscan=off -c enable_hashjoin=off"
    " -c enable_mergejoin=off -c jit=off -c idle_in_transaction_session_timeout=30s"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimed:
    """A delivery that this process holds until its lease ends."""

    id: int
    dispatch_id: int
    rendition_id: int
    address: str
    normalised: str
    message_id: str
    credited: tuple[tuple[str, str, int | None, int | None], ...]
    fence: int
    attempts: int
    from_address: str
    doubt_held: bool
    suppressed: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptRecord:
    """One SMTP transaction, as it is kept."""

    started_at: datetime
    finished_at: datetime
    outcome: str
    stage: str
    code: int | None
    status: str | None
    reply: str
    server: str
    tls: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What became of a claimed delivery: its new state, and the attempt unless none was made."""

    id: int
    fence: int
    state: DeliveryState
    cause: DeliveryCause
    due_at: datetime | None
    attempt: AttemptRecord | None


class Ledger:
    """One worker process' connection to the ledger. ``lane`` is its place among the workers."""

    def __init__(
        self, connection: AsyncConnection[tuple[object, ...]], url: str, *, lane: int, actor: str
    ) -> None:
        self._connection = connection
        self._url = url
        self._names: dict[str, object] = {"owner": uuid4(), "actor": actor, "lane": lane}

    @classmethod
    async def open(cls, url: str, *, lanes: int, actor: str) -> Self | None:
        """Connect and take a free lane of ``lanes``; None if all are taken.

        The lane is an advisory lock of the session: it is free again when the process dies.
        """
        connection = await _connect(url)
        for lane in range(1, lanes + 1):
            cursor = await connection.execute(
                "SELECT pg_try_advisory_lock(%s, %s)", [LANE_LOCK, lane]
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                return cls(connection, url, lane=lane, actor=actor)
        await connection.close()
        return None

    @property
    def owner(self) -> UUID:
        """The name under which this ledger holds its claims."""
        owner = self._names["owner"]
        assert isinstance(owner, UUID)  # noqa: S101 - for the type checker
        return owner

    async def open_dispatches(self) -> list[tuple[int, int]]:
        """Return (id, priority) of each dispatch that has deliveries due, by priority."""
        cursor = await self._connection.execute(OPEN_DISPATCHES)
        return [(int(str(row[0])), int(str(row[1]))) for row in await cursor.fetchall()]

    async def claim(self, shares: Sequence[tuple[int, int]], lease: timedelta) -> list[Claimed]:
        """Claim due deliveries: of each (dispatch, n) at most n."""
        cursor = self._connection.cursor(row_factory=namedtuple_row)
        await cursor.execute(
            CLAIM,
            {
                **self._names,
                "dispatches": [dispatch for dispatch, _ in shares],
                "limits": [limit for _, limit in shares],
                "lease": lease,
            },
        )
        return [
            Claimed(
                id=row.id,
                dispatch_id=row.dispatch_id,
                rendition_id=row.rendition_id,
                address=row.address,
                normalised=row.normalised,
                message_id=row.message_id,
                credited=tuple(tuple(credit) for credit in row.credited),
                fence=row.fence,
                attempts=row.attempts,
                from_address=row.from_address,
                doubt_held=row.doubt_held,
                suppressed=row.suppressed,
            )
            for row in await cursor.fetchall()
        ]

    async def record(self, results: Sequence[Result], *, again: bool = False) -> set[int]:
        """Store results; return the ids whose state was changed. The others were stale.

        ``again`` says that an earlier call with the same results was cut off, so that it is not
        known whether it was stored.
        """
        columns: dict[str, list[object]] = {name: [] for name in _RESULT_COLUMNS}
        for result in results:
            for name, value in zip(_RESULT_COLUMNS, _row(result), strict=True):
                columns[name].append(value)
        return await self._ids(RECORD, {**columns, "again": again})

    async def release(self, claims: Sequence[Claimed]) -> set[int]:
        """Give back deliveries that were never started; return those that were still ours."""
        return await self._ids(RELEASE, _keys(claims))

    async def renew(self, claims: Sequence[Claimed], lease: timedelta) -> set[int]:
        """Begin the lease again; return the ids that are still ours."""
        return await self._ids(RENEW, {**_keys(claims), "lease": lease})

    async def unsendable(self, claims: Sequence[Claimed]) -> tuple[set[int], set[str]]:
        """Return which dispatches may not be sent from any more, and which addresses not at all."""
        dispatches = await self._ids(
            "SELECT id FROM dispatches WHERE id = ANY(%(dispatches)s) AND state <> 'sending'",
            {"dispatches": sorted({claim.dispatch_id for claim in claims})},
        )
        cursor = await self._connection.execute(
            "SELECT address FROM suppressions WHERE address = ANY(%(addresses)s)"
            " AND lifted_at IS NULL AND (until IS NULL OR until > now())",
            {"addresses": [claim.normalised for claim in claims]},
        )
        return dispatches, {str(row[0]) for row in await cursor.fetchall()}

    async def rendition(self, rendition_id: int) -> bytes:
        """Return a stored rendition."""
        cursor = await self._connection.execute(
            "SELECT data FROM renditions WHERE id = %s", [rendition_id], binary=True
        )
        row = await cursor.fetchone()
        if row is None:
            raise LookupError(rendition_id)
        data = row[0]
        assert isinstance(data, bytes)  # noqa: S101 - for the type checker
        return data

    async def reconnect(self) -> None:
        """Connect anew after a lost connection: the claims stay ours, the lane is free for others."""
        await self._connection.close()
        self._connection = await _connect(self._url)

    async def close(self) -> None:
        """Close the connection, which frees the lane."""
        await self._connection.close()

    async def _ids(self, query: LiteralString, values: Mapping[str, object]) -> set[int]:
        cursor = await self._connection.execute(query, {**self._names, **values})
        return {int(str(row[0])) for row in await cursor.fetchall()}


async def _connect(url: str) -> AsyncConnection[tuple[object, ...]]:
    return await AsyncConnection.connect(
        driver_url(url),
        autocommit=True,
        options=PLAN_OPTIONS,
        application_name="jianbao send",
        connect_timeout=5,
    )


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
        attempt.outcome,
        attempt.stage,
        attempt.code,
        attempt.status,
        attempt.reply,
        attempt.server,
        attempt.tls,
    )


def _keys(claims: Sequence[Claimed]) -> dict[str, object]:
    return {"id": [claim.id for claim in claims], "fence": [claim.fence for claim in claims]}
