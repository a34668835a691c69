"""Carrying deliveries to the relay: a message is filled in and handed over on a kept connection."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from mailer.deliveries.ports import AttemptRecord, Claimed, LedgerLostError
from mailer.rendering.filling import fill
from mailer.rendering.model import Credited, SlotValues
from mailer.rendering.rendition import Rendition
from mailer.smtp.connection import Connection
from mailer.smtp.envelopes import Envelope
from mailer.smtp.notes import IN_DOUBT, Note
from mailer.smtp.opening import ConnectFailedError
from mailer.smtp.relays import Relay
from mailer.smtp.throttle import TokenBucket
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.transactions import Transaction
from mailer.smtp.verdicts import Outcome, Stage
from runtime.clock import now
from runtime.refusal import Refusal

_KEPT_RENDITIONS = 8


class RenditionShelf:
    """Renditions that this process has read, a few of them, shared by its couriers."""

    def __init__(self, read: Callable[[int], Awaitable[bytes]]) -> None:
        self._read = read
        self._shelf: dict[int, Rendition] = {}
        self._lock = asyncio.Lock()

    async def get(self, rendition_id: int) -> Rendition:
        """Return a rendition, reading it the first time."""
        async with self._lock:
            rendition = self._shelf.pop(rendition_id, None)
            if rendition is None:
                rendition = Rendition.from_bytes(await self._read(rendition_id))
            self._shelf[rendition_id] = rendition
            while len(self._shelf) > _KEPT_RENDITIONS:
                del self._shelf[next(iter(self._shelf))]
            return rendition


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """How mail leaves: the relay, how to speak to it, and how fast (None: as it likes)."""

    relay: Relay
    helo: str
    timeouts: Timeouts
    tls_context: ssl.SSLContext
    throttle: TokenBucket | None


class RelayCourier:
    """One connection to the relay, opened when it is first needed and kept open."""

    def __init__(self, route: Route, renditions: RenditionShelf) -> None:
        self._route = route
        self._renditions = renditions
        self._connection: Connection | None = None
        self._open: asyncio.Task[Transaction | ConnectFailedError] | None = None
        self._carrying: Connection | None = None
        """The connection that was given the present message; its doubts are this message's."""

    async def deliver(self, claim: Claimed, may_go_on: Callable[[], bool]) -> AttemptRecord:
        """Make the message and hand it over. What a server does is a value, never an exception."""
        began = now()
        try:
            message = fill(await self._renditions.get(claim.rendition_id), slot_values(claim))
        except Refusal as refusal:
            return _without_server(began, Outcome.REJECTED, Stage.CONTENT, refusal.in_english())
        except ValueError as error:
            return _without_server(began, Outcome.REJECTED, Stage.CONTENT, str(error))
        except LedgerLostError:
            return _without_server(began, Outcome.GIVEN_UP, Stage.CONTENT, Note.NOT_STARTED)
        self._carrying = None
        for again in (False, True):
            # Waiting for the throttle is a part of the task, so that it can be cut off, too.
            self._open = asyncio.create_task(
                self._hand_over(claim, message, may_go_on, throttled=not again)
            )
            await asyncio.wait([self._open])
            if self._open.cancelled():
                return self._aborted(began)
            ended = self._open.result()
            if isinstance(ended, ConnectFailedError) or not ended.worth_another_connection:
                break
        if isinstance(ended, ConnectFailedError):
            return _unreachable(began, ended)
        return _record(ended)

    def abort(self) -> None:
        """End the open transaction now; :meth:`deliver` returns what is known of it."""
        if self._open is not None:
            self._open.cancel()

    async def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _hand_over(
        self,
        claim: Claimed,
        message: tuple[bytes, ...],
        may_go_on: Callable[[], bool],
        *,
        throttled: bool,
    ) -> Transaction | ConnectFailedError:
        if throttled and self._route.throttle is not None:
            await self._route.throttle.take()
        connection = self._connection
        if connection is None or not connection.usable:
            try:
                connection = await self._connect()
            except ConnectFailedError as failure:
                return failure
        self._carrying = connection
        envelope = Envelope(mail_from=claim.from_address, rcpt_to=claim.address)
        return await connection.transact(envelope, message, may_go_on=may_go_on)

    async def _connect(self) -> Connection:
        self._connection = None
        self._connection = await Connection.open(
            self._route.relay,
            timeouts=self._route.timeouts,
            helo=self._route.helo,
            tls_context=self._route.tls_context,
        )
        return self._connection

    def _aborted(self, began: datetime) -> AttemptRecord:
        """Return what is known of a cut off transaction: only the final dot makes a doubt."""
        carrying, self._carrying = self._carrying, None
        if carrying is not None and carrying.in_doubt:
            return _without_server(
                began, Outcome.UNCONFIRMED, Stage.FINAL_DOT, IN_DOUBT[Note.LOST], carrying.server
            )
        return _without_server(began, Outcome.GIVEN_UP, Stage.CONTENT, Note.STOPPED_BEFORE_DOT)


def slot_values(claim: Claimed) -> SlotValues:
    """Return what the recipient's mail has of its own."""
    return recipient_values(claim.address, claim.message_id, claim.credited, now())


def recipient_values(
    address: str,
    message_id: str,
    credited: tuple[tuple[str, str, int | None, int | None], ...],
    date: datetime,
) -> SlotValues:
    """Return the values of one mail; ``credited`` as the ledger keeps it."""
    return SlotValues(
        to_address=address,
        to_name=credited[0][1] if credited else "",
        message_id=f"<{message_id}>",
        date=date,
        credits=tuple(
            Credited(kind=kind, unit=unit, block=block, entry=entry)
            for kind, unit, block, entry in credited
        ),
    )


def _record(transaction: Transaction) -> AttemptRecord:
    reply = transaction.reply
    return AttemptRecord(
        started_at=transaction.started_at,
        finished_at=transaction.finished_at,
        outcome=transaction.outcome,
        stage=transaction.stage,
        code=reply.code if reply else None,
        status=reply.enhanced if reply else None,
        reply=reply.text if reply else transaction.note.value,
        server=transaction.server[:255],
        tls=transaction.tls,
    )


def _unreachable(began: datetime, failure: ConnectFailedError) -> AttemptRecord:
    reply = failure.reply
    return AttemptRecord(
        started_at=began,
        finished_at=now(),
        outcome=Outcome.DEFERRED,
        stage=failure.stage,
        code=reply.code if reply else None,
        status=reply.enhanced if reply else None,
        reply=reply.text if reply else failure.in_english(),
        server=str(failure.relay)[:255],
        tls=False,
    )


def _without_server(
    began: datetime, outcome: Outcome, stage: Stage, text: str, server: str = ""
) -> AttemptRecord:
    return AttemptRecord(
        started_at=began,
        finished_at=now(),
        outcome=outcome,
        stage=stage,
        code=None,
        status=None,
        reply=text,
        server=server,
        tls=False,
    )
