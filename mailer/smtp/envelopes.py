"""Envelopes: who sends to whom, and the commands that say so. Nothing unsafe becomes a command."""

import re
from dataclasses import dataclass

import idna

from mailer.smtp.extensions import Extensions
from mailer.smtp.notes import Note
from mailer.smtp.verdicts import Concern, Reason, Stage

# RFC 5321 section 4.5.3.1, in octets. RFC 3461 section 4.4 for the identifier.
_LOCAL_LIMIT, _DOMAIN_LIMIT, _PATH_LIMIT, _ENVID_LIMIT = 64, 255, 256, 100
# No blank, control, separator or format character, and no angle bracket, quoted or not: an
# address that needs one is not worth a command that two servers may read differently.
_SAFE = re.compile(
    r"[^\s<>\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff]+"
)
_DOMAIN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?|\[[A-Za-z0-9:.]+\]")


class UnsendableError(ValueError):
    """What we were asked to send cannot be sent to this server; nothing was written."""

    def __init__(self, note: Note, *, stage: Stage, concern: Concern, reason: Reason) -> None:
        super().__init__(note)
        self.note = note
        self.stage = stage
        self.concern = concern
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """One sender, one recipient; ``mail_from`` is empty for the null sender.

    With ``envid`` delivery status notifications are asked for (RFC 3461): of failure and delay,
    and of success where ``notify_success`` is set. At most 100 characters when encoded.
    """

    mail_from: str
    rcpt_to: str
    envid: str | None = None
    notify_success: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Commands:
    """The two commands of an envelope, each with its line end."""

    mail: bytes
    rcpt: bytes


def write_commands(
    envelope: Envelope, extensions: Extensions, *, size: int, eight_bit: bool
) -> Commands:
    """Return MAIL and RCPT for a message of ``size`` octets, using only what the server offers.

    Raises:
        UnsendableError: an address is unsafe, or needs what the server does not offer.

    """
    sender = _path(envelope.mail_from, Stage.MAIL) if envelope.mail_from else ""
    recipient = _path(envelope.rcpt_to, Stage.RCPT)
    utf8 = not (sender + recipient).isascii()
    _check_offers(extensions, size=size, eight_bit=eight_bit, utf8=utf8)
    mail, rcpt = [f"MAIL FROM:<{sender}>"], [f"RCPT TO:<{recipient}>"]
    if extensions.size is not None:
        mail.append(f"SIZE={size}")
    if eight_bit:
        mail.append("BODY=8BITMIME")
    if utf8:
        mail.append("SMTPUTF8")
    if extensions.dsn and envelope.envid:
        envid = xtext(envelope.envid)
        if len(envid) > _ENVID_LIMIT:
            raise UnsendableError(
                Note.BAD_ENVELOPE_ID,
                stage=Stage.MAIL,
                concern=Concern.MESSAGE,
                reason=Reason.PROTOCOL,
            )
        mail.append(f"RET=HDRS ENVID={envid}")
        rcpt.append(f"NOTIFY={'SUCCESS,' if envelope.notify_success else ''}FAILURE,DELAY")
        if recipient.isascii():
            rcpt.append(f"ORCPT=rfc822;{xtext(recipient)}")
    return Commands(mail=_line(mail), rcpt=_line(rcpt))


def xtext(text: str) -> str:
    """Return ``text`` as RFC 3461 section 4 encodes it: +HH for what is not plain ASCII."""
    return "".join(
        chr(octet) if 33 <= octet <= 126 and octet not in b"+=" else f"+{octet:02X}"  # noqa: PLR2004 - the range of xchar
        for octet in text.encode()
    )


def _line(words: list[str]) -> bytes:
    return " ".join(words).encode() + b"\r\n"


def _check_offers(extensions: Extensions, *, size: int, eight_bit: bool, utf8: bool) -> None:
    if extensions.size is not None and size > extensions.size:
        raise UnsendableError(
            Note.TOO_LARGE, stage=Stage.MAIL, concern=Concern.MESSAGE, reason=Reason.SIZE
        )
    if utf8 and not extensions.smtputf8:
        # RFC 6531 section 3.5: refused at once, since no other encoding of the address exists.
        raise UnsendableError(
            Note.NO_SMTPUTF8, stage=Stage.RCPT, concern=Concern.US, reason=Reason.POLICY
        )
    if eight_bit and not extensions.eight_bit_mime:
        raise UnsendableError(
            Note.NO_EIGHT_BIT, stage=Stage.MAIL, concern=Concern.MESSAGE, reason=Reason.CONTENT
        )


def _path(address: str, stage: Stage) -> str:
    """Return ``address`` as SMTP wants it, its domain as an A-label (RFC 5890)."""
    local, at, domain = address.rpartition("@")
    try:
        if not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode("ascii")
    except idna.IDNAError:
        at = ""
    path = f"{local}@{domain}"
    if not (
        at
        and _SAFE.fullmatch(local)
        and _DOMAIN.fullmatch(domain)
        and len(local.encode()) <= _LOCAL_LIMIT
        and len(domain) <= _DOMAIN_LIMIT
        and len(path.encode()) + 2 <= _PATH_LIMIT
    ):
        if stage is Stage.MAIL:
            raise UnsendableError(
                Note.BAD_SENDER, stage=stage, concern=Concern.US, reason=Reason.SENDER
            )
        raise UnsendableError(
            Note.BAD_RECIPIENT,
            stage=stage,
            concern=Concern.RECIPIENT,
            reason=Reason.NO_SUCH_MAILBOX,
        )
    return path
