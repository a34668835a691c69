"""Messages a second and CPU time a message of our SMTP client, beside aiosmtplib in the same run.

The inbox runs in a process of its own and keeps envelopes only, so that its disk is not measured.

    python bench/smtp_client.py [--count 5000] [--size 30000] [--connections 10] [--loop uvloop]
"""

import argparse
import asyncio
import functools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path

import aiosmtplib
import uvloop

from mailer.inbox.store import count_by_message_id, read_store
from mailer.smtp.connection import Connection
from mailer.smtp.envelopes import Envelope
from mailer.smtp.relays import Relay
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.verdicts import Outcome

SENDER = "bulletin@office.example"
Send = Callable[[int], Awaitable[None]]


@contextmanager
def inbox() -> Iterator[tuple[int, Path]]:
    """Run an inbox; yield its SMTP port and its folder."""
    with tempfile.TemporaryDirectory() as home:
        ready = Path(home) / "ready.json"
        command = [sys.executable, "-m", "mailer.inbox.main", "--no-bodies", "--folder", home]
        process = subprocess.Popen([*command, "--ready-file", str(ready)])
        while not ready.exists():
            time.sleep(0.02)
        try:
            yield json.loads(ready.read_text())["smtp_port"], Path(home)
        finally:
            process.terminate()
            process.wait()


@functools.cache
def body(size: int) -> bytes:
    """Return the part that all messages share, as those of an issue do."""
    line = b"x" * 76 + b"\r\n"
    return line * (size // len(line))


def message(number: int, size: int, name: str) -> list[bytes]:
    """Return a message as the rendering joins them: own headers, then the shared body."""
    head = (
        f"From: {SENDER}\r\nTo: unit{number}@office.example\r\nSubject: bench\r\n"
        f"Message-ID: <{name}.{number}@office.example>\r\nMIME-Version: 1.0\r\n\r\n"
    )
    return [head.encode(), body(size)]


@asynccontextmanager
async def ours(port: int, size: int) -> AsyncIterator[Send]:
    """Yield a function that sends one message over a connection of our client."""
    relay = Relay(host="127.0.0.1", port=port)
    connection = await Connection.open(relay, timeouts=Timeouts(), helo="bench.example")

    async def send(number: int) -> None:
        envelope = Envelope(mail_from=SENDER, rcpt_to=f"unit{number}@office.example")
        done = await connection.transact(
            envelope, message(number, size, "ours"), may_go_on=lambda: True
        )
        if done.outcome is not Outcome.ACCEPTED:
            raise SystemExit(str(done))

    yield send
    await connection.close()


@asynccontextmanager
async def theirs(port: int, size: int) -> AsyncIterator[Send]:
    """Yield a function that sends one message over a connection of aiosmtplib."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, start_tls=False)
    await client.connect()

    async def send(number: int) -> None:
        data = b"".join(message(number, size, "theirs"))
        await client.sendmail(SENDER, [f"unit{number}@office.example"], data)

    yield send
    await client.quit()


async def measure(
    open_one: Callable[[int, int], AbstractAsyncContextManager[Send]],
    port: int,
    options: argparse.Namespace,
) -> tuple[float, float]:
    """Send all messages over all connections; return messages a second and CPU ms a message."""
    numbers = iter(range(options.count))

    async def worker(started: asyncio.Barrier) -> None:
        async with open_one(port, options.size) as send:
            await started.wait()
            for number in numbers:
                await send(number)

    barrier = asyncio.Barrier(options.connections + 1)
    async with asyncio.TaskGroup() as group:
        for _ in range(options.connections):
            group.create_task(worker(barrier))
        await barrier.wait()
        wall, cpu = time.perf_counter(), time.process_time()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return options.count / wall, cpu * 1000 / options.count


def main() -> None:
    """Measure both clients, one after the other, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--size", type=int, default=30_000)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    options = parser.parse_args()
    run = uvloop.run if options.loop == "uvloop" else asyncio.run
    print(f"{options.count} messages of {options.size} octets, {options.connections} connections")
    print(f"{'client':<12}{'messages/s':>12}{'CPU ms/message':>16}{'kept':>8}")
    with inbox() as (port, folder):
        for name, open_one in (("ours", ours), ("aiosmtplib", theirs)):
            rate, cpu = run(measure(open_one, port, options))
            counts = count_by_message_id(list(read_store(folder)))
            mark = "ours" if open_one is ours else "theirs"
            kept = sum(1 for message_id in counts if message_id.startswith(f"<{mark}."))
            print(f"{name:<12}{rate:>12.0f}{cpu:>16.3f}{kept:>8}")


if __name__ == "__main__":
    main()
