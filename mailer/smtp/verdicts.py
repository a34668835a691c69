"""What a reply means for a delivery: decided here, once, and nowhere else.

A reply is given a :class:`Reason` by the words and codes that providers use. The reason says whom
it concerns, whether we are being told to slow down, and whether a permanent code (5yz) is to be
believed: QQ and NetEase answer 550 and 554 for "too fast", which passes by itself and says nothing
about the recipient. A rule may soften a permanent answer; none hardens a temporary one.
"""

import re
from dataclasses import dataclass
from enum import StrEnum

from mailer.smtp.replies import Reply

_TEMPORARY, _PERMANENT = 4, 5
_CLOSING = 421


class Stage(StrEnum):
    """The step of a session at which something was answered or went wrong."""

    CONNECT = "connect"
    GREETING = "greeting"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    AUTH = "auth"
    RSET = "rset"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"
    FINAL_DOT = "final-dot"
    QUIT = "quit"


class Outcome(StrEnum):
    """How one transaction ended."""

    ACCEPTED = "accepted"
    """The final dot was answered with 2yz."""
    DEFERRED = "deferred"
    """Not accepted, without doubt; trying again later may help."""
    REJECTED = "rejected"
    """Not accepted, without doubt; trying again will not help."""
    UNCONFIRMED = "unconfirmed"
    """The final dot was, or may have been, written and no complete answer was read."""
    GIVEN_UP = "given-up"
    """We stopped before the final dot: not accepted, without doubt."""


class Concern(StrEnum):
    """Whom an answer is about."""

    RECIPIENT = "recipient"
    US = "us"
    """Us, our relay, our address, our rate."""
    MESSAGE = "message"


class Reason(StrEnum):
    """Why, as far as the answer says."""

    NONE = "none"
    NO_SUCH_MAILBOX = "no-such-mailbox"
    MAILBOX_DISABLED = "mailbox-disabled"
    MAILBOX_FULL = "mailbox-full"
    NO_ROUTE = "no-route"
    GREYLISTED = "greylisted"
    RATE = "rate"
    REPUTATION = "reputation"
    BLOCKED = "blocked"
    AUTHENTICATION = "authentication"
    """SPF, DKIM or DMARC of our domain."""
    CREDENTIALS = "credentials"
    """Our sign-in at the relay."""
    SENDER = "sender"
    POLICY = "policy"
    PROTOCOL = "protocol"
    SYSTEM = "system"
    SPAM = "spam"
    SIZE = "size"
    CONTENT = "content"
    NO_ANSWER = "no-answer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The meaning of an answer."""

    outcome: Outcome
    concern: Concern | None = None
    reason: Reason = Reason.NONE
    throttling: bool = False
    """We are asked to send less: slow down the relay, or the group of domains."""

    @property
    def condemns_address(self) -> bool:
        """Return whether the address itself is wrong, so that it may be suppressed at once."""
        return self.outcome is Outcome.REJECTED and self.reason is Reason.NO_SUCH_MAILBOX


ACCEPTED = Verdict(outcome=Outcome.ACCEPTED)

_CONCERNS = {
    Reason.NO_SUCH_MAILBOX: Concern.RECIPIENT,
    Reason.MAILBOX_DISABLED: Concern.RECIPIENT,
    Reason.MAILBOX_FULL: Concern.RECIPIENT,
    Reason.NO_ROUTE: Concern.RECIPIENT,
    Reason.GREYLISTED: Concern.RECIPIENT,
    Reason.SPAM: Concern.MESSAGE,
    Reason.SIZE: Concern.MESSAGE,
    Reason.CONTENT: Concern.MESSAGE,
}
_THROTTLING = frozenset({Reason.RATE, Reason.REPUTATION})
_SOFT = _THROTTLING | {Reason.MAILBOX_FULL, Reason.GREYLISTED, Reason.CREDENTIALS}
"""Reasons that pass, or that a person removes, while the delivery waits: 5yz counts as 4yz.

A password that the relay no longer takes is one: it must not end ten thousand deliveries."""

# NetEase puts one of these into most of its answers, with or without an enhanced code.
_NETEASE = re.compile(r"\b([A-Z]{2}:[A-Z]{3})\b")
_NETEASE_REASONS = {
    code: reason
    for reason, codes in {
        Reason.RATE: "HL:IFC HL:IFQ HL:ICC HL:ITC MI:SFQ MI:STC MI:DMC RP:QRC RP:TRC RP:DRC RP:RCL",
        Reason.REPUTATION: "HL:REP",
        Reason.BLOCKED: "HL:IPB WM:BLI DT:RBL",
        Reason.AUTHENTICATION: "MI:SPF",
        Reason.SENDER: "MI:SPB MI:IMF DT:SUM",
        Reason.PROTOCOL: "MI:CEL MI:CCL RP:CEL RP:CCL MI:NHD",
        Reason.SPAM: "DT:SPM",
    }.items()
    for code in codes.split()
}

# Words, most telling first. They are looked for in the lower-case text, white space as one blank.
_WORDS: tuple[tuple[re.Pattern[str], Reason], ...] = tuple(
    (re.compile(words), reason)
    for words, reason in (
        (r"grey-?list|gray-?list", Reason.GREYLISTED),
        (
            r"frequency limited|unusual rate|\brate[ -]limit|receiving (mail )?at a rate",
            Reason.RATE,
        ),
        (r"too many (connections|messages|recipients|emails|sessions|requests)", Reason.RATE),
        (r"connection denied|mailbox unavailable or access denied", Reason.RATE),
        (
            r"(quota|limit) (is |was )?exceeded.*(per|daily|hour|day|minute)|sending limit",
            Reason.RATE,
        ),
        (r"auth error limit|authentication (is )?required|authenticate first", Reason.CREDENTIALS),
        (r"bounce attack|\[tss04\]", Reason.REPUTATION),
        (r"\bspf\b|\bdkim\b|\bdmarc\b|required authentication level", Reason.AUTHENTICATION),
        (r"\"?from\"? header", Reason.CONTENT),
        (r"null sender|sender (address )?(is )?(reject|denied|not allowed|unknown)", Reason.SENDER),
        (r"relay(ing)? (access )?(denied|not permitted|not allowed)|smtp mx only", Reason.POLICY),
        (r"unable to relay|not allowed to relay|we do not relay", Reason.POLICY),
        (
            r"spamhaus|spamcop|barracuda|black ?-?list|block ?-?list|blocked using|\brbl\b",
            Reason.BLOCKED,
        ),
        (
            r"banned|your ip .*(block|reject|denied)|\[tss(09|11)\]|permanently deferred",
            Reason.BLOCKED,
        ),
        (r"spam|unsolicited|virus|malware|bulk mail", Reason.SPAM),
        (
            r"illegal attachment|attachment .*not (allowed|accepted)|prohibited content",
            Reason.CONTENT,
        ),
        (r"message (is )?too (large|big)|message size|exceeds? .*(size|maximum)", Reason.SIZE),
        (
            r"over ?quota|quota (is |was )?exceeded|mailbox (is )?full|exceeded .*quota",
            Reason.MAILBOX_FULL,
        ),
        (
            r"user suspended|(account|mailbox|user) .*(disabled|inactive|suspended)",
            Reason.MAILBOX_DISABLED,
        ),
        (
            r"(user|mailbox|recipient|address)( is)? (not found|unknown|invalid)",
            Reason.NO_SUCH_MAILBOX,
        ),
        (
            r"(no such|unknown|invalid) (user|mailbox|recipient|address|local)",
            Reason.NO_SUCH_MAILBOX,
        ),
        (r"(does not|doesn't|not) exist|bad address syntax|dd .* user", Reason.NO_SUCH_MAILBOX),
        (r"recipient address rejected: access denied", Reason.NO_SUCH_MAILBOX),
    )
)

# Enhanced codes without their class digit (RFC 3463 and the IANA registry of RFC 5248).
_ENHANCED: tuple[tuple[re.Pattern[str], Reason], ...] = tuple(
    (re.compile(code), reason)
    for code, reason in (
        (r"1\.([1-36]|10)", Reason.NO_SUCH_MAILBOX),
        (r"1\.[78]", Reason.SENDER),
        (r"2\.1", Reason.MAILBOX_DISABLED),
        (r"2\.2", Reason.MAILBOX_FULL),
        (r"(2\.3|3\.4)", Reason.SIZE),
        (r"3\.2", Reason.RATE),
        (r"3\.\d+", Reason.SYSTEM),
        (r"4\.5", Reason.RATE),
        (r"4\.\d+", Reason.NO_ROUTE),
        (r"5\.3", Reason.RATE),
        (r"5\.\d+", Reason.PROTOCOL),
        (r"6\.7", Reason.POLICY),
        (r"6\.\d+", Reason.CONTENT),
        (r"7\.(8|9|11|13)", Reason.CREDENTIALS),
        (r"7\.(2[0-7]|3[0-2]|509|515)", Reason.AUTHENTICATION),
        (r"7\.(28|650)", Reason.RATE),
        (r"7\.(60[6-9]|6[1-4]\d)", Reason.BLOCKED),
        (r"7\.(5|6|8)\d\d", Reason.REPUTATION),
        (r"7\.\d+", Reason.POLICY),
    )
)

# Plain codes that say enough alone. 421 closes the service: whatever it says, we come back later.
_CODES = {
    _CLOSING: Reason.RATE,
    451: Reason.SYSTEM,
    452: Reason.SYSTEM,
    454: Reason.SYSTEM,
    500: Reason.PROTOCOL,
    502: Reason.PROTOCOL,
    503: Reason.PROTOCOL,
    504: Reason.PROTOCOL,
    530: Reason.CREDENTIALS,
    534: Reason.CREDENTIALS,
    535: Reason.CREDENTIALS,
    538: Reason.CREDENTIALS,
    552: Reason.SIZE,
    555: Reason.PROTOCOL,
}
_BY_STAGE = {Stage.RCPT: Concern.RECIPIENT, Stage.DATA: Concern.MESSAGE}
_BY_STAGE |= dict.fromkeys((Stage.CONTENT, Stage.FINAL_DOT), Concern.MESSAGE)


def classify(reply: Reply, stage: Stage) -> Verdict:
    """Return what ``reply`` means when it answers ``stage`` of a transaction.

    A 3yz where the end was due counts as a temporary failure; callers that expect 354 do not ask.
    """
    kind = reply.code // 100
    if kind < _TEMPORARY:
        return ACCEPTED if kind == 2 else unanswered(Outcome.DEFERRED)  # noqa: PLR2004 - 2yz
    reason = find_reason(reply)
    hard = kind == _PERMANENT and reason not in _SOFT
    # A server that closes the session has had enough of us, whatever recipient it names.
    throttling = reason in _THROTTLING or reply.code == _CLOSING
    by_stage = _BY_STAGE.get(stage, Concern.US) if reason is Reason.UNKNOWN else Concern.US
    return Verdict(
        outcome=Outcome.REJECTED if hard else Outcome.DEFERRED,
        concern=Concern.US if throttling else _CONCERNS.get(reason, by_stage),
        reason=reason,
        throttling=throttling,
    )


def find_reason(reply: Reply) -> Reason:
    """Return the reason that a refusing ``reply`` gives: by its words, enhanced code, then code."""
    code = _NETEASE.search(reply.text)
    if code and code[1] in _NETEASE_REASONS:
        return _NETEASE_REASONS[code[1]]
    text = " ".join(reply.text.lower().split())
    detail = (reply.enhanced or "").partition(".")[2]
    # "User unknown" beside other words (a help page, a policy) is still what the code says.
    if re.fullmatch(r"1\.(1|10)", detail):
        return Reason.NO_SUCH_MAILBOX
    for words, reason in _WORDS:
        if words.search(text):
            return reason
    for pattern, reason in _ENHANCED:
        if pattern.fullmatch(detail):
            return reason
    return _CODES.get(reply.code, Reason.UNKNOWN)


def unanswered(outcome: Outcome) -> Verdict:
    """Return the verdict for a transaction that ended without a reply."""
    return Verdict(outcome=outcome, concern=Concern.US, reason=Reason.NO_ANSWER)
