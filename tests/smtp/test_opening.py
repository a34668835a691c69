"""Opening a connection: greeting, EHLO, STARTTLS, certificates, signing in."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.smtp.connection import Connection
from mailer.smtp.opening import (
    CertificateFileError,
    ConnectFailedError,
    HeloNameError,
    trust,
)
from mailer.smtp.relays import Relay, TlsMode
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.verdicts import Outcome, Stage
from tests.smtp.scripted import CLOSE, HANG, RESET, Acts, ScriptedServers
from tests.smtp.servers import MESSAGE, QUICK, Aiosmtpd, Certificate, Client, impatient

pytestmark = [
    pytest.mark.anyio,
    # aiosmtpd's word on servers that take passwords in clear; on loopback that is what we test.
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
]

PASSWORD = "pw:简"


def local(port: int, tls: TlsMode = TlsMode.PLAIN, user: str | None = None) -> Relay:
    """Return a relay on localhost."""
    password = PASSWORD if user else None
    return Relay(host="localhost", port=port, tls=tls, user=user, password=password)


async def failure(
    client: Client, relay: Relay, ca_file: Path | None = None, timeouts: Timeouts = QUICK
) -> ConnectFailedError:
    """Open a connection that must fail; return why."""
    context = None if relay.tls is TlsMode.PLAIN else trust(ca_file)
    with pytest.raises(ConnectFailedError) as caught:
        await asyncio.wait_for(client.connect(relay, timeouts=timeouts, tls_context=context), 10)
    return caught.value


@pytest.mark.parametrize(("step", "stage"), [("greeting", Stage.GREETING), ("EHLO", Stage.EHLO)])
@pytest.mark.parametrize(
    ("acts", "retryable"),
    [
        ((CLOSE,), True),
        ((RESET,), True),
        ((HANG,), True),
        ((b"\xff\xfe\0garbage\r\n",), True),
        ((b"220-x\r\n" * 100_000,), True),
        ((b"x" * 10_000_000,), True),
        ((b"421 4.3.2 Later\r\n",), True),
        ((b"554 5.7.1 Go away\r\n",), False),
    ],
)
async def test_a_session_that_does_not_begin(
    scripted: ScriptedServers,
    client: Client,
    step: str,
    stage: Stage,
    acts: Acts,
    *,
    retryable: bool,
) -> None:
    """One exception for all of it: it names the stage, and whether waiting may help."""
    server = await scripted.start(**{step: acts})
    timeouts = impatient(stage) if HANG in acts else QUICK
    failed = await failure(client, server.relay, timeouts=timeouts)
    assert (failed.stage, failed.retryable) == (stage, retryable)
    answered = acts[0] in (b"421 4.3.2 Later\r\n", b"554 5.7.1 Go away\r\n")
    assert (failed.reply is not None) is answered


async def test_a_port_where_nothing_listens(client: Client, unused_port: int) -> None:
    """The sentence says which relay, why, and what to do."""
    failed = await failure(client, local(unused_port))
    assert (failed.stage, failed.retryable) == (Stage.CONNECT, True)
    assert str(failed).startswith(
        f"The relay localhost:{unused_port} cannot be used: no connection"
    )
    assert "MAILER_RELAY_URL" in str(failed)


async def test_a_name_that_does_not_exist(client: Client) -> None:
    """A misspelt host is said to be one."""
    failed = await failure(client, Relay(host="no-such-host.invalid", port=25))
    assert failed.stage is Stage.CONNECT
    assert "its name is not known" in str(failed)


async def test_a_server_from_before_ehlo(scripted: ScriptedServers, client: Client) -> None:
    """HELO is tried where EHLO is not known, and nothing is then taken for offered."""
    server = await scripted.start(EHLO=(b"502 5.5.1 What?\r\n",))
    connection = await client.connect(server.relay)
    assert not connection.extensions.pipelining
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED


async def test_our_name_is_one_word(scripted: ScriptedServers, client: Client) -> None:
    """A name that would end the EHLO line is refused before anything is opened."""
    server = await scripted.start()
    with pytest.raises(HeloNameError, match="MAILER_HELO_NAME"):
        await client.connect(server.relay, helo="x\r\nMAIL FROM:<>")
    assert server.connections == 0


async def test_starttls_with_a_server_we_did_not_write(
    aiosmtpd: Aiosmtpd, client: Client, certificate: Certificate
) -> None:
    """The session is encrypted before the first address, and messages arrive unchanged."""
    kept, port = aiosmtpd.start(starttls=certificate.context)
    connection = await client.connect(
        local(port, TlsMode.STARTTLS), tls_context=trust(certificate.path)
    )
    # aiosmtpd offers STARTTLS in clear only: what counts is what was offered behind TLS.
    assert not connection.extensions.starttls
    for _ in range(3):
        done = await client.send(connection)
        assert (done.outcome, done.tls) == (Outcome.ACCEPTED, True)
    assert len(kept.envelopes) == 3
    assert kept.envelopes[0].rcpt_tos == ["a@unit.example"]
    assert kept.envelopes[0].content == b"".join(MESSAGE)


async def test_tls_from_the_first_byte(
    aiosmtpd: Aiosmtpd, client: Client, certificate: Certificate
) -> None:
    """smtps:// is encrypted at once; a large message gets through whole."""
    kept, port = aiosmtpd.start(implicit=certificate.context)
    relay = local(port, TlsMode.IMPLICIT)
    connection = await client.connect(relay, tls_context=trust(certificate.path))
    message = b"Subject: x\r\n\r\n" + (b"y" * 76 + b"\r\n") * 20_000
    done = await client.send(connection, message=[message])
    assert (done.outcome, done.tls) == (Outcome.ACCEPTED, True)
    assert kept.envelopes[0].content == message


@pytest.mark.parametrize("mode", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
async def test_a_certificate_nobody_vouches_for(
    aiosmtpd: Aiosmtpd, client: Client, certificate: Certificate, mode: TlsMode
) -> None:
    """Neither an unknown issuer nor another host's certificate is accepted; waiting won't help."""
    starttls = certificate.context if mode is TlsMode.STARTTLS else None
    implicit = certificate.context if mode is TlsMode.IMPLICIT else None
    _, port = aiosmtpd.start(starttls=starttls, implicit=implicit)
    failed = await failure(client, local(port, mode))
    assert not failed.retryable
    assert "certificate is not trusted" in str(failed)


async def test_a_certificate_for_another_name(
    aiosmtpd: Aiosmtpd, client: Client, other_certificate: Certificate
) -> None:
    """A trusted certificate of another host is refused."""
    _, port = aiosmtpd.start(starttls=other_certificate.context)
    failed = await failure(client, local(port, TlsMode.STARTTLS), other_certificate.path)
    assert (failed.stage, failed.retryable) == (Stage.STARTTLS, False)


async def test_starttls_that_is_not_offered(scripted: ScriptedServers, client: Client) -> None:
    """Without STARTTLS the session ends: nothing is ever sent in clear instead."""
    server = await scripted.start()
    failed = await failure(client, replace(server.relay, tls=TlsMode.STARTTLS))
    assert (failed.stage, failed.retryable) == (Stage.STARTTLS, False)
    assert server.steps == ["greeting", "EHLO"]


@pytest.mark.parametrize(
    "answer",
    [
        b"220 Go on\r\n250-evil.example\r\n250 AUTH PLAIN\r\n",
        b"220 Go on\r\n25",
    ],
)
async def test_data_in_clear_behind_starttls_is_an_attack(
    scripted: ScriptedServers, client: Client, answer: bytes
) -> None:
    """What comes in clear after the consent is never read as if it were encrypted."""
    server = await scripted.start(
        EHLO=(b"250-relay.example\r\n250 STARTTLS\r\n",), STARTTLS=(answer, HANG)
    )
    failed = await failure(client, replace(server.relay, tls=TlsMode.STARTTLS))
    assert failed.stage is Stage.STARTTLS
    assert "in clear" in str(failed) or "not SMTP" in str(failed)


async def test_a_tls_handshake_that_fails(scripted: ScriptedServers, client: Client) -> None:
    """A server that agrees and then speaks no TLS, or nothing, is told by its stage."""
    offers = (b"250-relay.example\r\n250 STARTTLS\r\n",)
    for answer in ((b"220 Go on\r\n", CLOSE), (b"454 4.7.0 Not now\r\n",)):
        server = await scripted.start(EHLO=offers, STARTTLS=answer)
        failed = await failure(client, replace(server.relay, tls=TlsMode.STARTTLS))
        assert (failed.stage, failed.retryable) == (Stage.STARTTLS, True)


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_signing_in(aiosmtpd: Aiosmtpd, client: Client, mechanism: str) -> None:
    """Both mechanisms, with a password that is not ASCII, at a server we did not write."""
    kept, port = aiosmtpd.start(sign_in=True, mechanisms=[mechanism])
    connection = await client.connect(local(port, user="office"))
    assert connection.extensions.auth == {mechanism}
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert len(kept.envelopes) == 1


async def test_signing_in_behind_starttls(
    aiosmtpd: Aiosmtpd, client: Client, certificate: Certificate
) -> None:
    """AUTH comes after TLS, from what the encrypted EHLO offers."""
    kept, port = aiosmtpd.start(starttls=certificate.context, sign_in=True)
    relay = local(port, TlsMode.STARTTLS, user="office")
    connection = await client.connect(relay, tls_context=trust(certificate.path))
    assert (await client.send(connection)).outcome is Outcome.ACCEPTED
    assert len(kept.envelopes) == 1


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_a_wrong_password(aiosmtpd: Aiosmtpd, client: Client, mechanism: str) -> None:
    """Waiting does not help against it, and no message shows it, encoded or not."""
    _, port = aiosmtpd.start(sign_in=True, mechanisms=[mechanism])
    relay = replace(local(port, user="office"), password="wrong-secret")
    failed = await failure(client, relay)
    assert (failed.stage, failed.retryable) == (Stage.AUTH, False)
    shown = str(failed) + repr(failed) + repr(relay) + str(failed.details)
    assert "secret" not in shown
    assert "d3Jvbmctc2VjcmV0" not in shown


async def test_no_sign_in_that_we_know(scripted: ScriptedServers, client: Client) -> None:
    """A server that offers other mechanisms only is not sent the password."""
    server = await scripted.start(EHLO=(b"250-relay.example\r\n250 AUTH GSSAPI CRAM-MD5\r\n",))
    failed = await failure(client, replace(server.relay, user="u", password="p"))
    assert (failed.stage, failed.retryable) == (Stage.AUTH, False)
    assert "AUTH" not in server.steps


async def test_a_sign_in_that_may_work_later(scripted: ScriptedServers, client: Client) -> None:
    """454 is the server's own trouble."""
    server = await scripted.start(
        EHLO=(b"250-relay.example\r\n250 AUTH=PLAIN LOGIN\r\n",),
        AUTH=(b"454 4.7.0 Temporary authentication failure\r\n",),
    )
    failed = await failure(client, replace(server.relay, user="u", password="p"))
    assert failed.retryable
    assert server.lines[-1] == b"AUTH PLAIN AHUAcA=="


def test_a_ca_file_that_is_none(tmp_path: Path) -> None:
    """A missing file, and one without certificates, are refused by name."""
    for path in (tmp_path / "missing.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").write_text("nothing\n")
        with pytest.raises(CertificateFileError, match=str(path)):
            trust(path)


async def test_a_cancelled_opening_leaves_nothing_open(
    scripted: ScriptedServers,
) -> None:
    """Whoever stops waiting for a greeting also closes the connection."""
    server = await scripted.start(greeting=(HANG,))
    opening = asyncio.create_task(
        Connection.open(server.relay, timeouts=QUICK, helo="office.example")
    )
    reached = server.reached.setdefault("greeting", asyncio.Event())
    await asyncio.wait_for(reached.wait(), 10)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
