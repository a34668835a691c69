"""What a server offers in its answer to EHLO (RFC 5321 section 4.1.1.1)."""

from dataclasses import dataclass

from mailer.smtp.replies import Reply


@dataclass(frozen=True, kw_only=True, slots=True)
class Extensions:
    """The extensions that this client can use; ``size`` is a limit in octets, None for none."""

    pipelining: bool = False
    size: int | None = None
    eight_bit_mime: bool = False
    smtputf8: bool = False
    dsn: bool = False
    starttls: bool = False
    auth: frozenset[str] = frozenset()


NO_EXTENSIONS = Extensions()


def parse_extensions(reply: Reply) -> Extensions:
    """Return what the EHLO ``reply`` offers; its first line is the server's name."""
    offers: dict[str, list[str]] = {}
    for line in reply.lines[1:]:
        # "AUTH=LOGIN" is how servers from before RFC 2554 say it.
        keyword, *parameters = line.replace("=", " ").upper().split() or [""]
        offers.setdefault(keyword, []).extend(parameters)
    size = "".join(offers.get("SIZE", [])[:1])
    return Extensions(
        pipelining="PIPELINING" in offers,
        size=int(size) if size.isascii() and size.isdigit() and int(size) else None,
        eight_bit_mime="8BITMIME" in offers,
        smtputf8="SMTPUTF8" in offers,
        dsn="DSN" in offers,
        starttls="STARTTLS" in offers,
        auth=frozenset(offers.get("AUTH", [])),
    )
