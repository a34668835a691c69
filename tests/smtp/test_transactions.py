"""Transactions with servers that behave."""

import asyncio

import pytest

from mailer.inbox.store import read_message
from mailer.smtp.content import BLOCK
from mailer.smtp.envelopes import Envelope
from mailer.smtp.notes import Note
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.verdicts import Concern, Outcome, Reason, Stage
from tests.smtp.scripted import ScriptedServers
from tests.smtp.servers import Client, Inboxes, relay_of

pytestmark = pytest.mark.anyio


async def test_a_message_arrives_as_it_was_given(inboxes: Inboxes, client: Client) -> None:
    """Envelope and bytes arrive unchanged, dots at the start of lines included."""
    server = await inboxes.start()
    done = await client.send(await client.connect(relay_of(server)))
    assert done.outcome is Outcome.ACCEPTED
    assert (done.stage, str(done.reply), done.note) == (
        Stage.FINAL_DOT,
        "250 2.0.0 Kept",
        Note.NONE,
    )
    assert done.server == f"127.0.0.1[127.0.0.1]:{server.port}"
    assert not done.tls
    assert done.started_at.tzinfo is not None
    assert done.started_at <= done.finished_at
    (kept,) = server.store.messages
    assert (kept.mail_from, kept.rcpt_to) == ("b@office.example", ("a@unit.example",))
    assert kept.message_id == "<1@office.example>"
    expected = b"Message-ID: <1@office.example>\r\nSubject: bulletin\r\n\r\n"
    assert read_message(kept) == expected + b"First line\r\n.\r\n..second\r\nlast\r\n"


@pytest.mark.parametrize("extra", range(-8, 4))
async def test_messages_around_a_block_arrive_whole(
    inboxes: Inboxes, client: Client, extra: int
) -> None:
    """Wherever the wire bytes are cut into blocks, the dot ends the message once."""
    server = await inboxes.start()
    connection = await client.connect(relay_of(server))
    message = b"Subject: x\r\n\r\n" + b".y" * ((2 * BLOCK + extra) // 2)
    for _ in range(2):
        assert (await client.send(connection, message=[message])).outcome is Outcome.ACCEPTED
    assert [read_message(kept) for kept in server.store.messages] == [message + b"\r\n"] * 2


async def test_a_connection_serves_many_messages(inboxes: Inboxes, client: Client) -> None:
    """Accepted, deferred and rejected ones follow each other in one session."""
    server = await inboxes.start(
        {
            "no@unit.example": "reject",
            "later@unit.example": "defer-first",
            "x@unit.example": "reject-data",
        }
    )
    connection = await client.connect(relay_of(server))
    results = [
        (await client.send(connection, to=f"{name}@unit.example")).outcome
        for name in ("a", "no", "a", "later", "later", "x", "no", "no", "a")
    ]
    a, d, r = Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.REJECTED
    assert results == [a, r, a, d, a, r, r, r, a]
    assert server.open_sessions == 1
    assert connection.usable


async def test_commands_leave_in_one_write(scripted: ScriptedServers, client: Client) -> None:
    """With PIPELINING, MAIL, RCPT and DATA are one packet; the message comes after 354 only."""
    server = await scripted.start()
    await client.send(await client.connect(server.relay))
    greeting, commands, content = server.chunks[:3]
    assert greeting == b"EHLO office.example\r\n"
    assert commands == (b"MAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n")
    assert content.endswith(b"\r\n.\r\n")


async def test_commands_leave_one_by_one_without_pipelining(
    scripted: ScriptedServers, client: Client
) -> None:
    """A server that does not offer PIPELINING is never sent a command before its answer."""
    server = await scripted.start(
        EHLO=(b"250 relay.example\r\n",), RCPT=[(b"550 5.1.1 No\r\n",), (b"250 Ok\r\n",)]
    )
    connection = await client.connect(server.relay)
    assert (await client.send(connection)).outcome is Outcome.REJECTED
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert server.lines == [
        b"EHLO office.example",
        b"MAIL FROM:<b@office.example>",
        b"RCPT TO:<a@unit.example>",
        b"RSET",
        b"MAIL FROM:<b@office.example>",
        b"RCPT TO:<a@unit.example>",
        b"DATA",
    ]
    assert all(chunk.count(b"\r\n") == 1 for chunk in server.chunks[:-1])


async def test_a_refused_transaction_is_reset_with_the_next(
    scripted: ScriptedServers, client: Client
) -> None:
    """RSET leads the next group of commands, so that a refusal costs no round trip."""
    server = await scripted.start(
        RCPT=[(b"550 5.1.1 No\r\n",), (b"250 Ok\r\n",)],
        DATA=[(b"503 5.5.1 No recipient\r\n",), (b"354 Go on\r\n",)],
    )
    connection = await client.connect(server.relay)
    refused = await client.send(connection)
    assert (refused.outcome, refused.stage) == (Outcome.REJECTED, Stage.RCPT)
    assert refused.verdict.condemns_address
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert server.chunks[2].startswith(b"RSET\r\nMAIL FROM:")
    assert len(server.messages) == 1


async def test_data_allowed_for_nobody_is_ended_by_a_dot(
    scripted: ScriptedServers, client: Client
) -> None:
    """Where RCPT was refused and DATA allowed, only a dot is sent, and RCPT's answer stands."""
    server = await scripted.start(RCPT=[(b"550 5.1.1 No\r\n",), (b"250 Ok\r\n",)])
    connection = await client.connect(server.relay)
    refused = await client.send(connection)
    assert (refused.outcome, refused.stage) == (Outcome.REJECTED, Stage.RCPT)
    assert str(refused.reply) == "550 5.1.1 No"
    assert server.messages == [b""]
    assert connection.usable
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert len(server.messages) == 2
    assert server.connections == 1


async def test_refused_data_is_no_end_of_the_session(
    scripted: ScriptedServers, client: Client
) -> None:
    """DATA refused: the message is not sent, the next one is."""
    server = await scripted.start(DATA=[(b"451 4.3.0 Not now\r\n",), (b"354 Go on\r\n",)])
    connection = await client.connect(server.relay)
    refused = await client.send(connection)
    assert (refused.outcome, refused.stage) == (Outcome.DEFERRED, Stage.DATA)
    assert server.messages == []
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED


async def test_nothing_is_written_when_we_may_not_start(
    scripted: ScriptedServers, client: Client
) -> None:
    """Asked before MAIL: no command leaves, and the connection stays good."""
    server = await scripted.start()
    connection = await client.connect(server.relay)
    client.answers = [False]
    stopped = await client.send(connection)
    assert (stopped.outcome, stopped.stage) == (Outcome.GIVEN_UP, Stage.MAIL)
    assert (stopped.note, client.asked) == (Note.NOT_STARTED, 1)
    assert connection.usable
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert server.steps.count("MAIL") == 1


@pytest.mark.parametrize("size", [100, 5 * BLOCK])
async def test_no_dot_is_written_when_we_may_not_finish(
    inboxes: Inboxes, client: Client, size: int
) -> None:
    """Asked before the dot: the connection is dropped, and the server has nothing."""
    server = await inboxes.start()
    connection = await client.connect(relay_of(server))
    client.answers = [True, False]
    stopped = await client.send(connection, message=[b"x" * size])
    assert (stopped.outcome, stopped.stage) == (Outcome.GIVEN_UP, Stage.FINAL_DOT)
    assert (stopped.note, client.asked) == (Note.STOPPED_BEFORE_DOT, 2)
    assert not connection.usable
    assert not connection.in_doubt
    other = await client.connect(relay_of(server))
    assert (await client.send(other)).outcome is Outcome.ACCEPTED
    assert len(server.store.messages) == 1


async def test_the_last_question_comes_when_all_but_the_last_block_is_out(
    scripted: ScriptedServers, client: Client
) -> None:
    """Of a large message, what precedes the last block is with the server when we are asked."""
    server = await scripted.start()
    connection = await client.connect(server.relay, timeouts=Timeouts())
    transport = connection._channel._transport
    assert transport is not None
    seen: list[int] = []

    def may_go_on() -> bool:
        seen.append(transport.get_write_buffer_size())
        return True

    envelope = Envelope(mail_from="b@office.example", rcpt_to="a@unit.example")
    message = [b"x" * (100 * BLOCK)]
    done = await connection.transact(envelope, message, may_go_on=may_go_on)
    assert done.outcome is Outcome.ACCEPTED
    assert seen == [0, 0]


async def test_a_message_over_the_limit_is_not_begun(inboxes: Inboxes, client: Client) -> None:
    """SIZE is compared before MAIL; a message that just fits goes, with its size declared."""
    server = await inboxes.start(size_limit=1000)
    connection = await client.connect(relay_of(server))
    fits = [b"x" * 998 + b"\r\n"]
    assert (await client.send(connection, message=fits)).outcome is Outcome.ACCEPTED
    done = await client.send(connection, message=[b"x", *fits])
    assert (done.outcome, done.verdict.reason) == (Outcome.REJECTED, Reason.SIZE)
    assert (done.stage, done.reply, done.note) == (Stage.MAIL, None, Note.TOO_LARGE)
    assert connection.usable


async def test_a_chinese_local_part_needs_a_server_that_takes_it(
    inboxes: Inboxes, scripted: ScriptedServers, client: Client
) -> None:
    """With SMTPUTF8 the address goes as it is; without, the message is refused at once."""
    server = await inboxes.start()
    done = await client.send(await client.connect(relay_of(server)), to="办公室@单位.example")
    assert done.outcome is Outcome.ACCEPTED
    assert server.store.messages[0].rcpt_to == ("办公室@xn--nqq01h.example",)
    plain = await scripted.start()
    done = await client.send(await client.connect(plain.relay), to="办公室@unit.example")
    assert (done.outcome, done.note) == (Outcome.REJECTED, Note.NO_SMTPUTF8)
    assert done.verdict.concern is Concern.US
    assert "MAIL" not in plain.steps


async def test_eight_bit_text_needs_a_server_that_takes_it(
    scripted: ScriptedServers, inboxes: Inboxes, client: Client
) -> None:
    """BODY=8BITMIME is declared, or the message refused; nothing is recoded behind a signature."""
    server = await inboxes.start()
    message = ["正文\r\n".encode()]
    assert (
        await client.send(await client.connect(relay_of(server)), message=message)
    ).outcome is Outcome.ACCEPTED
    done = await client.send(await client.connect((await scripted.start()).relay), message=message)
    assert (done.outcome, done.note) == (Outcome.REJECTED, Note.NO_EIGHT_BIT)


async def test_delivery_reports_are_asked_for_where_offered(
    inboxes: Inboxes, scripted: ScriptedServers, client: Client
) -> None:
    """ENVID and NOTIFY go out, encoded, to servers with DSN; others are not bothered."""
    server = await inboxes.start()
    await client.send(await client.connect(relay_of(server)), envid="7+a=b")
    assert server.store.messages[0].envid == "7+2Ba+3Db"
    speaking = await scripted.start(EHLO=(b"250-relay.example\r\n250-DSN\r\n250 PIPELINING\r\n",))
    await client.send(
        await client.connect(speaking.relay), envid="7", to="a+b@unit.example", notify_success=True
    )
    assert speaking.lines[1] == b"MAIL FROM:<b@office.example> RET=HDRS ENVID=7"
    assert speaking.lines[2] == (
        b"RCPT TO:<a+b@unit.example> NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=rfc822;a+2Bb@unit.example"
    )
    plain = await scripted.start()
    await client.send(await client.connect(plain.relay), envid="7")
    assert plain.lines[1] == b"MAIL FROM:<b@office.example>"


async def test_the_null_sender_is_written_as_such(inboxes: Inboxes, client: Client) -> None:
    """An empty sender is <>, for mail that must not be answered."""
    server = await inboxes.start()
    await client.send(await client.connect(relay_of(server)), mail_from="")
    assert server.store.messages[0].mail_from == ""


async def test_close_says_goodbye(scripted: ScriptedServers, client: Client) -> None:
    """QUIT is sent, and its answer waited for."""
    server = await scripted.start()
    connection = await client.connect(server.relay)
    await client.send(connection)
    await connection.close()
    await asyncio.wait_for(server.gone.wait(), 10)
    assert server.lines[-1] == b"QUIT"
    assert not connection.usable
    await connection.close()
