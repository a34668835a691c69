"""Which relay takes the mail, and whether it may be used as things are set."""

import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailer.smtp.relays import Relay, parse_relay_url
from mailer.smtp.timeouts import Timeouts
from runtime.refusal import Refusal
from runtime.settings import Settings

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class NoRelayError(Refusal):
    """No relay is set, so nothing can be sent. Set MAILER_RELAY_URL, for example to
    smtp+starttls://user:password@mail.example.org:587
    """


class LoopbackLinksError(Refusal):
    """The relay {relay} is not on this machine, but MAILER_BASE_URL is {base_url}, which nobody
    else can reach: links in the mails would lead nowhere. Set it to the address under which
    recipients reach the pages.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlet:
    """The relay with all that is needed to speak to it."""

    relay: Relay
    helo: str
    timeouts: Timeouts


def outlet(settings: Settings) -> Outlet:
    """Return the way out that the settings name.

    Raises:
        NoRelayError: none is set.
        LoopbackLinksError: recipients elsewhere could not follow a link.
        Refusal: the address cannot be read; see :mod:`mailer.smtp.relays`.

    """
    if settings.relay_url is None:
        raise NoRelayError
    relay = parse_relay_url(settings.relay_url.get_secret_value())
    host = urlsplit(settings.base_url).hostname or ""
    if not relay.is_local and (host in _LOOPBACK or host.startswith("127.")):
        raise LoopbackLinksError(relay=relay, base_url=settings.base_url)
    wait = settings.smtp_timeout
    return Outlet(
        relay=relay,
        helo=settings.helo_name or socket.getfqdn(),
        timeouts=Timeouts(
            connect=min(30, wait),
            greeting=wait,
            ehlo=wait,
            starttls=wait,
            auth=wait,
            mail=wait,
            rcpt=wait,
            data=wait,
            content=wait,
            final_dot=settings.smtp_final_timeout,
        ),
    )
