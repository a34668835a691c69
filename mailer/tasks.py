"""The tasks. Each is a wake-up: it asks the ledger what is due and calls an action.

``send`` runs in processes of its own (``--pool solo``), so that a SIGTERM reaches the send loop
itself: open transactions end, what was not begun is given back, and then the worker stops.
"""

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvloop
from celery import shared_task
from sqlalchemy.exc import OperationalError

from mailer.actions.delivering import deliver_due
from mailer.actions.sweeping import sweep as do_sweep
from mailer.deliveries.partitions import make_partitions
from mailer.deliveries.sealing import seal as do_seal
from mailer.deliveries.sending import Summary
from runtime import process
from runtime.clock import now
from runtime.refusal import Refusal
from runtime.secrets import read_secret_key

log = structlog.get_logger("tasks")

_WAKE_UP_SECONDS = 10


@shared_task(name="send", expires=_WAKE_UP_SECONDS)
def send() -> None:
    """Send what is due; queue another run if there is more."""
    try:
        summary, stopped = _run_until_signal()
    except Refusal as refusal:
        log.error("cannot-send", reason=refusal.in_english())  # noqa: TRY400 - no fault of ours
        return
    if summary is not None:
        log.info("sent", recorded=summary.recorded, more=summary.more)
        if summary.more and not stopped:
            send.delay()


def _run_until_signal() -> tuple[Summary | None, bool]:
    """Run the loop; a SIGTERM or SIGINT ends it in order and then reaches Celery."""
    runtime = process.current()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    received: list[signal.Signals] = []

    async def run() -> Summary | None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def end(number: signal.Signals) -> None:
            received.append(number)
            stop.set()

        for number in before:
            loop.add_signal_handler(number, end, number)
        try:
            return await deliver_due(runtime, stop)
        finally:
            for number in before:
                loop.remove_signal_handler(number)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            summary = runner.run(run())
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    for number in received[:1]:
        _hand_on(before[number], number)
    return summary, bool(received)


def _hand_on(
    handler: Callable[[int, FrameType | None], object] | int | None, number: signal.Signals
) -> None:
    """Let the worker stop as if it had been the one that was told."""
    if callable(handler):
        handler(number, None)


@shared_task(name="render", expires=60)
def render(issue_id: int) -> None:
    """Render a submitted issue."""
    # Readers and templates are a third of what the system loads, and the senders need neither.
    from mailer.actions.rendering import render_issue  # noqa: PLC0415
    from mailer.reading.limits import Limits  # noqa: PLC0415

    runtime = process.current()
    limits = Limits(size=runtime.settings.max_source_bytes)
    with _database_may_be_away(), runtime.database.transaction() as session:
        done = render_issue(session, issue_id, actor="worker", limits=limits)
        log.info("rendered", issue=issue_id, done=done)


@shared_task(name="sweep", expires=_WAKE_UP_SECONDS)
def sweep() -> None:
    """Do what is due by the clock, and wake up who has something to do."""
    runtime = process.current()
    with _database_may_be_away():
        secret = read_secret_key(runtime.settings)
        wanted = do_sweep(runtime.database, runtime.settings, secret, now())
        for issue_id in wanted.renderings:
            render.delay(issue_id)
        for _ in range(wanted.senders):
            send.delay()


@shared_task(name="seal", expires=_WAKE_UP_SECONDS)
def seal() -> None:
    """Seal the events of the past minute."""
    with _database_may_be_away():
        while True:
            with process.current().database.transaction() as session:
                if do_seal(session) == 0:
                    return


@shared_task(name="partitions", expires=3600)
def partitions() -> None:
    """Make the partitions of the months ahead."""
    with _database_may_be_away(), process.current().database.transaction() as session:
        make_partitions(session)


@contextmanager
def _database_may_be_away() -> Iterator[None]:
    """Say in a line that the database is away: the next wake-up does what this one could not."""
    try:
        yield
    except OperationalError as error:
        log.warning("database-away", reason=str(error.orig).strip().splitlines()[-1])
