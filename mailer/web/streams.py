"""The open event streams: how many there may be, and their end when the server stops."""

import asyncio
from collections import Counter

from runtime.refusal import Refusal

MOST = 100
MOST_A_PERSON = 10


class TooManyStreamsError(Refusal):
    """Too many pages show live counts just now. Load this page again to see the present ones."""


class Streams:
    """Counts the open streams. Used from the event loop only, so it needs no lock."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()
        self._stopping = asyncio.Event()

    @property
    def open(self) -> int:
        """Return how many streams are open."""
        return self._open.total()

    def enter(self, person: str) -> None:
        """Open a stream for ``person``.

        Raises:
            TooManyStreamsError: there are as many as the server bears.

        """
        if self.open >= MOST or self._open[person] >= MOST_A_PERSON or self._stopping.is_set():
            raise TooManyStreamsError
        self._open[person] += 1

    def leave(self, person: str) -> None:
        """Close a stream of ``person``."""
        self._open[person] -= 1
        if not self._open[person]:
            del self._open[person]

    def stop(self) -> None:
        """End every stream: the server stops."""
        self._stopping.set()

    async def rest(self, seconds: float) -> bool:
        """Wait; return False at once when the server stops."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return True
        return False
