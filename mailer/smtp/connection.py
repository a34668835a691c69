"""A connection to a relay that is kept open and used for one transaction after the other.

Two questions decide what a send loop may say of a message: was the final dot written, and was it
answered. Before the dot nothing was accepted, whatever happened; from the moment at which the dot
may have been written until its reply was read in full, the message is in doubt.
"""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from mailer.smtp.channel import Channel, ChannelLostError
from mailer.smtp.content import Content, prepare_content
from mailer.smtp.envelopes import Commands, Envelope, UnsendableError, write_commands
from mailer.smtp.extensions import Extensions
from mailer.smtp.notes import IN_DOUBT, Note
from mailer.smtp.opening import open_session
from mailer.smtp.relays import Relay
from mailer.smtp.replies import Reply
from mailer.smtp.timeouts import Timeouts
from mailer.smtp.transactions import Transaction
from mailer.smtp.verdicts import (
    ACCEPTED,
    Outcome,
    Stage,
    Verdict,
    classify,
    unanswered,
)
from runtime.clock import now

_CLOSING = 421
_GO_AHEAD = 354
_GIVEN_UP = Verdict(outcome=Outcome.GIVEN_UP)


@dataclass(frozen=True, slots=True)
class _End:
    """How a transaction ended."""

    verdict: Verdict
    stage: Stage
    reply: Reply | None = None
    note: Note = Note.NONE


class Connection:
    """An open session. Used by one task at a time; ``transactions`` counts what it has carried."""

    def __init__(
        self, relay: Relay, channel: Channel, extensions: Extensions, timeouts: Timeouts
    ) -> None:
        self.relay = relay
        self.extensions = extensions
        self.transactions = 0
        self.in_doubt = False
        """A final dot may have been written whose answer was not read. Whoever cancels a
        transaction must look here: True means unconfirmed, False that nothing was accepted."""
        self.server = f"{relay.host}[{channel.peer}]:{relay.port}"
        self.tls = channel.encrypted
        self._channel = channel
        self._timeouts = timeouts
        self._needs_reset = False
        self._stage = Stage.MAIL

    @classmethod
    async def open(
        cls,
        relay: Relay,
        *,
        timeouts: Timeouts,
        helo: str,
        tls_context: ssl.SSLContext | None = None,
    ) -> Self:
        """Connect to ``relay`` and get ready for MAIL; ``helo`` is our own name.

        ``tls_context`` is from :func:`mailer.smtp.opening.trust`. Make it once: it takes 20 ms.

        Raises:
            ConnectFailedError: the relay cannot be used now; nothing was sent.

        """
        channel, extensions = await open_session(
            relay, timeouts=timeouts, helo=helo, context=tls_context
        )
        return cls(relay, channel, extensions, timeouts)

    @property
    def usable(self) -> bool:
        """Return whether another transaction may be tried, as far as is known."""
        return self._channel.open

    async def transact(
        self, envelope: Envelope, message: Sequence[bytes], *, may_go_on: Callable[[], bool]
    ) -> Transaction:
        """Hand over ``message`` (parts that are joined, with CRLF line ends) to one recipient.

        ``may_go_on`` is asked right before MAIL is written, and again right before the block that
        ends in the final dot is. When it says no, nothing was accepted: before MAIL the connection
        stays usable, before the dot it is dropped, since SMTP has no other way back.

        Nothing that the server does raises. A cancelled transaction drops the connection.
        """
        started = now()
        reused = self.transactions > 0
        self.in_doubt = False
        end = await self._run(envelope, message, may_go_on)
        return Transaction(
            verdict=end.verdict,
            stage=end.stage,
            reply=end.reply,
            note=end.note,
            server=self.server,
            tls=self.tls,
            started_at=started,
            finished_at=now(),
            worth_another_connection=reused and _never_begun(end),
        )

    async def close(self) -> None:
        """End the session with QUIT where that is possible. Bounded, and never raises."""
        try:
            self._channel.write(b"QUIT\r\n", replies=1)
            await self._channel.reply(self._timeouts.quit)
        except ChannelLostError:
            pass
        finally:
            self._channel.abort()

    async def _run(
        self, envelope: Envelope, message: Sequence[bytes], may_go_on: Callable[[], bool]
    ) -> _End:
        try:
            content = prepare_content(message)
            commands = write_commands(
                envelope, self.extensions, size=content.size, eight_bit=content.eight_bit
            )
        except UnsendableError as error:
            verdict = Verdict(outcome=Outcome.REJECTED, concern=error.concern, reason=error.reason)
            return _End(verdict, error.stage, note=error.note)
        self._stage = Stage.MAIL
        try:
            if self.usable and not may_go_on():
                return _End(_GIVEN_UP, Stage.MAIL, note=Note.NOT_STARTED)
            return await self._introduce(commands) or await self._hand_over(content, may_go_on)
        except ChannelLostError as lost:
            self._channel.abort()
            return self._broken(lost.note)
        except BaseException:  # cancelled: the session is between two commands and cannot go on
            self._channel.abort()
            raise

    async def _introduce(self, commands: Commands) -> _End | None:
        """Write MAIL, RCPT and DATA, and return None if content may follow.

        With PIPELINING (RFC 2920) they go in one write, behind the RSET that a refused transaction
        left to do, so that a refusal costs no round trip of its own.
        """
        steps = [(Stage.MAIL, commands.mail), (Stage.RCPT, commands.rcpt)]
        steps.append((Stage.DATA, b"DATA\r\n"))
        if self._needs_reset:
            steps.insert(0, (Stage.RSET, b"RSET\r\n"))
        if self.extensions.pipelining:
            self._channel.write(b"".join(line for _, line in steps), replies=len(steps))
        refusal: _End | None = None
        for stage, line in steps:
            if not self.extensions.pipelining:
                if refusal:
                    break
                self._channel.write(line, replies=1)
            reply, refusal = await self._answer(stage, refusal)
            if refusal and stage is Stage.DATA and reply and reply.code == _GO_AHEAD:
                await self._send_nothing()
        self._needs_reset = refusal is not None
        if self._stage not in (Stage.RSET, Stage.MAIL):
            self.transactions += 1
        return refusal

    async def _answer(self, stage: Stage, refusal: _End | None) -> tuple[Reply | None, _End | None]:
        """Read the reply to ``stage``. The first refusal stands, whatever comes after it."""
        if refusal is None:
            self._stage = stage
        try:
            reply = await self._channel.reply(self._timeouts.after(stage))
        except ChannelLostError:
            if refusal is None:
                raise
            self._channel.abort()
            return None, refusal
        if refusal is None and reply.code // 100 != (3 if stage is Stage.DATA else 2):
            if reply.code // 100 in (2, 3):
                raise ChannelLostError(
                    Note.UNREADABLE
                )  # out of step: no later reply can be trusted
            refusal = _End(classify(reply, stage), stage, reply)
        if reply.code == _CLOSING:
            self._channel.abort()
        return reply, refusal

    async def _send_nothing(self) -> None:
        """End a DATA that was allowed though its recipient was not (RFC 2920 section 3.1)."""
        try:
            self._channel.write(b".\r\n", replies=1)
            await self._channel.reply(self._timeouts.final_dot)
        except ChannelLostError:
            self._channel.abort()

    async def _hand_over(self, content: Content, may_go_on: Callable[[], bool]) -> _End:
        """Write the message and its dot, and read the answer."""
        self._stage = Stage.CONTENT
        *blocks, last = content.blocks()
        for block in blocks:
            self._channel.write(block, replies=0)
            await self._channel.drain(self._timeouts.content)
        if not may_go_on():
            self._channel.abort()
            return _End(_GIVEN_UP, Stage.FINAL_DOT, note=Note.STOPPED_BEFORE_DOT)
        self._channel.write(last, replies=1)
        # No await between the two: the write either raised, or may have reached the server.
        self.in_doubt = True
        self._stage = Stage.FINAL_DOT
        reply = await self._channel.reply(self._timeouts.final_dot)
        if reply.code // 100 == 3:  # noqa: PLR2004 - 3yz is no answer to a dot
            raise ChannelLostError(Note.UNREADABLE)
        self.in_doubt = False
        if reply.code // 100 == 2:  # noqa: PLR2004 - 2yz
            return _End(ACCEPTED, Stage.FINAL_DOT, reply)
        self._needs_reset = True
        if reply.code == _CLOSING:
            self._channel.abort()
        return _End(classify(reply, Stage.FINAL_DOT), Stage.FINAL_DOT, reply)

    def _broken(self, note: Note) -> _End:
        """Return what a lost connection means at the stage that was reached."""
        if self.in_doubt:
            return _End(unanswered(Outcome.UNCONFIRMED), Stage.FINAL_DOT, note=IN_DOUBT[note])
        early = self._channel.early
        if early is not None and early.code // 100 in (4, 5):
            return _End(classify(early, self._stage), self._stage, early)
        return _End(unanswered(Outcome.DEFERRED), self._stage, note=note)


def _never_begun(end: _End) -> bool:
    return (
        end.verdict.outcome is Outcome.DEFERRED
        and end.stage in (Stage.RSET, Stage.MAIL)
        and (end.reply is None or end.reply.code == _CLOSING)
    )
