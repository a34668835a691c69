"""What the inbox answers to a command (RFC 5321 section 4.1), and the transaction that is open.

Lines in, answers out: no sockets here. The final dot is answered by :mod:`mailer.inbox.session`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from mailer.inbox.behaviours import Behaviours, Kind

_RECIPIENTS_LIMIT = 100
_VERB = re.compile(rb"([A-Za-z]{4})(?: (.*))?")
_PATH = re.compile(r"(FROM|TO):[ ]?<([^<>\r\n]*)>((?: [^ ]+)*)[ ]*", re.IGNORECASE)
_PARAMETER = re.compile(
    r"(SIZE|BODY|RET|ENVID|NOTIFY|ORCPT)=([!-~]{1,500})|(SMTPUTF8)", re.IGNORECASE
)


class Then(Enum):
    """What follows an answer."""

    COMMAND = auto()
    MESSAGE = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Said:
    """An answer, without its last line end."""

    text: str
    then: Then = Then.COMMAND


class Dialogue:
    """The commands of one session, and the envelope that they have built so far."""

    def __init__(self, behaviours: Behaviours, *, name: str, size_limit: int) -> None:
        self.mail_from: str | None = None
        self.rcpt_to: list[str] = []
        self.envid: str | None = None
        self._behaviours = behaviours
        self._name = name
        self._size_limit = size_limit
        self._greeted = False
        self._commands: dict[bytes, Callable[[str], Said]] = {
            b"EHLO": self._ehlo,
            b"HELO": self._helo,
            b"MAIL": self._mail,
            b"RCPT": self._rcpt,
            b"DATA": self._data,
            b"RSET": self._rset,
            b"NOOP": lambda _: Said("250 2.0.0 Ok"),
            b"VRFY": lambda _: Said("252 2.5.0 Send, and see"),
            b"QUIT": lambda _: Said("221 2.0.0 Goodbye", Then.END),
        }

    def obey(self, line: bytes) -> Said:
        """Return the answer to ``line``, which has its line end."""
        text = line[:-2]
        if not line.endswith(b"\r\n") or b"\r" in text or b"\n" in text or b"\0" in text:
            return Said("500 5.5.2 A line ends in CR LF and holds neither before")
        match = _VERB.fullmatch(text)
        command = self._commands.get(match[1].upper()) if match else None
        if match is None or command is None:
            return Said("500 5.5.2 Command not known")
        try:
            return command((match[2] or b"").decode("utf-8"))
        except UnicodeDecodeError:
            return Said("501 5.5.4 That is not UTF-8")

    def reset(self) -> None:
        """Forget the envelope."""
        self.mail_from = None
        self.rcpt_to = []
        self.envid = None

    def _ehlo(self, argument: str) -> Said:
        if not argument:
            return Said("501 5.5.4 EHLO takes a name")
        self._greeted = True
        self.reset()
        offers = ("PIPELINING", f"SIZE {self._size_limit}", "8BITMIME", "SMTPUTF8", "DSN")
        lines = [f"250-{line}\r\n" for line in (self._name, *offers)]
        return Said("".join(lines) + "250 ENHANCEDSTATUSCODES")

    def _helo(self, argument: str) -> Said:
        if not argument:
            return Said("501 5.5.4 HELO takes a name")
        self._greeted = True
        self.reset()
        return Said(f"250 {self._name}")

    def _mail(self, argument: str) -> Said:
        if not self._greeted or self.mail_from is not None:
            return Said("503 5.5.1 EHLO comes first, and one MAIL a transaction")
        parsed = _parse_path("FROM", argument)
        if isinstance(parsed, Said):
            return parsed
        address, parameters = parsed
        size = parameters.get("SIZE", "0")
        if not (size.isascii() and size.isdigit()):
            return Said("501 5.5.4 SIZE takes a number")
        if int(size) > self._size_limit:
            return Said("552 5.3.4 The message is too large")
        if not address.isascii() and "SMTPUTF8" not in parameters:
            return Said("553 5.6.7 The address needs SMTPUTF8")
        self.mail_from = address
        self.envid = parameters.get("ENVID")
        return Said("250 2.1.0 Sender ok")

    def _rcpt(self, argument: str) -> Said:
        if self.mail_from is None:
            return Said("503 5.5.1 MAIL comes first")
        parsed = _parse_path("TO", argument)
        if isinstance(parsed, Said):
            return parsed
        address, _parameters = parsed
        if len(self.rcpt_to) >= _RECIPIENTS_LIMIT:
            return Said("452 4.5.3 Too many recipients")
        kind = self._behaviours.at_rcpt(address)
        if kind is Kind.DEFER:
            return Said("451 4.7.1 Greylisted, try again later")
        if kind is Kind.REJECT:
            return Said("550 5.1.1 No such mailbox")
        self.rcpt_to.append(address)
        return Said("250 2.1.5 Recipient ok")

    def _data(self, _argument: str) -> Said:
        if not self.rcpt_to:
            return Said("503 5.5.1 RCPT comes first")
        return Said("354 End with a dot on a line of its own", Then.MESSAGE)

    def _rset(self, _argument: str) -> Said:
        self.reset()
        return Said("250 2.0.0 Ok")


def _parse_path(word: str, argument: str) -> tuple[str, dict[str, str]] | Said:
    """Return an address and its parameters, or the refusal to answer with."""
    match = _PATH.fullmatch(argument)
    if match is None or match[1].upper() != word:
        return Said(f"501 5.5.4 Write {word}:<address>")
    if "@" not in match[2] and (word == "TO" or match[2]):
        return Said("501 5.1.3 The address has no domain")
    parameters: dict[str, str] = {}
    for text in match[3].split():
        parameter = _PARAMETER.fullmatch(text)
        if parameter is None:
            return Said("555 5.5.4 A parameter is not known")
        parameters[(parameter[1] or parameter[3]).upper()] = parameter[2] or ""
    return match[2], parameters
