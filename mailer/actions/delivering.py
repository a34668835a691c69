"""One run of the send loop in this process, with the settings' relay and limits."""

import asyncio
import contextlib
import os
import random
import socket

import redis.asyncio
import structlog

from mailer.actions.relaying import outlet
from mailer.deliveries.courier import RelayCourier, RenditionShelf, Route
from mailer.deliveries.ledger import Ledger
from mailer.deliveries.ports import LedgerLostError
from mailer.deliveries.sending import Limits, SendLoop, Summary
from mailer.smtp.opening import trust
from mailer.smtp.throttle import TokenBucket
from runtime.process import Runtime

log = structlog.get_logger("send")


async def deliver_due(runtime: Runtime, stop: asyncio.Event) -> Summary | None:
    """Send what is due until it is done, the time is up, or ``stop`` is set.

    Return None if as many processes as there are lanes send already, or the database is away.

    Raises:
        Refusal: no relay is set, or it cannot be used as things are set.

    """
    settings = runtime.settings
    way = outlet(settings)
    with contextlib.suppress(LedgerLostError):
        ledger = await Ledger.open(
            runtime.database.url,
            lanes=settings.send_workers,
            actor=f"worker:{socket.gethostname()}:{os.getpid()}",
        )
        if ledger is None:
            return None
        client = redis.asyncio.Redis.from_url(runtime.redis_url)
        try:
            throttle = None
            if settings.relay_rate:
                throttle = TokenBucket(
                    client,
                    name=way.relay.address,
                    rate=settings.relay_rate,
                    burst=max(1.0, settings.relay_rate / 10),
                    processes=settings.send_workers,
                )
            route = Route(
                relay=way.relay,
                helo=way.helo,
                timeouts=way.timeouts,
                tls_context=trust(settings.relay_ca_file),
                throttle=throttle,
            )
            shelf = RenditionShelf(ledger.rendition)
            count = min(settings.relay_connections, settings.in_doubt_window)
            loop = SendLoop(
                ledger,
                [RelayCourier(route, shelf) for _ in range(count)],
                Limits(
                    window=settings.in_doubt_window,
                    lease=settings.lease_seconds,
                    run=settings.send_seconds,
                    first_retry=settings.retry_first_seconds,
                ),
                stop,
                random.Random(),  # noqa: S311 - spreads retries, guards nothing
            )
            return await loop.run()
        finally:
            await client.aclose()
            await ledger.close()
    # To queue another run at once would be to run in circles: the sweep does it, once it can.
    log.warning("ledger-lost", during="open")
    return Summary(recorded=0, more=False)
