"""One recipient's message: complete, legal, and closed to what its values may hide."""

import datetime as dt
import email
import email.policy
import re
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.reading.model import Article, IssueDocument, Paragraph
from mailer.rendering.composing import compose
from mailer.rendering.errors import UnsafeAddress, UnsafeHeaderValue, UnsafeLink
from mailer.rendering.filling import fill, unit_line
from mailer.rendering.model import Credited, SenderIdentity, SlotValues
from mailer.rendering.rendition import Rendition

STRICT = email.policy.SMTP + email.policy.strict
HEADERS = [
    "Date",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Message-ID",
    "List-Id",
    "List-Unsubscribe",
    "Auto-Submitted",
    "Precedence",
    "MIME-Version",
    "Content-Type",
]
ONE_CLICK = [*HEADERS[:8], "List-Unsubscribe-Post", *HEADERS[8:]]


@pytest.fixture(scope="module")
def rendition(document: IssueDocument, identity: SenderIdentity) -> Rendition:
    """Return the issue, rendered."""
    return compose(document, identity)


def read(message: bytes) -> EmailMessage:
    """Check every line of a message, and read it as a strict reader does."""
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", message)
    assert message.endswith(b"\r\n")
    head, body = message.split(b"\r\n\r\n", 1)
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n"))
    assert message.isascii()
    parsed = email.message_from_bytes(message, _class=EmailMessage, policy=STRICT)
    for part in parsed.walk():
        assert not part.defects
        assert all(not part[name].defects for name in part)
    return parsed


def contents(message: EmailMessage) -> tuple[str, str]:
    """Return the text and the HTML of a message."""
    plain, html = message.iter_parts()
    assert plain.get_content_type() == "text/plain"
    assert html.get_content_type() == "text/html"
    assert isinstance(plain, EmailMessage)
    assert isinstance(html, EmailMessage)
    return plain.get_content(), html.get_content()


def test_a_message_is_what_the_office_meant(rendition: Rendition, values: SlotValues) -> None:
    """Every header has its value, in the intended order, and both parts name the recipient."""
    message = read(b"".join(fill(rendition, values)))
    assert message.keys() == HEADERS
    assert message["From"] == "云湾市水利局办公室 <bulletin@water.yunwan.example>"
    assert message["Reply-To"] == "office@water.yunwan.example"
    assert message["To"] == "云湾市文明办 <wmb@yunwan.example>"
    assert message["Subject"] == "云湾市水利工作简报 2026年第7期（总第128期）"
    assert message["Message-ID"] == values.message_id
    assert message["Date"].datetime == values.date
    assert message["Date"].datetime.utcoffset() == dt.timedelta(hours=8)
    assert message["List-Id"] == "<gongzuo.water.yunwan.example>"
    assert message["List-Unsubscribe"] == (
        "<mailto:unsubscribe@water.yunwan.example?subject=unsubscribe%20k3Jx9>"
    )
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Precedence"] == "bulk"
    assert message.get_content_type() == "multipart/alternative"
    plain, html = contents(message)
    assert plain.startswith("送：云湾市文明办 ")
    assert '送：<span class="unit"' in html
    assert html.count('class="own"') == 1
    assert re.search(r'<span class="own"[^>]*>市文明办</span>，', html)
    assert "k3Jx9" in plain
    assert "subject=%E9%80%80%E8%AE%A2" in html


def test_only_slots_differ_between_recipients(rendition: Rendition, values: SlotValues) -> None:
    """Two recipients' messages share every byte of the approved content."""
    other = replace(
        values,
        to_address="gov@yunwan.example",
        to_name="",
        credits=(Credited(kind="报", unit="云湾市政府办公室", block=0, entry=1),),
    )
    shared = [segment for segment in rendition.segments if isinstance(segment, bytes)]
    for one in (values, other):
        pieces = fill(rendition, one)
        assert [piece for piece in pieces if piece in shared and len(piece) > 2] == [
            segment for segment in shared if len(segment) > 2
        ]
    assert read(b"".join(fill(rendition, other)))["To"] == "gov@yunwan.example"


def test_the_same_values_give_the_same_bytes(rendition: Rendition, values: SlotValues) -> None:
    """A retry sends what was sent."""
    again = Rendition.from_bytes(rendition.to_bytes())
    assert fill(rendition, values) == fill(again, values)


@given(
    to_name=st.text(max_size=60),
    credit=st.builds(
        Credited,
        kind=st.text(max_size=6),
        unit=st.text(max_size=60),
        block=st.just(1),
        entry=st.integers(0, 2),
    ),
)
def test_no_name_changes_the_message(
    rendition: Rendition, values: SlotValues, to_name: str, credit: Credited
) -> None:
    """Whatever a unit is called: refused, or the intended headers and the name as text."""
    drawn = replace(values, to_name=to_name, credits=(credit,))
    try:
        message = read(b"".join(fill(rendition, drawn)))
    except UnsafeHeaderValue:
        return
    assert message.keys() == HEADERS
    assert message["To"].addresses[0].addr_spec == values.to_address
    plain, html = contents(message)
    line = unit_line(rendition, drawn)
    assert plain.split("\r\n")[0].rstrip(" ") == line.rstrip(" ")
    assert "<script" not in html
    assert html.count("<h1") == 1


@given(
    title=st.text(max_size=80),
    article=st.builds(
        Article,
        title=st.text(max_size=200),
        body=st.tuples(st.builds(Paragraph, text=st.text(max_size=200))),
    ),
)
def test_no_issue_breaks_the_message(
    identity: SenderIdentity,
    document: IssueDocument,
    values: SlotValues,
    title: str,
    article: Article,
) -> None:
    """Whatever an issue holds: refused for its name, or a message without defects."""
    drawn = replace(document, title=title, articles=(article,))
    try:
        rendition = compose(drawn, identity)
    except UnsafeHeaderValue:
        return
    message = read(b"".join(fill(rendition, values)))
    assert message.keys() == HEADERS
    assert message["Subject"] == rendition.subject
    assert not any("=?" in message[name] for name in ("List-Id", "List-Unsubscribe", "Message-ID"))


@pytest.mark.parametrize(
    "name",
    ["办\r\nBcc: x@evil.example", "=?utf-8?q?a=0D=0ABcc:_evil=40x.example?=", "a\x00b"],
)
def test_a_hostile_name_is_refused_wherever_it_comes(
    rendition: Rendition, values: SlotValues, name: str
) -> None:
    """Neither the To line nor the unit's line takes what could forge a header."""
    with pytest.raises(UnsafeHeaderValue):
        fill(rendition, replace(values, to_name=name))
    with pytest.raises(UnsafeHeaderValue):
        fill(rendition, replace(values, credits=(Credited(kind="送", unit=name),)))


def test_a_long_link_stays_whole(rendition: Rendition, values: SlotValues) -> None:
    """List-Unsubscribe is never folded into encoded words, and https makes it one-click."""
    link = "https://jianbao.yunwan.example/u/" + "k" * 120
    raw = b"".join(fill(rendition, replace(values, unsubscribe_url=link)))
    message = read(raw)
    assert message.keys() == ONE_CLICK
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{link}>,\r\n <mailto:unsubscribe@".encode() in raw
    plain, html = contents(message)
    assert f'href="{link}"' in html
    assert f"退订：{link}" in plain


def test_a_plain_http_link_is_no_one_click(rendition: Rendition, values: SlotValues) -> None:
    """RFC 8058 needs https; on an intranet the link is offered without the promise."""
    message = read(
        b"".join(fill(rendition, replace(values, unsubscribe_url="http://intranet.example/u/1")))
    )
    assert message.keys() == HEADERS
    assert message["List-Unsubscribe"].startswith("<http://intranet.example/u/1>, <mailto:")


def test_a_chinese_mailbox_gets_headers_in_utf_8(rendition: Rendition, values: SlotValues) -> None:
    """Only the mail to a Chinese local part is an RFC 6532 message; its domain is an A-label."""
    raw = b"".join(fill(rendition, replace(values, to_address="文明办@云湾.example")))
    assert "<文明办@xn--9kq319e.example>".encode() in raw
    parsed = email.message_from_string(
        raw.decode(), _class=EmailMessage, policy=email.policy.SMTPUTF8 + email.policy.strict
    )
    assert parsed.keys() == HEADERS
    assert parsed["To"].addresses[0].username == "文明办"


def test_several_reasons_are_all_named(rendition: Rendition, values: SlotValues) -> None:
    """A mailbox that serves two units in two blocks says so, and both are marked."""
    several = replace(
        values,
        credits=(
            Credited(kind="送", unit="市应急管理局", block=1, entry=0),
            Credited(kind="送", unit="市文明办", block=1, entry=1),
            Credited(kind="报", unit="市委办公室", block=0, entry=0),
        ),
    )
    plain, html = contents(read(b"".join(fill(rendition, several))))
    assert plain.startswith("送：市应急管理局、市文明办；报：市委办公室 ")
    assert re.findall(r'class="own"[^>]*>([^<]*)<', html) == [
        "市委办公室",
        "市应急管理局",
        "市文明办",
    ]


def test_a_subscriber_is_in_no_block(rendition: Rendition, values: SlotValues) -> None:
    """A reason without a printed entry marks nothing; without any reason the line is blank."""
    one = replace(values, credits=(Credited(kind="订阅", unit="周岚"),))
    plain, html = contents(read(b"".join(fill(rendition, one))))
    assert plain.startswith("订阅：周岚 ")
    assert 'class="own"' not in html
    plain, html = contents(read(b"".join(fill(rendition, replace(values, credits=())))))
    assert not plain.split("\r\n")[0].strip()
    assert 'class="unit"' not in html


def test_links_need_their_places(
    rendition: Rendition, document: IssueDocument, identity: SenderIdentity, values: SlotValues
) -> None:
    """A button is there only with its link: never a dead one, never one that is dropped."""
    web, sign = "https://jianbao.example/i/7", "https://jianbao.example/s/k?a=1&b=2"
    linked = replace(values, web_url=web, sign_url=sign)
    with pytest.raises(ValueError, match="without places"):
        fill(rendition, linked)
    with_links = compose(document, identity, links=True)
    plain, html = contents(read(b"".join(fill(with_links, linked))))
    assert f'href="{web}"' in html
    assert 'href="https://jianbao.example/s/k?a=1&amp;b=2"' in html
    assert f"签收本期：{sign}" in plain
    plain, html = contents(read(b"".join(fill(with_links, values))))
    assert "签收" not in html
    assert "签收" not in plain
    with pytest.raises(UnsafeLink):
        fill(with_links, replace(values, sign_url='https://x.example/"onclick="x'))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"to_address": "a@b.example>, <x@evil.example"}, UnsafeAddress),
        ({"message_id": "no-brackets@b.example"}, ValueError),
        ({"message_id": "<a@b.example>\r\nBcc: x"}, ValueError),
        ({"reference": "a b"}, ValueError),
        ({"reference": "a\r\nBcc: x"}, ValueError),
    ],
)
def test_other_values_are_checked_too(
    rendition: Rendition, values: SlotValues, change: dict[str, Any], error: type[Exception]
) -> None:
    """Each value that enters a header or a link is one of its kind, or nothing is made."""
    with pytest.raises(error):
        fill(rendition, replace(values, **change))
