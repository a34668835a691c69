"""How the inbox behaves towards an address: declared as a word, so that a sample office, a test and
a bench can each say what shall happen to whom.

``accept``; ``defer-first`` and ``defer:N`` (451 to the first N attempts, then accept); ``reject``
(550 at RCPT); ``reject-data`` (554 after the dot); ``hang``, ``hang:N`` (read the message, never
answer); ``drop``, ``drop:N`` (read it, close without an answer); ``drop-after-250`` (accept, then
close at once); ``slow:MS`` (answer the dot that much later).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from runtime.refusal import Refusal

EVERY_OTHER = "*"
"""The key of the behaviour towards addresses that are not named."""


class UnknownBehaviourError(Refusal):
    """The inbox knows no behaviour {word!r}, which is asked for {address}. Use accept,
    defer-first, defer:N, reject, reject-data, hang, hang:N, drop, drop:N, drop-after-250 or
    slow:MS.
    """


class BehavioursFileError(Refusal):
    """The file {path} is no JSON object of addresses and behaviours. Correct it: {reason}."""


class Kind(StrEnum):
    """What is done."""

    ACCEPT = "accept"
    DEFER = "defer"
    REJECT = "reject"
    REJECT_DATA = "reject-data"
    HANG = "hang"
    DROP = "drop"
    DROP_AFTER_250 = "drop-after-250"
    SLOW = "slow"


AT_RCPT = frozenset({Kind.DEFER, Kind.REJECT})
"""Kinds that answer RCPT; the others answer the final dot. An address' attempts are counted where
its kind applies."""
_FORMS = {(kind, True) for kind in (Kind.DEFER, Kind.HANG, Kind.DROP, Kind.SLOW)} | {
    (kind, False) for kind in Kind if kind not in (Kind.DEFER, Kind.SLOW)
}
"""Which kinds go with a number, and which without."""
_WORD = re.compile(r"([a-z0-9-]+?)(?::([0-9]{1,6}))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Behaviour:
    """A kind, for the first ``times`` attempts (None: always); ``delay`` is in seconds."""

    kind: Kind = Kind.ACCEPT
    times: int | None = None
    delay: float = 0

    def at(self, attempt: int) -> Kind:
        """Return what is done at the ``attempt``, counted from one."""
        return self.kind if self.times is None or attempt <= self.times else Kind.ACCEPT


def parse_behaviour(word: str, *, address: str = EVERY_OTHER) -> Behaviour:
    """Return the behaviour that ``word`` declares for ``address``.

    Raises:
        UnknownBehaviourError: it is none, or its number is missing or one too many.

    """
    if word == "defer-first":
        return Behaviour(kind=Kind.DEFER, times=1)
    match = _WORD.fullmatch(word)
    if match is None or (match[1], match[2] is not None) not in _FORMS:
        raise UnknownBehaviourError(word=word, address=address)
    kind = Kind(match[1])
    if match[2] is None:
        return Behaviour(kind=kind)
    if kind is Kind.SLOW:
        return Behaviour(kind=kind, delay=int(match[2]) / 1000)
    return Behaviour(kind=kind, times=int(match[2]))


class Behaviours:
    """The behaviours of an inbox and what each address has seen of them so far."""

    def __init__(self, words: Mapping[str, str] | None = None) -> None:
        """Take address → word. The address ``*`` stands for all that are not named.

        Raises:
            UnknownBehaviourError: a word is none.

        """
        declared = {
            address.lower(): parse_behaviour(word, address=address)
            for address, word in (words or {}).items()
        }
        self._default = declared.pop(EVERY_OTHER, Behaviour())
        self._declared = declared
        self._attempts: dict[str, int] = {}

    def towards(self, address: str) -> Behaviour:
        """Return what is declared for ``address``."""
        return self._declared.get(address.lower(), self._default)

    def at_rcpt(self, address: str) -> Kind:
        """Count an attempt at RCPT and return what is done."""
        behaviour = self.towards(address)
        if behaviour.kind not in AT_RCPT:
            return Kind.ACCEPT
        return behaviour.at(self._count(address))

    def at_dot(self, address: str) -> Kind:
        """Count an attempt at the final dot and return what is done."""
        behaviour = self.towards(address)
        if behaviour.kind in AT_RCPT or behaviour.kind is Kind.ACCEPT:
            return Kind.ACCEPT
        return behaviour.at(self._count(address))

    def _count(self, address: str) -> int:
        key = address.lower()
        self._attempts[key] = self._attempts.get(key, 0) + 1
        return self._attempts[key]


def read_behaviours(path: Path) -> Behaviours:
    """Return the behaviours that a JSON file declares: one object, address → word.

    Raises:
        BehavioursFileError: it cannot be read, or is no such object.
        UnknownBehaviourError: a word is none.

    """
    try:
        words = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BehavioursFileError(path=path, reason=error) from None
    if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
        raise BehavioursFileError(path=path, reason='{"office@unit.example": "accept"}')
    return Behaviours(words)
