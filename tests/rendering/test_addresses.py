"""Addresses in headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.addresses import header_address, needs_smtputf8
from mailer.rendering.errors import UnsafeAddress
from mailer.rendering.headers import mailbox_header


@pytest.mark.parametrize(
    ("address", "spelled"),
    [
        ("a.b+c@water.yunwan.example", "a.b+c@water.yunwan.example"),
        ("office@云湾.example", "office@xn--9kq319e.example"),
        ("office@faß.example", "office@xn--fa-hia.example"),
        ("办公室@yunwan.example", "办公室@yunwan.example"),
        ("办公室@云湾.example", "办公室@xn--9kq319e.example"),
        ('"water office"@yunwan.example', '"water office"@yunwan.example'),
        ("root@localhost", "root@localhost"),
    ],
)
def test_domains_become_a_labels_and_local_parts_stay(address: str, spelled: str) -> None:
    """IDNA 2008 for the domain (not the codec of Python), nothing for the local part."""
    assert header_address(address, "To") == spelled


@pytest.mark.parametrize(
    "address",
    [
        "nobody",
        "@b.example",
        "a@",
        "a b@c.example",
        "a..b@c.example",
        ".a@c.example",
        "a@b..example",
        "a@-.example",
        "a@b.example>, <x@evil.example",
        "a@b.example\r\nBcc: x@evil.example",
        "a\u200bb@c.example",
        "a\u202e@c.example",
        "a\ud800@c.example",
        f"{'a' * 300}@b.example",
        "a@b example",
    ],
)
def test_what_is_no_address_is_refused_with_its_reason(address: str) -> None:
    """Nothing that could end the address or add a second one gets into a header."""
    with pytest.raises(UnsafeAddress) as refusal:
        header_address(address, "To")
    assert "\n" not in str(refusal.value)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_address_adds_a_line_or_a_recipient(local: str, domain: str) -> None:
    """Whatever passes is one address on one line."""
    try:
        line = mailbox_header("To", "", f"{local}@{domain}")
    except UnsafeAddress:
        return
    assert line.count("\r\n") == 1
    assert "," not in line.replace(local, "")
    assert not set(line.removesuffix("\r\n")) & set("\r\n\x00\u2028\u2029")


def test_only_a_local_part_needs_smtputf8() -> None:
    """A Chinese domain travels as an A-label to any server; a Chinese local part does not."""
    assert needs_smtputf8("办公室@yunwan.example")
    assert not needs_smtputf8("office@云湾.example")
