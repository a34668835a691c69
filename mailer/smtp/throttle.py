"""How fast a relay may be given mail: a token bucket that all worker processes share.

The bucket lives in Redis and runs on Redis' clock, so that machines whose clocks differ agree. Who
takes tokens that are not there yet goes into debt and waits until the debt is paid: one round trip
a take, first come first served. While Redis is away each process uses a bucket of its own with its
share of the rate; when Redis was wiped, the bucket is full again and at most one burst too many
goes out.
"""

import asyncio
from collections.abc import Awaitable
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from runtime.clock import elapsed
from runtime.refusal import Refusal

log = structlog.get_logger(__name__)

PATIENCE = 0.5
"""Seconds that Redis may take to answer before the local bucket is used."""
PAUSE = 5.0
"""Seconds for which a Redis that did not answer is not asked again."""

# KEYS[1]: a hash of tokens (below zero: debt) and at (Redis' time in seconds).
# ARGV: tokens a second, size of the bucket, tokens to take. Returns seconds to wait, as text.
_TAKE = """
local rate, burst, taken = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1] or burst), tonumber(kept[2] or now)
tokens = math.min(burst, tokens + math.max(0, now - at) * rate) - taken
local wait = math.max(0, -tokens / rate)
tokens, now = string.format('%.6f', tokens), string.format('%.6f', now)
redis.call('HSET', KEYS[1], 'tokens', tokens, 'at', now)
redis.call('PEXPIRE', KEYS[1], math.ceil((wait + burst / rate + 60) * 1000))
return string.format('%.6f', wait)
"""


class ThrottleError(Refusal):
    """The rate {rate} and burst {burst} of {name} cannot be used. Both must be above zero."""


class LocalBucket:
    """A token bucket of one process. ``rate`` is in tokens a second, ``burst`` its size."""

    def __init__(self, *, rate: float, burst: float, now: float) -> None:
        self.rate = rate
        self.burst = burst
        self._tokens = burst
        self._at = now

    def take(self, count: int, *, now: float) -> float:
        """Take ``count`` tokens at the instant ``now``; return the seconds to wait for them."""
        self._tokens = min(self.burst, self._tokens + max(0.0, now - self._at) * self.rate)
        self._tokens -= count
        self._at = now
        return max(0.0, -self._tokens / self.rate)


class TokenBucket:
    """The bucket called ``name``, shared through ``client`` by ``processes`` processes."""

    def __init__(
        self, client: Redis, *, name: str, rate: float, burst: float, processes: int = 1
    ) -> None:
        """Raise :class:`ThrottleError` for a rate or a burst that is not positive."""
        if rate <= 0 or burst <= 0 or processes < 1:
            raise ThrottleError(name=name, rate=rate, burst=burst)
        self.name = name
        self.rate = rate
        self.burst = burst
        self._key = f"jianbao:throttle:{name}"
        self._script = client.register_script(_TAKE)
        self._local = LocalBucket(rate=rate / processes, burst=burst / processes, now=elapsed())
        self._away_until = 0.0

    @property
    def alone(self) -> bool:
        """Return whether the local bucket is used because Redis does not answer."""
        return elapsed() < self._away_until

    async def take(self, count: int = 1) -> None:
        """Wait until ``count`` messages may be sent.

        A Redis that does not answer costs half a second, once every few seconds. May be cancelled;
        the tokens are then spent for nothing, which errs on the slow side.
        """
        task = asyncio.current_task()
        cancelled = task.cancelling() if task else 0
        wait = await self._reserve(count)
        if task and task.cancelling() > cancelled:
            # redis-py writes under asyncio.wait_for, which on Python 3.11 can swallow a
            # cancellation; a worker that is told to stop would then sleep on.
            raise asyncio.CancelledError
        if wait > 0:
            await asyncio.sleep(wait)

    async def _reserve(self, count: int) -> float:
        if not self.alone:
            try:
                async with asyncio.timeout(PATIENCE):
                    arguments = [self.rate, self.burst, count]
                    reply = self._script(keys=[self._key], args=arguments)
                    return float(await cast("Awaitable[bytes]", reply))
            except (RedisError, OSError) as error:  # TimeoutError is an OSError
                if not self.alone:
                    log.warning("throttle is local", name=self.name, error=repr(error))
                self._away_until = elapsed() + PAUSE
        return self._local.take(count, now=elapsed())
