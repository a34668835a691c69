"""Relays: the servers that take our mail, and the addresses that name them.

``smtp://``, ``smtp+starttls://`` or ``smtps://``, then ``user:password@`` where the relay wants a
sign-in, the host, and the port where it is not 25, 587 or 465. Special characters in user and
password are percent-encoded. No error here shows an address: it may hold the password.
"""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from runtime.refusal import Refusal

_HIGHEST_PORT = 65_535


class RelaySchemeError(Refusal):
    """The relay address does not start with smtp://, smtps:// or smtp+starttls://. Write it as
    smtp+starttls://user:password@mail.example:587, for example.
    """


class RelayHostError(Refusal):
    """The relay address names no usable host. Write it as smtp://mail.example:25."""


class RelayPortError(Refusal):
    """The port in the relay address is no number from 1 to 65535. Write host:port, e.g. :587."""


class RelaySignInError(Refusal):
    """The relay address has a user without password or the reverse. Give both, or neither."""


class RelayRestError(Refusal):
    """The relay address goes on behind the host and port. End it there, and write / ? # @ in a
    password as %2F %3F %23 %40.
    """


class RelayCharacterError(Refusal):
    """The relay address holds a blank or control character. Percent-encode it, or remove it."""


class TlsMode(StrEnum):
    """How a session with the relay is encrypted."""

    PLAIN = "plain"
    STARTTLS = "starttls"
    """Asked for after EHLO (RFC 3207), and required."""
    IMPLICIT = "implicit"
    """From the first byte (RFC 8314)."""


_SCHEMES = {
    "smtp": (TlsMode.PLAIN, 25),
    "smtp+starttls": (TlsMode.STARTTLS, 587),
    "smtps": (TlsMode.IMPLICIT, 465),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Relay:
    """A relay. ``host`` is ASCII (an A-label or an IP literal); the password is never shown."""

    host: str
    port: int
    tls: TlsMode = TlsMode.PLAIN
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    name: str = ""

    @property
    def is_local(self) -> bool:
        """Return whether the relay is on this machine's loopback."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def exposes_password(self) -> bool:
        """Return whether the password would cross a network in clear."""
        return self.user is not None and self.tls is TlsMode.PLAIN and not self.is_local

    def __str__(self) -> str:
        return self.name or self.address

    @property
    def address(self) -> str:
        """Return ``host:port``, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_relay_url(url: str, *, name: str = "") -> Relay:
    """Return the relay that ``url`` names; ``name`` is what people call it.

    Raises:
        RelaySchemeError, RelayHostError, RelayPortError, RelaySignInError, RelayRestError,
        RelayCharacterError: the address cannot be used, as each says.

    """
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise RelayCharacterError
    try:
        parts = urlsplit(url)
    except ValueError:
        raise RelayHostError from None
    if parts.scheme not in _SCHEMES or not url[len(parts.scheme) :].startswith("://"):
        raise RelaySchemeError
    if parts.path not in ("", "/") or "?" in url or "#" in url:
        raise RelayRestError
    tls, port = _SCHEMES[parts.scheme]
    user, password = _sign_in(parts)
    host = _host(parts)
    return Relay(
        host=host, port=_port(parts, port), tls=tls, user=user, password=password, name=name
    )


def _sign_in(parts: SplitResult) -> tuple[str | None, str | None]:
    if "@" not in parts.netloc:
        return None, None
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if not user or not password:
        raise RelaySignInError
    if "\0" in user + password:
        raise RelayCharacterError
    return user, password


def _host(parts: SplitResult) -> str:
    try:
        host = parts.hostname or ""
        if not host.isascii():
            import idna  # noqa: PLC0415 - its tables are large, and hosts are seldom Chinese

            host = idna.encode(host, uts46=True).decode("ascii")
    except ValueError:  # idna.IDNAError is one, too
        raise RelayHostError from None
    if ":" in host:
        try:
            ipaddress.IPv6Address(host)
        except ValueError:
            raise RelayHostError from None
    elif not re.fullmatch(r"[a-z0-9_]([a-z0-9._-]{0,251}[a-z0-9_])?\.?", host):
        raise RelayHostError
    return host


def _port(parts: SplitResult, default: int) -> int:
    try:
        port = parts.port
    except ValueError:
        raise RelayPortError from None
    if port is None:
        return default
    if not 1 <= port <= _HIGHEST_PORT:
        raise RelayPortError
    return port
