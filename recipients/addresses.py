"""Mail addresses: read, normalised and checked without asking the network. Pure.

RFC 5321 and 6531 for the form, IDNA 2008 with the UTS 46 mapping for the domain. An address is
kept as it was written and compared in its normalised form.
"""

import re
import unicodedata
from dataclasses import dataclass

import email_validator

from recipients.names import shown
from runtime.refusal import Refusal

if "local" in email_validator.SPECIAL_USE_DOMAIN_NAMES:
    # Offices' own networks do use .local, and their relay delivers there.
    email_validator.SPECIAL_USE_DOMAIN_NAMES.remove("local")

_KNOWN_DOMAINS = (
    *("qq.com", "vip.qq.com", "foxmail.com", "163.com", "vip.163.com", "126.com", "yeah.net"),
    *("188.com", "sina.com", "sina.cn", "vip.sina.com", "sohu.com", "139.com", "189.cn", "wo.cn"),
    *("21cn.com", "tom.com", "aliyun.com", "gmail.com", "outlook.com", "hotmail.com", "icloud.com"),
)
_ENDING_TYPOS = {
    ending: right
    for right, endings in {
        "com": ("con", "cmo", "ocm", "comm", "vom", "xom", "cim", "c0m", "coom", "cpm"),
        "cn": ("cnn", "ncn"),
        "com.cn": ("con.cn", "com.cm", "com.cnn", "comcn"),
        "gov.cn": ("gov.cm", "goc.cn", "gav.cn", "gov.con", "govcn"),
        "net": ("ner", "nte"),
    }.items()
    for ending in endings
}
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


class InvalidAddressError(Refusal):
    """The mail address {shown} cannot be used: {reason} Correct it."""


class NoDomainError(InvalidAddressError):
    """The mail address {shown} has no domain: it must look like name@office.gov.cn. Complete it."""


class SeveralAddressesError(InvalidAddressError):
    """{shown} is more than one mail address, or has a blank inside. Give each address a row of its
    own, with the name of the same unit.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A valid address.

    ``written`` is what was typed, without outer blanks and full-width letters; ``local`` keeps its
    case; ``domain`` is the lower-case A-label form. ``international`` says that the local part is
    not ASCII, so that only a server with SMTPUTF8 takes it. ``suggestion`` is another address that
    was probably meant (``zhang@qq.com`` for ``zhang@qq.con``): a hint, never applied.
    """

    written: str
    local: str
    domain: str
    international: bool
    suggestion: str | None

    @property
    def normalised(self) -> str:
        """Return the form that is compared and stored in the ledger: all in lower case."""
        return f"{self.local.lower()}@{self.domain}"


def read_address(text: str) -> Address:
    """Read one address.

    Raises:
        NoDomainError: no ``@``, nothing after it, or a domain without a dot.
        SeveralAddressesError: blanks or separators inside.
        InvalidAddressError: anything else that RFC 5321 or IDNA does not allow.

    """
    written = unicodedata.normalize("NFC", text.strip().translate(_FULL_WIDTH))
    if re.search(r"[\s;,、；，<>]", written) or written.count("@") > 1:
        raise SeveralAddressesError(shown=shown(text))
    if "." not in written.partition("@")[2].strip(".").replace("。", "."):
        raise NoDomainError(shown=shown(text))
    try:
        valid = email_validator.validate_email(
            written, check_deliverability=False, globally_deliverable=False, strict=True
        )
    except email_validator.EmailNotValidError as error:
        raise InvalidAddressError(shown=shown(text), reason=str(error)) from error
    domain = valid.ascii_domain.lower()
    suggested = suggest_domain(domain)
    return Address(
        written=written,
        local=valid.local_part,
        domain=domain,
        international=not valid.local_part.isascii(),
        suggestion=f"{valid.local_part}@{suggested}" if suggested else None,
    )


def delivery_address(written: str, normalised: str) -> str:
    """Return what RCPT TO names: the local part as written, the domain as an A-label.

    The local part belongs to the receiving server, which may tell capitals from small letters
    (RFC 5321, 2.4), although hardly one does.
    """
    return f"{written.rpartition('@')[0]}@{normalised.rpartition('@')[2]}"


def suggest_domain(domain: str) -> str | None:
    """Return the domain that was probably meant, or ``None`` where nothing looks mistyped."""
    if domain in _KNOWN_DOMAINS:
        return None
    for typo, right in sorted(_ENDING_TYPOS.items(), key=lambda pair: -len(pair[0])):
        if domain.endswith("." + typo):
            return f"{domain.removesuffix(typo)}{right}"
    near = [known for known in _KNOWN_DOMAINS if _one_slip(domain, known)]
    return near[0] if len(near) == 1 else None


def _one_slip(typed: str, meant: str) -> bool:
    """Return whether one letter added, left out or changed, or two swapped, parts the two."""
    if abs(len(typed) - len(meant)) > 1:
        return False
    start = next(
        (i for i, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b),
        min(len(typed), len(meant)),
    )
    a, b = typed[start:], meant[start:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
