"""Relay addresses: what they mean, and how wrong ones are refused without showing a password."""

import pytest

from mailer.smtp.relays import (
    Relay,
    RelayCharacterError,
    RelayHostError,
    RelayPortError,
    RelayRestError,
    RelaySchemeError,
    RelaySignInError,
    TlsMode,
    parse_relay_url,
)
from runtime.refusal import Refusal


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example", Relay(host="mail.example", port=25)),
        ("smtp://mail.example/", Relay(host="mail.example", port=25)),
        ("smtp://mail.example:2525", Relay(host="mail.example", port=2525)),
        ("SMTPS://Mail.Example", Relay(host="mail.example", port=465, tls=TlsMode.IMPLICIT)),
        (
            "smtp+starttls://office:pw@mail.example",
            Relay(
                host="mail.example", port=587, tls=TlsMode.STARTTLS, user="office", password="pw"
            ),
        ),
        (
            "smtps://b%40office.example:p%2Fw%3A%E7%AE%80@[::1]:26",
            Relay(
                host="::1",
                port=26,
                tls=TlsMode.IMPLICIT,
                user="b@office.example",
                password="p/w:简",
            ),
        ),
        (
            "smtp://u:p@ss@mail.example",
            Relay(host="mail.example", port=25, user="u", password="p@ss"),
        ),
        ("smtp://邮件.example", Relay(host="xn--5nq051n.example", port=25)),
    ],
)
def test_an_address_is_read(url: str, relay: Relay) -> None:
    """Scheme, sign-in, host and port, with the defaults of each scheme."""
    assert parse_relay_url(url) == relay


@pytest.mark.parametrize(
    ("url", "refusal"),
    [
        ("", RelaySchemeError),
        ("mail.example:25", RelaySchemeError),
        ("http://mail.example", RelaySchemeError),
        ("smtp:mail.example", RelaySchemeError),
        ("smtp://", RelayHostError),
        ("smtp://u:secret@:25", RelayHostError),
        ("smtp://u:secret@[::1", RelayHostError),
        ("smtp://u:secret@[not-six]", RelayHostError),
        ("smtp://u:secret@-mail.example", RelayHostError),
        ("smtp://u:secret@mail.example:0", RelayPortError),
        ("smtp://u:secret@mail.example:70000", RelayPortError),
        ("smtp://u:secret@mail.example:smtp", RelayPortError),
        ("smtp://u@mail.example", RelaySignInError),
        ("smtp://:secret@mail.example", RelaySignInError),
        ("smtp://u:sec/ret@mail.example", RelayRestError),
        ("smtp://u:sec?ret@mail.example", RelayRestError),
        ("smtp://u:sec#ret@mail.example", RelayRestError),
        ("smtp://mail.example/path", RelayRestError),
        ("smtp://u:secret@mail.example\r\nX", RelayCharacterError),
        ("smtp://u:sec ret@mail.example", RelayCharacterError),
        ("smtp://u:secret%00@mail.example", RelayCharacterError),
    ],
)
def test_a_wrong_address_is_refused(url: str, refusal: type[Refusal]) -> None:
    """Each mistake has its own sentence; none of them shows the address."""
    with pytest.raises(refusal) as caught:
        parse_relay_url(url)
    assert "secret" not in str(caught.value) + repr(caught.value) + repr(caught.value.__context__)
    assert str(caught.value).endswith((".", "587, for example."))


def test_a_password_is_never_shown() -> None:
    """Neither the text nor the representation of a relay holds it."""
    relay = parse_relay_url("smtp://office:hunter2@mail.example", name="main")
    assert "hunter2" not in f"{relay!r} {relay}"
    assert str(relay) == "main"


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("[::1]", True),
        ("localhost", True),
        ("a.localhost", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("mail.example", False),
    ],
)
def test_which_relays_are_local(host: str, *, local: bool) -> None:
    """Only the loopback is: a password in clear is exposed on any other way."""
    relay = parse_relay_url(f"smtp://u:p@{host}:25")
    assert relay.is_local is local
    assert relay.exposes_password is not local
    assert not parse_relay_url(f"smtps://u:p@{host}").exposes_password
