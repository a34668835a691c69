"""Header lines: legal in form, and closed to whatever a name or a subject may hide."""

import base64
import datetime as dt
import email
import email.policy
import email.utils
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.errors import HeaderValueTooLong, UnsafeHeaderValue, UnsafeLink
from mailer.rendering.headers import (
    checked_link,
    checked_text,
    date_header,
    link_header,
    mailbox_header,
    text_header,
    token_header,
)

STRICT = email.policy.SMTP + email.policy.strict
NAMES = st.text(max_size=120) | st.text(
    alphabet=st.sampled_from('水务局办公室“”（）abcXYZ 019"\\,;:@<>()[].=?_-𠮷é'), max_size=120
)


def parsed(lines: str) -> EmailMessage:
    """Read header lines back as a strict reader does."""
    raw = f"{lines}\r\n".encode()
    return email.message_from_bytes(raw, _class=EmailMessage, policy=STRICT)


def safe(text: str) -> bool:
    """Tell whether our own check lets the text pass."""
    try:
        checked_text(text, "test")
    except UnsafeHeaderValue:
        return False
    return True


@given(NAMES)
def test_a_subject_is_refused_or_comes_back_as_it_was(text: str) -> None:
    """Any text either is refused, or one Subject with exactly that text is read back."""
    if not safe(text):
        return
    lines = text_header("Subject", text)
    message = parsed(lines)
    assert message.keys() == ["Subject"]
    assert message["Subject"] == text.strip()
    assert all(len(line) <= 76 for line in lines.split("\r\n"))
    assert lines.isascii()
    assert not re.search(r"\r(?!\n)|(?<!\r)\n", lines)


@given(NAMES)
def test_a_name_is_refused_or_comes_back_beside_its_address(text: str) -> None:
    """Any display name either is refused, or is read back, and the address is the one given."""
    if not safe(text):
        return
    lines = mailbox_header("To", text, "wmb@yunwan.example")
    message = parsed(lines)
    assert message.keys() == ["To"]
    # Python 3.11 keeps the space between adjacent encoded words of a phrase, against RFC 2047
    # section 6.2, so its older decoder reads the name.
    raw = email.message_from_string(lines, policy=email.policy.compat32)["To"]
    name, address = email.utils.parseaddr(raw)
    assert address == "wmb@yunwan.example"
    assert str(make_header(decode_header(name))) == text.strip()
    assert all(len(line) <= 76 for line in lines.split("\r\n"))


@pytest.mark.parametrize(
    "text",
    [
        "办公室\r\nBcc: x@evil.example",
        "办公室\nBcc: x@evil.example",
        "a\rb",
        "a\x00b",
        "a\x1bb",
        "a\x85Bcc: x",
        "a\u2028b",
        "tab\there",
        "\u202emoc.live",
        "\ud800",
        "=?utf-8?q?a=0D=0ABcc:_evil=40x.example?=",
        "before =?utf-8?b?YQ==?= after",
        "=?x?\n?=",
    ],
)
def test_what_could_forge_a_header_is_refused(text: str) -> None:
    """Controls, line and direction marks and encoded words are refused, saying where they are."""
    with pytest.raises(UnsafeHeaderValue) as refusal:
        text_header("Subject", text)
    assert str(refusal.value).isprintable()
    with pytest.raises(UnsafeHeaderValue) as refusal:
        mailbox_header("To", text, "a@b.example")
    assert refusal.value.field == "To"


def test_a_name_without_end_is_refused() -> None:
    """A name of 5,000 letters is an error in a file, and is said to be one."""
    with pytest.raises(HeaderValueTooLong, match="5000"):
        mailbox_header("To", "局" * 5000, "a@b.example")


def test_encoded_words_never_split_a_character() -> None:
    """Each encoded word decodes by itself (RFC 2047 section 5)."""
    lines = text_header("Subject", "𠮷水利局" * 40)
    words = re.findall(r"=\?utf-8\?B\?([^?]+)\?=", lines)
    assert len(words) > 5
    for word in words:
        assert len(word) + 12 <= 75
        base64.b64decode(word, validate=True).decode()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Water Office", "To: Water Office <a@b.example>\r\n"),
        ('Office "North"', 'To: "Office \\"North\\"" <a@b.example>\r\n'),
        ("Li, Wei", 'To: "Li, Wei" <a@b.example>\r\n'),
        ("", "To: a@b.example\r\n"),
        ("水利局", "To: =?utf-8?B?5rC05Yip5bGA?= <a@b.example>\r\n"),
    ],
)
def test_names_take_the_plainest_legal_form(name: str, line: str) -> None:
    """ASCII names stay readable, quoted where they must be; others are encoded words."""
    assert mailbox_header("To", name, "a@b.example") == line


def test_links_are_folded_after_commas_only() -> None:
    """A link of any length stays in one piece, so that mail programmes find it."""
    url = "https://jianbao.yunwan.example/u/" + "k" * 200
    lines = link_header("List-Unsubscribe", (url, "mailto:unsubscribe@b.example?subject=x"))
    assert lines == (f"List-Unsubscribe: <{url}>,\r\n <mailto:unsubscribe@b.example?subject=x>\r\n")
    assert parsed(lines)["List-Unsubscribe"].startswith(f"<{url}>, <mailto:")


def test_a_token_is_never_folded() -> None:
    """Message-IDs and single links stay on the line of their name."""
    token = f"<{'t' * 70}>"
    assert token_header("Message-ID", token) == f"Message-ID: {token}\r\n"


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "https://a.example/ b",
        "https://a.example/\r\nBcc:x",
        'https://a.example/"><script>',
        "//a.example",
        "https://水利.example/",
    ],
)
def test_only_plain_web_addresses_are_links(link: str) -> None:
    """Whatever could leave the brackets or the attribute is refused."""
    with pytest.raises(UnsafeLink):
        checked_link(link, "sign")


@given(
    st.datetimes(min_value=dt.datetime(1950, 1, 1), max_value=dt.datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is added below
    st.sampled_from(["Asia/Shanghai", "UTC", "America/St_Johns", "Europe/London"]),
)
def test_a_date_is_read_back_as_the_same_instant(at: dt.datetime, zone: str) -> None:
    """The Date line is what RFC 5322 wants, to the second, in the given zone."""
    aware = at.replace(tzinfo=ZoneInfo(zone), microsecond=0)
    line = date_header(aware)
    offset = aware.utcoffset()
    assert offset is not None
    if offset.seconds % 60 == 0:
        assert parsed(line)["Date"].datetime == aware
    assert re.fullmatch(
        r"Date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\r\n", line
    )


def test_a_time_without_zone_is_no_date() -> None:
    """A naive time would be somebody's local time, nobody knows whose."""
    with pytest.raises(ValueError, match="zone"):
        date_header(dt.datetime(2026, 1, 1))  # noqa: DTZ001 - that is the fault
