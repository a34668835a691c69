"""Addresses as a header carries them: ASCII domains, and the few local parts that are legal.

Whether an address is one is decided where it is imported; here only what may be written into a
header line is decided, because one wrong letter there breaks the message for everybody.
"""

import re

import idna

from mailer.rendering.errors import UnsafeAddress
from runtime.text import translate as _

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_ASCII_ADDRESS = re.compile(
    rf"{_ATEXT}+(?:\.{_ATEXT}+)*@(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)*"
    r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
)
_LOCAL = re.compile(rf"(?:{_ATEXT}|[^\x00-\x9f])+(?:\.(?:{_ATEXT}|[^\x00-\x9f])+)*")
_QUOTED_LOCAL = re.compile(r'"(?:[ !#-\[\]-~]|\\[ -~])*"')
_INVISIBLE = re.compile(r"[\s\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_MAX_OCTETS = 254
"""RFC 5321 4.5.3.1.3: a path is at most 256 octets, with its angle brackets."""


def needs_smtputf8(address: str) -> bool:
    """Tell whether ``address`` can only be sent with SMTPUTF8 (RFC 6531).

    A Chinese domain does not need it, since its A-label is ASCII; a Chinese local part does.
    """
    return not address.rpartition("@")[0].isascii()


def header_address(address: str, field: str) -> str:
    """Return ``address`` as an addr-spec (RFC 5322 3.4.1, RFC 6532), its domain as A-labels.

    ``field`` names the header in the refusal. Raises :class:`UnsafeAddress`.
    """
    if _ASCII_ADDRESS.fullmatch(address) and len(address) <= _MAX_OCTETS:
        return address
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise _unsafe(address, field, _("it is not of the form name@domain"))
    if _INVISIBLE.search(local) and not _QUOTED_LOCAL.fullmatch(local):
        raise _unsafe(address, field, _("it contains a space or an invisible character"))
    if not (_LOCAL.fullmatch(local) or _QUOTED_LOCAL.fullmatch(local)):
        raise _unsafe(
            address, field, _("the part before the @ has a character that is not allowed")
        )
    spelled = f"{local}@{_ascii_domain(address, field, domain)}"
    if len(spelled.encode()) > _MAX_OCTETS:
        raise _unsafe(address, field, _("it is longer than 254 bytes"))
    return spelled


def _ascii_domain(address: str, field: str, domain: str) -> str:
    """Return the A-labels of ``domain`` (IDNA 2008 after UTS 46 mapping)."""
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        reason = _("the domain after the @ is not a legal one")
        raise _unsafe(address, field, reason) from None


def _unsafe(address: str, field: str, reason: str) -> UnsafeAddress:
    return UnsafeAddress(value=ascii(address[:100]), field=field, reason=reason)
