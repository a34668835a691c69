"""What a mail is made from beside the document: who sends it, and what one recipient adds."""

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SenderIdentity:
    """Who a bulletin comes from, as its mails say it.

    Addresses are bare (``name@domain``). ``list_id`` is the dotted id of RFC 2919 without angle
    brackets. ``unsubscribe_mailto`` is the address that takes unsubscriptions by mail.
    ``contact`` is a line for people (联系电话 …). ``zone`` is an IANA name, for the Date header.
    """

    bulletin_name: str
    from_name: str
    from_address: str
    list_id: str
    unsubscribe_mailto: str
    reply_to: str | None = None
    contact: str = ""
    postal: str = ""
    zone: str = "Asia/Shanghai"


@dataclass(frozen=True, kw_only=True, slots=True)
class Credited:
    """One reason why the recipient gets the mail.

    ``kind`` is the block's kind as printed (送), ``unit`` the unit's name as the reader knows it.
    ``block`` and ``entry`` are the 0-based places in the document's blocks, so that the printed
    entry can be marked; ``None`` for what is not printed there, such as a subscription.
    """

    kind: str
    unit: str
    block: int | None = None
    entry: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SlotValues:
    """What one recipient's mail has of its own.

    ``message_id`` has its angle brackets; ``date`` is aware. ``reference`` is put into the
    subject of the mailto links, so that an answer finds its delivery. The web links need a
    rendition that was composed with ``links=True``, except ``unsubscribe_url``, which must be
    https to be offered as one-click (RFC 8058).
    """

    to_address: str
    message_id: str
    date: dt.datetime
    to_name: str = ""
    credits: tuple[Credited, ...] = ()
    reference: str = ""
    unsubscribe_url: str | None = None
    change_url: str | None = None
    web_url: str | None = None
    sign_url: str | None = None
