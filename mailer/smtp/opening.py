"""From a relay's address to a session that is ready for MAIL: connect, greet, encrypt, sign in."""

import asyncio
import base64
import re
import socket
import ssl
from pathlib import Path

from mailer.smtp.channel import Channel, ChannelLostError
from mailer.smtp.extensions import NO_EXTENSIONS, Extensions, parse_extensions
from mailer.smtp.notes import OPENING, Note
from mailer.smtp.relays import Relay, TlsMode
from mailer.smtp.replies import Reply
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.verdicts import Outcome, Reason, Stage, Verdict, classify
from runtime.refusal import Refusal
from runtime.text import translate as _

_HELO = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,255}")
_NOT_IMPLEMENTED = frozenset({500, 502, 504})


class ConnectFailedError(Refusal):
    """The relay {relay} cannot be used: {why} (at: {stage}). Check MAILER_RELAY_URL, then try
    again.

    ``reply`` is what the server answered, if it did. ``retryable`` tells whether waiting alone may
    help; otherwise a person has to change a setting. Nothing was sent.
    """

    relay: str
    stage: Stage
    reply: Reply | None
    retryable: bool
    throttling: bool
    why: str


class HeloNameError(Refusal):
    """The name {name} cannot be given to a relay. Set MAILER_HELO_NAME to this machine's name."""


class CertificateFileError(Refusal):
    """The file {path} holds no certificates that can be read. Correct MAILER_RELAY_CA_FILE."""


def trust(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a TLS context that trusts ``ca_file`` alone, or what the system trusts.

    Names and chains are always checked; TLS 1.2 is the oldest that is spoken.

    Raises:
        CertificateFileError: the file cannot be used.

    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError:  # ssl.SSLError is one
        raise CertificateFileError(path=ca_file) from None


async def open_session(
    relay: Relay, *, timeouts: Timeouts, helo: str, context: ssl.SSLContext | None
) -> tuple[Channel, Extensions]:
    """Return a channel on which MAIL may follow, and what the server offers.

    Raises:
        ConnectFailedError: as it says.
        HeloNameError: ``helo`` would not be one word.

    """
    if not _HELO.fullmatch(helo):
        raise HeloNameError(name=ascii(helo))
    if context is None and relay.tls is not TlsMode.PLAIN:
        context = trust()
    opening = _Opening(relay, timeouts, helo, context)
    try:
        extensions = await opening.run()
    except ChannelLostError as lost:
        raise opening.failed(OPENING.get(lost.note, lost.note)) from None
    except ssl.SSLCertVerificationError as error:
        raise opening.failed(Note.UNTRUSTED, detail=error.verify_message, retryable=False) from None
    except ssl.SSLError as error:
        raise opening.failed(Note.TLS_FAILED, detail=error.reason) from None
    except TimeoutError:
        raise opening.failed(Note.SILENT) from None
    except socket.gaierror:
        raise opening.failed(Note.UNKNOWN_HOST) from None
    except OSError as error:
        note = Note.TLS_FAILED if opening.stage is Stage.STARTTLS else Note.UNREACHABLE
        raise opening.failed(note, detail=error.strerror) from None
    finally:
        if not opening.ready and opening.channel is not None:
            opening.channel.abort()
    return opening.channel_ready, extensions


class _Opening:
    """One attempt; its stage is what a failure is told by."""

    def __init__(
        self, relay: Relay, timeouts: Timeouts, helo: str, context: ssl.SSLContext | None
    ) -> None:
        self.relay = relay
        self.timeouts = timeouts
        self.helo = helo
        self.context = context
        self.stage = Stage.CONNECT
        self.channel: Channel | None = None
        self.ready = False

    @property
    def channel_ready(self) -> Channel:
        assert self.channel is not None  # noqa: S101 - set by run()
        return self.channel

    def failed(
        self,
        note: Note,
        *,
        detail: str | None = None,
        reply: Reply | None = None,
        retryable: bool = True,
    ) -> ConnectFailedError:
        why = str(reply) if reply else _(note)
        verdict = classify(reply, self.stage) if reply else None
        return ConnectFailedError(
            relay=self.relay,
            stage=self.stage,
            reply=reply,
            retryable=_passes(reply, verdict) if reply and verdict else retryable,
            throttling=bool(verdict and verdict.throttling),
            why=f"{why} ({detail})" if detail else why,
        )

    async def run(self) -> Extensions:
        await self._connect()
        self.stage = Stage.GREETING
        self._require(await self._reply(), 2)
        extensions = await self._hello()
        if self.relay.tls is TlsMode.STARTTLS:
            await self._encrypt(extensions)
            # What was offered in clear was not protected: it is asked for again (RFC 3207 4.2).
            extensions = await self._hello()
        if self.relay.user is not None:
            await self._sign_in(extensions)
        self.ready = True
        return extensions

    async def _connect(self) -> None:
        implicit = self.relay.tls is TlsMode.IMPLICIT
        async with asyncio.timeout(self.timeouts.connect):
            _transport, self.channel = await asyncio.get_running_loop().create_connection(
                Channel,
                self.relay.host,
                self.relay.port,
                ssl=self.context if implicit else None,
                server_hostname=self.relay.host.rstrip(".") if implicit else None,
            )

    async def _hello(self) -> Extensions:
        self.stage = Stage.EHLO
        reply = await self._ask(f"EHLO {self.helo}")
        plain = self.relay.tls is not TlsMode.STARTTLS and self.relay.user is None
        if reply.code in _NOT_IMPLEMENTED and plain:
            self._require(await self._ask(f"HELO {self.helo}"), 2)
            return NO_EXTENSIONS
        self._require(reply, 2)
        return parse_extensions(reply)

    async def _encrypt(self, extensions: Extensions) -> None:
        self.stage = Stage.STARTTLS
        if not extensions.starttls:
            # Never fall back: whoever can strip the offer could then read the mail.
            raise self.failed(Note.NO_STARTTLS, retryable=False)
        self._require(await self._ask("STARTTLS"), 2)
        assert self.context is not None  # noqa: S101 - made for every mode but plain
        await self.channel_ready.start_tls(
            self.context, self.relay.host.rstrip("."), self.timeouts.starttls
        )

    async def _sign_in(self, extensions: Extensions) -> None:
        """Sign in by PLAIN (RFC 4616), else by LOGIN, which has no standard but many servers."""
        self.stage = Stage.AUTH
        user, password = (self.relay.user or "").encode(), (self.relay.password or "").encode()
        if "PLAIN" in extensions.auth:
            token = _encoded(b"\0".join((b"", user, password)))
            reply = await self._ask(f"AUTH PLAIN {token}")
        elif "LOGIN" in extensions.auth:
            self._require(await self._ask("AUTH LOGIN"), 3)
            self._require(await self._ask(_encoded(user)), 3)
            reply = await self._ask(_encoded(password))
        else:
            raise self.failed(Note.NO_AUTH, retryable=False)
        self._require(reply, 2)

    async def _ask(self, line: str) -> Reply:
        self.channel_ready.write(line.encode("ascii") + b"\r\n", replies=1)
        return await self._reply()

    async def _reply(self) -> Reply:
        return await self.channel_ready.reply(self.timeouts.after(self.stage))

    def _require(self, reply: Reply, kind: int) -> None:
        if reply.code // 100 != kind:
            raise self.failed(Note.GARBLED, reply=reply)


def _passes(reply: Reply, verdict: Verdict) -> bool:
    """Return whether a refused opening may succeed later: not while a sign-in is refused."""
    if reply.code < 500:  # noqa: PLR2004 - 4yz
        return True
    return verdict.outcome is not Outcome.REJECTED and verdict.reason is not Reason.CREDENTIALS


def _encoded(secret: bytes) -> str:
    return base64.b64encode(secret).decode("ascii")
