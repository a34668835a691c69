"""Ledgers as send workers open them, on a database of the test's own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest

from mailer.deliveries.ledger import Ledger
from mailer.deliveries.ports import Claimed
from runtime.database import Database

LEASE = timedelta(minutes=1)


class Ledgers:
    """Opens ledgers; they are closed with the test."""

    def __init__(self, url: str, stack: AsyncExitStack) -> None:
        self._url = url
        self._stack = stack

    async def open(self, *, lanes: int = 8) -> Ledger:
        """Open one more."""
        ledger = await self.try_open(lanes=lanes)
        assert ledger is not None
        return ledger

    async def try_open(self, *, lanes: int) -> Ledger | None:
        """Open one more, if a lane is free."""
        ledger = await Ledger.open(self._url, lanes=lanes, actor="worker:test")
        if ledger is not None:
            self._stack.push_async_callback(ledger.close)
        return ledger


async def claim(
    ledger: Ledger, dispatch: int, most: int = 100, lease: timedelta = LEASE
) -> list[Claimed]:
    """Claim from one dispatch, by delivery."""
    return sorted(await ledger.claim([(dispatch, most)], lease), key=lambda claimed: claimed.id)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """The event loop that the workers run on."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture
async def ledgers(database: Database) -> AsyncIterator[Ledgers]:
    """Ledgers on the test's database."""
    async with AsyncExitStack() as stack:
        yield Ledgers(database.url, stack)
