"""The inbox as a server, spoken to by clients that we did not write, and by hand."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from mailer.inbox.behaviours import Behaviours
from mailer.inbox.server import InboxPortError, InboxServer
from mailer.inbox.store import Answer, MessageStore, read_message
from runtime.clock import elapsed, now
from tests.inbox.lines import Inboxes, Line, Lines

pytestmark = pytest.mark.anyio

BODY = b"Message-ID: <1@office.example>\r\n\r\n.dot\r\n..\r\nend\r\n"


@pytest.fixture
async def inboxes(tmp_path: Path) -> AsyncIterator[Inboxes]:
    """Inboxes."""
    async with AsyncExitStack() as stack:
        yield Inboxes(tmp_path, stack)


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    """Connections by hand."""
    async with AsyncExitStack() as stack:
        yield Lines(stack)


async def test_the_standard_library_can_send(inboxes: Inboxes) -> None:
    """smtplib, which pipelines nothing, gets a message through unchanged."""
    server = await inboxes.start()

    def send() -> dict[str, tuple[int, bytes]]:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=10) as client:
            return client.sendmail("b@office.example", ["a@unit.example", "c@unit.example"], BODY)

    assert await asyncio.to_thread(send) == {}
    (kept,) = server.store.messages
    assert kept.rcpt_to == ("a@unit.example", "c@unit.example")
    assert read_message(kept) == BODY


async def test_aiosmtplib_can_send(inboxes: Inboxes) -> None:
    """So does aiosmtplib, with a Chinese subject, an address that is not ASCII, and size checks."""
    server = await inboxes.start()
    message = EmailMessage()
    message["From"], message["To"] = "b@office.example", "办公室@unit.example"
    message["Subject"], message["Message-ID"] = "工作简报", "<7@office.example>"
    message.set_content("正文\n")
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=server.port, start_tls=False)
    async with client:
        await client.send_message(message)
        with pytest.raises(aiosmtplib.SMTPResponseException, match="too large"):
            await client.mail("b@office.example", options=["SIZE=10001"])
    (kept,) = server.store.messages
    assert (kept.message_id, kept.rcpt_to) == ("<7@office.example>", ("办公室@unit.example",))


async def test_a_pipelined_session_is_answered_in_order(inboxes: Inboxes, lines: Lines) -> None:
    """Two whole transactions in one packet, cut anywhere, give the same answers."""
    server = await inboxes.start()
    one = b"MAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n"
    stream = one + BODY.replace(b"\r\n.", b"\r\n..") + b".\r\n" + one + b"..\r\n.\r\nQUIT\r\n"
    for step in (len(stream), 1, 7):
        line = await lines.open(server)
        for start in range(0, len(stream), step):
            await line.say(stream[start : start + step])
        codes = [(await line.hear())[:3] for _ in range(9)]
        assert codes == ["250", "250", "354", "250"] * 2 + ["221"]
        assert await line.ended()
    assert [read_message(kept) for kept in server.store.messages] == [BODY, b".\r\n"] * 3


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ([b"MAIL FROM:<a@b.example>\r\n"], "503"),
        ([b"EHLO\r\n"], "501"),
        ([b"EHLO me\r\n", b"RCPT TO:<a@b.example>\r\n"], "503"),
        ([b"EHLO me\r\n", b"DATA\r\n"], "503"),
        ([b"EHLO me\r\n", b"MAIL FROM:<a@b.example>\r\n", b"DATA\r\n"], "503"),
        ([b"HELO me\r\n", b"MAIL FROM:<a@b.example>\r\n"], "250"),
        ([b"EHLO me\r\n", b"MAIL FROM:<>\r\n"], "250"),
        ([b"EHLO me\r\n", b"mail from: <a@b.example> size=10\r\n"], "250"),
        ([b"EHLO me\r\n", b"MAIL FROM:a@b.example\r\n"], "501"),
        ([b"EHLO me\r\n", b"MAIL FROM:<a>\r\n"], "501"),
        ([b"EHLO me\r\n", b"MAIL FROM:<a@b.example> SIZE=x\r\n"], "501"),
        ([b"EHLO me\r\n", b"MAIL FROM:<a@b.example> SIZE=99999\r\n"], "552"),
        ([b"EHLO me\r\n", b"MAIL FROM:<a@b.example> BOGUS=1\r\n"], "555"),
        ([b"EHLO me\r\n", "MAIL FROM:<局@b.example>\r\n".encode()], "553"),
        ([b"EHLO me\r\n", "MAIL FROM:<局@b.example> SMTPUTF8\r\n".encode()], "250"),
        ([b"EHLO me\r\n", b"MAIL FROM:<\xff@b.example>\r\n"], "501"),
        ([b"EHLO me\r\n", b"NOOP\n"], "500"),
        ([b"EHLO me\r\n", b"NOOP\rRSET\r\n"], "500"),
        ([b"EHLO me\r\n", b"WHAT\r\n"], "500"),
        ([b"EHLO me\r\n", b"\r\n"], "500"),
        ([b"EHLO me\r\n", b"NOOPE\r\n"], "500"),
        ([b"EHLO me\r\n", b"VRFY x\r\n"], "252"),
        ([b"EHLO me\r\n", b"RSET\r\n"], "250"),
        ([b"x" * 5000], "500"),
    ],
)
async def test_commands_are_held_to_the_standard(
    inboxes: Inboxes, lines: Lines, commands: list[bytes], code: str
) -> None:
    """Order, grammar and parameters are checked, so that a client's mistakes show."""
    line = await lines.open(await inboxes.start(), greet=False)
    for command in commands[:-1]:
        await line.ask(command)
    assert (await line.ask(commands[-1])).startswith(code)


@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r"])
async def test_only_crlf_dot_crlf_ends_a_message(
    inboxes: Inboxes, lines: Lines, end: bytes
) -> None:
    """Other dots belong to the message: nothing behind them is taken for commands."""
    server = await inboxes.start()
    line = await lines.open(server)
    await line.say(b"MAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n")
    for _ in range(3):
        await line.hear()
    smuggled = b"text" + end + b"MAIL FROM:<evil@unit.example>\r\n"
    assert (await line.ask(smuggled + b".\r\n")).startswith("250")
    (kept,) = server.store.messages
    assert kept.mail_from == "b@office.example"
    assert b"MAIL FROM:<evil@unit.example>" in read_message(kept)


async def test_behaviours_of_all_kinds(inboxes: Inboxes, lines: Lines) -> None:
    """Every word does what it says, in one session where the session survives."""
    server = await inboxes.start(
        {
            "later@unit.example": "defer-first",
            "no@unit.example": "reject",
            "spam@unit.example": "reject-data",
            "drop@unit.example": "drop:1",
            "bye@unit.example": "drop-after-250",
        }
    )

    async def send(line: Line, to: str) -> str:
        await line.say(f"RSET\r\nMAIL FROM:<b@office.example>\r\nRCPT TO:<{to}>\r\n".encode())
        await line.hear()
        await line.hear()
        answer = await line.hear()
        if not answer.startswith("250"):
            return answer
        assert (await line.ask(b"DATA\r\n")).startswith("354")
        return await line.ask(BODY.replace(b"\r\n.", b"\r\n..") + b".\r\n")

    line = await lines.open(server)
    assert await send(line, "later@unit.example") == "451 4.7.1 Greylisted, try again later"
    assert await send(line, "later@unit.example") == "250 2.0.0 Kept"
    assert await send(line, "no@unit.example") == "550 5.1.1 No such mailbox"
    assert await send(line, "spam@unit.example") == "554 5.6.0 This message is not wanted"
    assert await send(line, "drop@unit.example") == ""
    line = await lines.open(server)
    assert await send(line, "drop@unit.example") == "250 2.0.0 Kept"
    assert await send(line, "bye@unit.example") == "250 2.0.0 Kept"
    assert await line.ended()
    answers = [(kept.rcpt_to[0].partition("@")[0], kept.answer) for kept in server.store.messages]
    yes, none = Answer.ACCEPTED, Answer.NONE
    assert answers == [("later", yes), ("drop", none), ("drop", yes), ("bye", yes)]


async def test_a_hanging_address_is_read_and_never_answered(inboxes: Inboxes, lines: Lines) -> None:
    """The message is kept as unanswered; later commands get no answer either."""
    server = await inboxes.start({"hang@unit.example": "hang:1"})
    line = await lines.open(server)
    start = b"MAIL FROM:<b@office.example>\r\nRCPT TO:<hang@unit.example>\r\nDATA\r\n"
    await line.say(start + b".\r\n" + b"NOOP\r\n")
    for _ in range(3):
        await line.hear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await line.hear()
    assert [kept.answer for kept in server.store.messages] == [Answer.NONE]
    line = await lines.open(server)
    await line.say(start + b".\r\n")
    assert [(await line.hear())[:3] for _ in range(4)] == ["250", "250", "354", "250"]


async def test_delays_hold_back_the_answer_only(inboxes: Inboxes, lines: Lines) -> None:
    """The message is kept at once; what was pipelined behind it waits for its turn."""
    server = await inboxes.start({"slow@unit.example": "slow:150"}, delay=0.1)
    line = await lines.open(server)
    started = elapsed()
    await line.say(b"MAIL FROM:<b@office.example>\r\nRCPT TO:<slow@unit.example>\r\nDATA\r\n")
    for _ in range(3):
        await line.hear()
    assert elapsed() - started < 0.2
    await line.say(b".\r\nNOOP\r\n")
    other = await lines.open(server)
    assert await other.ask(b"NOOP\r\n") == "250 2.0.0 Ok"
    assert len(server.store.messages) == 1
    assert elapsed() - started < 0.2
    assert [await line.hear(), await line.hear()] == ["250 2.0.0 Kept", "250 2.0.0 Ok"]
    assert 0.24 < elapsed() - started < 2


async def test_a_client_that_goes_while_it_waits_has_still_sent(
    inboxes: Inboxes, lines: Lines
) -> None:
    """A message that was kept stays, though nobody is there to hear so."""
    server = await inboxes.start(delay=0.1)
    line = await lines.open(server)
    await line.say(b"MAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n.\r\n")
    for _ in range(3):
        await line.hear()
    await line.close()
    other = await lines.open(server)
    assert (await other.ask(b"NOOP\r\n")).startswith("250")
    await server.stop()
    assert len(server.store.messages) == 1


async def test_a_message_over_the_limit_is_read_to_its_end_and_refused(
    inboxes: Inboxes, lines: Lines
) -> None:
    """Without keeping it in memory; the session goes on, and dots inside fool nobody."""
    server = await inboxes.start(size_limit=1000)
    line = await lines.open(server)
    start = b"MAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n"
    await line.say(start)
    for _ in range(3):
        await line.hear()
    for _ in range(200):
        await line.say(b"x" * 995 + b".\r\nab")
    assert await line.ask(b"\r\n.\r\n") == "552 5.3.4 The message is too large"
    await line.say(start + b"small\r\n.\r\n")
    assert [(await line.hear())[:3] for _ in range(4)] == ["250", "250", "354", "250"]
    assert [kept.size for kept in server.store.messages] == [7]


async def test_stopping_says_goodbye(inboxes: Inboxes, lines: Lines) -> None:
    """Clients hear 421; one that does not listen cannot hold up the end."""
    server = await inboxes.start()
    line = await lines.open(server)
    await server.stop()
    assert await line.hear() == "421 4.3.2 The inbox is closing"
    assert await line.ended()
    assert server.open_sessions == 0


async def test_a_port_that_is_taken(inboxes: Inboxes, tmp_path: Path) -> None:
    """The sentence says which, and what to do."""
    server = await inboxes.start()
    with MessageStore(tmp_path / "other", started_at=now()) as store:
        second = InboxServer(store, Behaviours(), port=server.port)
        with pytest.raises(InboxPortError, match=rf"port {server.port}: .*Choose another port"):
            await second.start()
