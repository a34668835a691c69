"""When a deferred or doubtful delivery is tried again (pure)."""

import random
from datetime import datetime, timedelta

LONGEST_PAUSE = timedelta(hours=4)
DOUBT_PAUSE = timedelta(seconds=60)
_JITTER = 0.2


def retry_at(attempts: int, now: datetime, first: timedelta, *, chance: random.Random) -> datetime:
    """Return when the next attempt is due, after ``attempts`` (≥ 1) of them.

    The pause doubles with each attempt, up to four hours, and varies by ± 20 % so that deliveries
    that were deferred together do not come back together.
    """
    doublings = min(max(attempts, 1) - 1, 16)
    pause = min(first * (1 << doublings), LONGEST_PAUSE)
    return now + pause * (1 + chance.uniform(-_JITTER, _JITTER))


def doubt_pause(first: timedelta) -> timedelta:
    """Return how long a doubtful delivery waits before it is sent again: a late answer may come."""
    return min(first, DOUBT_PAUSE)
