"""Addresses and messages that could say more than they should: never sent, and no harm done."""

import pytest

from mailer.smtp.notes import Note
from mailer.smtp.verdicts import Concern, Outcome, Stage
from tests.smtp.scripted import ScriptedServers
from tests.smtp.servers import Client, Inboxes, relay_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "address",
    [
        "a@unit.example>\r\nRCPT TO:<victim@unit.example",
        "a@unit.example\nDATA",
        "a@unit.example> NOTIFY=NEVER",
        "a b@unit.example",
        "a@unit.example\0",
        "a\u2028b@unit.example",
        "a\u202eb@unit.example",
        "\udcffa@unit.example",
        "nobody",
        "@unit.example",
        "a@",
        "a@-unit.example",
        "a@bad..\u200b",
        "x" * 65 + "@unit.example",
        "a@" + "x" * 250 + ".example",
    ],
)
@pytest.mark.parametrize("side", ["to", "mail_from"])
async def test_an_unsafe_address_never_becomes_a_command(
    scripted: ScriptedServers, client: Client, side: str, address: str
) -> None:
    """It is refused as a value, nothing is written, and the connection stays good."""
    server = await scripted.start()
    connection = await client.connect(server.relay)
    if side == "to":
        done = await client.send(connection, to=address)
        assert (done.stage, done.note) == (Stage.RCPT, Note.BAD_RECIPIENT)
    else:
        done = await client.send(connection, mail_from=address)
        assert (done.stage, done.note) == (Stage.MAIL, Note.BAD_SENDER)
    assert done.outcome is Outcome.REJECTED
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert server.steps.count("MAIL") == 1
    assert len(server.messages) == 1


@pytest.mark.parametrize(
    "message",
    [
        [b"a\nb\r\n"],
        [b"a\rb\r\n"],
        [b"a\r\n\n.\r\nMAIL FROM:<evil@x.example>\r\n"],
        [b"a\n.\r\n"],
        [b"a\r\n.\n"],
        [b"a\r", b"b\n"],
        [b"a\0\r\n"],
        [b"x" * 4000 + b"\r", b"\r\nb\r\n"],
    ],
)
async def test_no_message_can_end_early(
    inboxes: Inboxes, client: Client, message: list[bytes]
) -> None:
    """A bare CR, LF or NUL is refused, never sent and never repaired (SMTP smuggling)."""
    server = await inboxes.start()
    connection = await client.connect(relay_of(server))
    done = await client.send(connection, message=message)
    assert (done.outcome, done.note) == (Outcome.REJECTED, Note.BAD_CONTENT)
    assert done.verdict.concern is Concern.MESSAGE
    assert server.store.messages == []
    assert connection.usable
