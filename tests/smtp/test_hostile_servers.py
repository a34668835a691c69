"""Transactions with servers that break, lie, flood or say nothing.

Whatever a server does becomes a value, soon, and the value never says too much: "accepted" only
after a complete 2yz to the dot, "unconfirmed" exactly while the dot may have been taken.
"""

import asyncio

import pytest

from mailer.smtp.content import BLOCK
from mailer.smtp.envelopes import Envelope
from mailer.smtp.notes import Note
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.verdicts import Concern, Outcome, Reason, Stage
from tests.smtp.scripted import CLOSE, HANG, RESET, Acts, ScriptedServers
from tests.smtp.servers import MESSAGE, Client, impatient

pytestmark = pytest.mark.anyio

PIPELINED = (b"250-relay.example\r\n250 PIPELINING\r\n",)
ONE_BY_ONE = (b"250 relay.example\r\n",)
FLOOD = b"250-" + b"x" * 60 + b"\r\n"


@pytest.mark.parametrize("hello", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one-by-one"])
@pytest.mark.parametrize("end", [CLOSE, RESET])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "content", "dot"])
async def test_a_connection_lost_at_any_step(
    scripted: ScriptedServers, client: Client, step: str, end: str, hello: Acts
) -> None:
    """Before the dot nothing was accepted; behind it, nobody knows."""
    server = await scripted.start(**{"EHLO": hello, step: (end,)})
    connection = await client.connect(server.relay)
    # Larger than a block, so that the message is still on its way when it happens.
    message = MESSAGE if step == "dot" else [b"x" * (200 * BLOCK)]
    lost = await client.send(connection, message=message)
    if step == "dot":
        assert lost.outcome is Outcome.UNCONFIRMED
        assert (lost.stage, lost.note) == (Stage.FINAL_DOT, Note.LOST_IN_DOUBT)
        assert connection.in_doubt
    else:
        assert lost.outcome is Outcome.DEFERRED
        assert (lost.stage, lost.note) == (Stage(step.lower()), Note.LOST)
        assert not connection.in_doubt
    assert lost.reply is None
    assert lost.verdict.reason is Reason.NO_ANSWER
    assert not connection.usable


@pytest.mark.parametrize("hello", [PIPELINED, ONE_BY_ONE], ids=["pipelined", "one-by-one"])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "content", "dot"])
async def test_a_server_that_stops_answering(
    scripted: ScriptedServers, client: Client, step: str, hello: Acts
) -> None:
    """Every wait ends, and the stage that was waited for is named."""
    server = await scripted.start(**{"EHLO": hello, step: (HANG,)})
    stage = Stage("final-dot" if step == "dot" else step.lower())
    connection = await client.connect(server.relay, timeouts=impatient(stage))
    message = [b"x" * (200 * BLOCK)] if step == "content" else MESSAGE
    silent = await asyncio.wait_for(client.send(connection, message=message), 10)
    if step == "dot":
        assert silent.outcome is Outcome.UNCONFIRMED
        assert silent.note is Note.TIMED_OUT_IN_DOUBT
    else:
        assert silent.outcome is Outcome.DEFERRED
        assert (silent.stage, silent.note) == (Stage(step.lower()), Note.TIMED_OUT)
    assert not connection.usable


@pytest.mark.parametrize("end", [CLOSE, RESET])
async def test_accepted_stays_accepted(scripted: ScriptedServers, client: Client, end: str) -> None:
    """A 250 that was read in full counts, though the connection ends in the same instant."""
    server = await scripted.start(dot=(b"250 2.0.0 Taken\r\n", end))
    connection = await client.connect(server.relay)
    done = await client.send(connection)
    assert done.outcome is Outcome.ACCEPTED
    await asyncio.wait_for(server.gone.wait(), 10)
    after = await client.send(connection)
    assert after.outcome is Outcome.DEFERRED
    assert after.worth_another_connection
    assert not connection.usable


@pytest.mark.parametrize("half", [b"250 2.0.0 Tak", b"250-2.0.0 Taken\r\n", b"2"])
async def test_half_a_yes_is_no_yes(scripted: ScriptedServers, client: Client, half: bytes) -> None:
    """An answer to the dot that was cut off leaves the message unconfirmed."""
    server = await scripted.start(dot=(half, CLOSE))
    done = await client.send(await client.connect(server.relay))
    assert (done.outcome, done.note) == (Outcome.UNCONFIRMED, Note.LOST_IN_DOUBT)


FLOODS = {
    "ten-megabytes-in-a-line": (b"250 " + b"x" * 10_000_000,),
    "ten-megabytes-of-lines": (FLOOD * 150_000,),
    "endless-lines": (FLOOD * 1000, FLOOD * 1000, FLOOD * 1000, HANG),
    "binary": (bytes(range(128, 256)) * 40 + b"\r\n",),
    "nulls": (b"\0" * 20 + b"\r\n",),
    "http": (b"HTTP/1.1 400 Bad Request\r\n\r\n",),
    "two-codes": (b"250-yes\r\n550 no\r\n",),
    "no-code": (b"999 what\r\n",),
}


@pytest.mark.parametrize("flood", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("step", ["MAIL", "dot"])
async def test_an_answer_that_is_none(
    scripted: ScriptedServers, client: Client, step: str, flood: Acts
) -> None:
    """Floods and noise end the connection at once; what they mean depends on the dot alone."""
    server = await scripted.start(**{step: flood})
    connection = await client.connect(server.relay)
    done = await asyncio.wait_for(client.send(connection), 10)
    if step == "dot":
        assert (done.outcome, done.note) == (Outcome.UNCONFIRMED, Note.UNREADABLE_IN_DOUBT)
    else:
        assert (done.outcome, done.note) == (Outcome.DEFERRED, Note.UNREADABLE)
    assert not connection.usable
    # The parser keeps nothing of what it refused.
    assert connection._channel._parser.empty


async def test_a_trickling_answer_does_not_stretch_the_wait(
    scripted: ScriptedServers, client: Client
) -> None:
    """A byte now and then is no answer: the time for a reply is that for all of it."""
    trickle = [piece for digit in b"250 2.1.0 a long answer" for piece in (bytes([digit]), 0.05)]
    server = await scripted.start(MAIL=tuple(trickle))
    connection = await client.connect(server.relay, timeouts=impatient(Stage.MAIL))
    done = await asyncio.wait_for(client.send(connection), 10)
    assert (done.outcome, done.note) == (Outcome.DEFERRED, Note.TIMED_OUT)
    assert (done.finished_at - done.started_at).total_seconds() < 0.6


@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "dot"])
async def test_421_at_any_step(scripted: ScriptedServers, client: Client, step: str) -> None:
    """421 closes the session and asks us to slow down; at the dot it is a clear no, for now."""
    server = await scripted.start(**{step: (b"421 4.3.2 Closing\r\n", CLOSE)})
    connection = await client.connect(server.relay)
    done = await client.send(connection)
    assert (done.outcome, str(done.reply)) == (Outcome.DEFERRED, "421 4.3.2 Closing")
    assert done.stage is Stage("final-dot" if step == "dot" else step.lower())
    assert done.verdict.throttling
    assert done.verdict.concern is Concern.US
    assert not done.worth_another_connection
    assert not connection.usable


async def test_421_between_messages_is_worth_another_connection(
    scripted: ScriptedServers, client: Client
) -> None:
    """A server that ends a session after so many messages has not refused the next one."""
    server = await scripted.start(MAIL=[(b"250 Ok\r\n",), (b"421 4.7.0 Enough for now\r\n", CLOSE)])
    connection = await client.connect(server.relay)
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    ended = await client.send(connection)
    assert (ended.outcome, ended.stage) == (Outcome.DEFERRED, Stage.MAIL)
    assert ended.worth_another_connection


async def test_an_idle_connection_that_was_closed_is_known(
    scripted: ScriptedServers, client: Client
) -> None:
    """A goodbye while nothing is going on makes the connection unusable, before it is tried."""
    server = await scripted.start(dot=(b"250 Taken\r\n", b"421 4.4.2 Idle\r\n", CLOSE))
    connection = await client.connect(server.relay)
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    await asyncio.wait_for(server.gone.wait(), 10)
    ended = await client.send(connection)
    assert not connection.usable
    assert (ended.outcome, ended.worth_another_connection) == (Outcome.DEFERRED, True)


async def test_an_answer_nobody_asked_for_is_not_taken_for_the_dots(
    scripted: ScriptedServers, client: Client
) -> None:
    """A 250 sent ahead of the dot is no acceptance: the connection is dropped before it."""
    server = await scripted.start(DATA=(b"354 Go on\r\n250 2.0.0 Taken already\r\n",), dot=(HANG,))
    connection = await client.connect(server.relay)
    done = await client.send(connection)
    assert (done.outcome, done.note) == (Outcome.DEFERRED, Note.OUT_OF_TURN)
    assert server.messages == []


@pytest.mark.parametrize("step", ["MAIL", "RCPT"])
async def test_354_where_250_was_due_ends_the_session(
    scripted: ScriptedServers, client: Client, step: str
) -> None:
    """A server that is out of step could have its later answers mistaken: nothing is sent."""
    server = await scripted.start(**{step: (b"354 Go on\r\n",)})
    connection = await client.connect(server.relay)
    done = await client.send(connection)
    assert (done.outcome, done.note) == (Outcome.DEFERRED, Note.UNREADABLE)
    assert not connection.usable


async def test_354_to_the_dot_leaves_a_doubt(scripted: ScriptedServers, client: Client) -> None:
    """An answer to the dot that is neither yes nor no is none."""
    server = await scripted.start(dot=(b"354 Go on\r\n",))
    done = await client.send(await client.connect(server.relay))
    assert done.outcome is Outcome.UNCONFIRMED


async def test_a_refusal_in_the_middle_of_a_message_is_heard(
    scripted: ScriptedServers, client: Client
) -> None:
    """A server that refuses before the dot has refused; the dot is not sent."""
    server = await scripted.start(content=(b"552 5.3.4 Too much\r\n", HANG))
    connection = await client.connect(server.relay)
    done = await client.send(connection, message=[b"x" * (200 * BLOCK)])
    assert (done.outcome, done.stage) == (Outcome.REJECTED, Stage.CONTENT)
    assert (str(done.reply), done.verdict.reason) == ("552 5.3.4 Too much", Reason.SIZE)


async def test_the_first_refusal_stands_whatever_follows(
    scripted: ScriptedServers, client: Client
) -> None:
    """MAIL is refused and then the connection breaks: it was refused, with that answer."""
    server = await scripted.start(MAIL=(b"553 5.7.1 Sender rejected\r\n", RESET))
    connection = await client.connect(server.relay)
    done = await client.send(connection)
    assert (done.outcome, done.stage) == (Outcome.REJECTED, Stage.MAIL)
    assert done.verdict.reason is Reason.SENDER
    assert not connection.usable


@pytest.mark.parametrize(
    ("step", "doubt"), [("MAIL", False), ("DATA", False), ("content", False), ("dot", True)]
)
async def test_a_cancelled_transaction_says_whether_there_is_a_doubt(
    scripted: ScriptedServers, client: Client, step: str, *, doubt: bool
) -> None:
    """Whoever cancels learns from the connection what it may say of the message."""
    server = await scripted.start(**{step: (HANG,)})
    connection = await client.connect(server.relay, timeouts=Timeouts())
    envelope = Envelope(mail_from="b@office.example", rcpt_to="a@unit.example")
    message = [b"x" * (200 * BLOCK)] if step == "content" else MESSAGE
    sending = asyncio.create_task(connection.transact(envelope, message, may_go_on=lambda: True))
    reached = server.reached.setdefault(step, asyncio.Event())
    await asyncio.wait_for(reached.wait(), 10)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    assert connection.in_doubt is doubt
    assert not connection.usable


async def test_closing_never_hangs(scripted: ScriptedServers, client: Client) -> None:
    """A server that does not answer QUIT is left after its time."""
    server = await scripted.start(QUIT=(HANG,))
    connection = await client.connect(server.relay, timeouts=impatient(Stage.QUIT))
    await asyncio.wait_for(connection.close(), 2)
    assert not connection.usable
