"""Whether the address of a service can be used, before somebody else misreads it.

The functions raise :class:`ValueError` with the reason for people. No reason shows the address or a
part of it, as the libraries' own errors do: it may hold a password.
"""

from urllib.parse import urlsplit

from psycopg import ProgrammingError, conninfo
from redis import ConnectionPool

from runtime.text import translate as _


def check_postgres(address: str) -> None:
    """Raise unless ``address`` is one that both libpq and SQLAlchemy read in the same way."""
    scheme, mark, rest = address.partition("://")
    if not mark or scheme not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise ValueError(_("it does not start with postgresql://"))
    try:
        ports = str(conninfo.conninfo_to_dict(f"postgresql://{rest}").get("port", ""))
    except ProgrammingError:
        raise ValueError(_misread()) from None
    if ports and not ports.replace(",", "").isdecimal():
        raise ValueError(_misread())


def check_redis(address: str) -> None:
    """Raise unless redis-py can use ``address``."""
    if not address.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError(_("it does not start with redis://, rediss:// or unix://"))
    try:
        path = urlsplit(address).path
        ConnectionPool.from_url(address)
    except (TypeError, ValueError):
        raise ValueError(_misread()) from None
    if address.startswith("unix://") and not path:
        raise ValueError(_("it names no socket: unix:///path/of/the/socket"))


def check_pages(address: str) -> None:
    """Raise unless links to the pages can be made from ``address``."""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or parts.username or " " in address:
        raise ValueError(_("it is not an address such as https://bulletin.example"))


def _misread() -> str:
    return _(
        "it cannot be read as an address; write / ? # @ : in a password as %2F %3F %23 %40 %3A"
    )
