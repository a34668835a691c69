"""How often somebody may try to sign in: so many failures a name and a client address.

Each try is counted before the password is looked at, so that tries at the same time count, too; a
good one is taken back. The counts are kept in this process and in Redis, and the greater is
believed: an empty or missing Redis opens nothing, and a restart of the pages does not either.
"""

import hashlib
import ipaddress
import math
import threading
from dataclasses import dataclass
from typing import cast

import structlog
from redis import Redis
from redis.exceptions import RedisError

from runtime.clock import elapsed
from runtime.refusal import Refusal

log = structlog.get_logger(__name__)

WINDOW = 900
"""Seconds for which a failure counts."""
MOST_A_NAME = 10
MOST_AN_ADDRESS = 30
_PATIENCE = 0.5
_PAUSE = 5.0
_MOST_KEPT = 20_000
_IPV6_NETWORK = 64
"""Bits of an IPv6 address that name a site: the rest is the client's to choose."""

# KEYS: counters. ARGV[1]: seconds. Adds one to each; returns count and remaining seconds of each.
_COUNT = """
local told = {}
for i, key in ipairs(KEYS) do
  local n = redis.call('INCR', key)
  if n == 1 then redis.call('EXPIRE', key, ARGV[1]) end
  told[2 * i - 1], told[2 * i] = n, redis.call('TTL', key)
end
return told
"""

# KEYS[1] is forgotten; KEYS[2] loses one, if it is still counted.
_TAKE_BACK = """
redis.call('DEL', KEYS[1])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('DECR', KEYS[2]) end
return 0
"""


class TooManyTriesError(Refusal):
    """There were too many attempts to sign in with this name or from this place. Wait {minutes}
    minutes and try again.
    """


@dataclass(kw_only=True, slots=True)
class _Count:
    n: int
    until: float


class LocalCounts:
    """Counters of one process, each for :data:`WINDOW` seconds; of too many the oldest go."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._lock = threading.Lock()

    def add(self, key: str, *, now: float) -> tuple[int, float]:
        """Add one; return the count and the seconds until it is forgotten."""
        with self._lock:
            count = self._counts.get(key)
            if count is None or count.until <= now:
                self._counts.pop(key, None)
                count = self._counts[key] = _Count(n=0, until=now + WINDOW)
                while len(self._counts) > _MOST_KEPT:
                    del self._counts[next(iter(self._counts))]
            count.n += 1
            return count.n, count.until - now

    def take_back(self, key: str, *, whole: bool) -> None:
        """Take one away, or with ``whole`` all."""
        with self._lock:
            count = self._counts.get(key)
            if count is not None:
                count.n = 0 if whole else max(0, count.n - 1)


class SignInTries:
    """Counts tries to sign in, in this process and in Redis."""

    def __init__(self, redis_url: str) -> None:
        self._redis = Redis.from_url(
            redis_url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE
        )
        self._count = self._redis.register_script(_COUNT)
        self._back = self._redis.register_script(_TAKE_BACK)
        self._local = LocalCounts()
        self._away_until = 0.0

    def begin(self, name: str, address: str) -> None:
        """Count a try.

        Raises:
            TooManyTriesError: there were too many; the password must not be looked at.

        """
        keys = _keys(name, address)
        counted = [self._local.add(key, now=elapsed()) for key in keys]
        shared = self._ask(self._count, keys, WINDOW)
        if isinstance(shared, list) and len(shared) == 2 * len(keys):
            counted += [(shared[0], shared[1]), (shared[2], shared[3])]
        limits = (MOST_A_NAME, MOST_AN_ADDRESS)
        waits = [wait for i, (n, wait) in enumerate(counted) if n > limits[i % 2]]
        if waits:
            raise TooManyTriesError(minutes=max(1, math.ceil(max(waits) / 60)))

    def succeeded(self, name: str, address: str) -> None:
        """Take back a try that was good."""
        keys = _keys(name, address)
        self._local.take_back(keys[0], whole=True)
        self._local.take_back(keys[1], whole=False)
        self._ask(self._back, keys)

    def close(self) -> None:
        """Close the connections to Redis."""
        self._redis.close()

    def _ask(self, script: object, keys: list[str], *arguments: int) -> object:
        """Run a script; None while Redis is away, which is then left alone for a few seconds."""
        if elapsed() < self._away_until or not callable(script):
            return None
        try:
            return cast("object", script(keys=keys, args=list(arguments)))
        except (RedisError, OSError) as error:
            log.warning("sign-in tries are counted here only", error=repr(error))
            self._away_until = elapsed() + _PAUSE
            return None


def _keys(name: str, address: str) -> list[str]:
    """Return the two counters of a try. Names are hashed: Redis need not know who works here."""
    hashed = hashlib.sha256(name.encode()).hexdigest()[:32]
    return [f"jianbao:sign-in:name:{hashed}", f"jianbao:sign-in:from:{site_of(address)}"]


def site_of(address: str) -> str:
    """Return what an IP address counts as: itself, or its network of 64 bits (RFC 4291 2.5.4)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "elsewhere"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _IPV6_NETWORK), strict=False))
    return str(parsed)
