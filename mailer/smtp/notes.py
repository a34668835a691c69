"""What is said of a transaction or a connection where the server said nothing.

A note is stored in the ledger as it stands here, in English, and translated where it is shown.
"""

from enum import StrEnum


def _(message: str) -> str:
    """Mark ``message`` for the catalogue; it is translated when somebody reads it."""
    return message


class Note(StrEnum):
    """A plain sentence; empty where the reply says it all."""

    NONE = ""
    NOT_STARTED = _("Sending was stopped before this message was begun.")
    STOPPED_BEFORE_DOT = _("Sending was stopped before the message was complete.")
    LOST = _("The relay closed the connection before the message was complete.")
    TIMED_OUT = _("The relay did not answer in time; the message was not complete.")
    UNREADABLE = _("The relay answered with something that is not SMTP.")
    OUT_OF_TURN = _("The relay answered before it was asked; the connection was dropped.")
    LOST_IN_DOUBT = _(
        "The connection was lost after the final dot: the relay may have accepted the message."
    )
    TIMED_OUT_IN_DOUBT = _(
        "The relay did not answer the final dot in time: it may have accepted the message."
    )
    UNREADABLE_IN_DOUBT = _(
        "The answer to the final dot could not be read: the relay may have accepted the message."
    )
    BAD_SENDER = _("The sender address cannot be used in SMTP. Correct the bulletin's address.")
    BAD_RECIPIENT = _("The recipient address cannot be used in SMTP. Correct the mailbox.")
    BAD_ENVELOPE_ID = _("The envelope identifier is longer than SMTP allows.")
    BAD_CONTENT = _(
        "The message holds a bare CR, a bare LF or a NUL, which could end it early at the relay."
    )
    TOO_LARGE = _("The message is larger than the relay takes. Shorten it, or use another relay.")
    NO_SMTPUTF8 = _(
        "The address has letters outside ASCII before the @, and the relay does not take such "
        "addresses (SMTPUTF8, 5.6.7). Use another address, or another relay."
    )
    NO_EIGHT_BIT = _("The message holds 8-bit text, which the relay does not take (8BITMIME).")
    UNREACHABLE = _("no connection could be made")
    UNKNOWN_HOST = _("its name is not known")
    NO_STARTTLS = _("it does not offer STARTTLS, which the relay's address asks for")
    UNTRUSTED = _("its certificate is not trusted for this name")
    TLS_FAILED = _("the encrypted connection could not be set up")
    TLS_INJECTED = _(
        "it sent data in clear after agreeing to STARTTLS, which an attacker could add"
    )
    NO_AUTH = _("it offers no sign-in that we can use (AUTH PLAIN or LOGIN)")
    SILENT = _("it did not answer in time")
    CLOSED = _("it closed the connection")
    GARBLED = _("it answered with something that is not SMTP")


IN_DOUBT = {
    Note.LOST: Note.LOST_IN_DOUBT,
    Note.TIMED_OUT: Note.TIMED_OUT_IN_DOUBT,
    Note.UNREADABLE: Note.UNREADABLE_IN_DOUBT,
    Note.OUT_OF_TURN: Note.LOST_IN_DOUBT,
}
"""The note to give once the final dot was written."""

OPENING = {
    Note.LOST: Note.CLOSED,
    Note.TIMED_OUT: Note.SILENT,
    Note.UNREADABLE: Note.GARBLED,
    Note.OUT_OF_TURN: Note.GARBLED,
}
"""The note to give while a connection is being opened."""
