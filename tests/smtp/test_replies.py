"""Replies: from any bytes to values that are safe."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.extensions import Extensions, parse_extensions
from mailer.smtp.replies import (
    LINE_LIMIT,
    LINES_LIMIT,
    REPLY_LIMIT,
    Reply,
    ReplyParser,
    UnreadableReplyError,
    parse_reply,
)


@pytest.mark.parametrize(
    ("lines", "code", "enhanced", "text"),
    [
        ([b"250 2.1.5 Ok"], 250, "2.1.5", "Ok"),
        ([b"250 Ok"], 250, None, "Ok"),
        ([b"250"], 250, None, ""),
        ([b"250 "], 250, None, ""),
        ([b"550 5.1.1"], 550, "5.1.1", ""),
        ([b"550-5.1.1 The account", b"550 5.1.1 is gone."], 550, "5.1.1", "The account is gone."),
        ([b"550-The account", b"550 5.1.1 is gone."], 550, "5.1.1", "The account is gone."),
        ([b"421HL:REP 192.0.2.1"], 421, None, "HL:REP 192.0.2.1"),
        ([b"421 4.4.5 HL:ICC"], 421, "4.4.5", "HL:ICC"),
        ([b"421 #4.4.5 Too many connections"], 421, "4.4.5", "Too many connections"),
        ([b"250 5.1.1 contradicts itself"], 250, None, "5.1.1 contradicts itself"),
        ([b"250 2.1.5000 is no code"], 250, None, "2.1.5000 is no code"),
        (["550 用户不存在".encode()], 550, None, "用户不存在"),
        (["550 用户不存在".encode("gb18030")], 550, None, "用户不存在"),
        ([b"550 a\x1b[31mred\x07 \x00"], 550, None, "a\ufffd[31mred\ufffd \ufffd"),
        (["550 a\u202eb\u2028c".encode()], 550, None, "a\ufffdb\ufffdc"),
        ([b"550 \xff\xff\xff"], 550, None, "\ufffd\ufffd\ufffd"),
    ],
)
def test_a_reply_is_read(lines: list[bytes], code: int, enhanced: str | None, text: str) -> None:
    """Codes, enhanced codes and text, from one line or several, in the charsets that occur."""
    reply = parse_reply(lines)
    assert (reply.code, reply.enhanced, reply.text) == (code, enhanced, text)


@pytest.mark.parametrize(
    "lines",
    [[b""], [b"hello"], [b"25 Ok"], [b"2500 Ok"], [b"199 x"], [b"600 x"], [b"250-a", b"251 b"], []],
)
def test_what_is_no_reply_is_refused(lines: list[bytes]) -> None:
    """Numbers that are no codes, and codes that differ, are not guessed at."""
    with pytest.raises(UnreadableReplyError):
        parse_reply(lines)


def test_the_text_is_capped() -> None:
    """What is stored of a reply has a bound, whatever the server says."""
    reply = parse_reply([b"550-" + b"x" * 3000, *[b"550-" + b"y" * 300] * 20, b"550 z"])
    assert len(reply.text) == 1000
    assert all(len(line) <= 512 for line in reply.lines)


@given(st.binary(max_size=300))
def test_any_bytes_become_printable_text_or_none(data: bytes) -> None:
    """No reply holds a character that could move a cursor or hide text."""
    for reply in ReplyParser().feed(b"550 " + data + b"\r\n"):
        assert reply.text.isprintable()
        assert str(reply).isprintable()


@given(
    st.lists(st.sampled_from([b"250 Ok\r\n", b"250-a\r\n250 b\r\n", b"354 go\n"]), max_size=6),
    st.data(),
)
def test_replies_do_not_depend_on_how_they_are_cut(parts: list[bytes], data: st.DataObject) -> None:
    """The same bytes give the same replies, whatever the packets were."""
    stream = b"".join(parts)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    parser, replies = ReplyParser(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        replies += parser.feed(stream[start:end])
    assert replies == ReplyParser().feed(stream)
    assert len(replies) == len(parts)
    assert parser.empty
    assert parser.fault is None


@pytest.mark.parametrize(
    "data",
    [
        b"250 " + b"x" * LINE_LIMIT,
        b"250-a\r\n" * (LINES_LIMIT + 1),
        (b"250-" + b"x" * 1000 + b"\r\n") * (REPLY_LIMIT // 1000 + 1),
        b"garbage\r\n",
        b"\xff" * LINE_LIMIT + b"\xff",
    ],
)
def test_a_flood_is_a_fault_and_leaves_nothing_behind(data: bytes) -> None:
    """Beyond the limits nothing more is read, and what was complete before counts."""
    parser = ReplyParser()
    assert [str(reply) for reply in parser.feed(b"250 Ok\r\n" + data)] == ["250 Ok"]
    assert parser.fault
    assert parser.empty
    assert parser.feed(b"250 Ok\r\n") == []


def test_the_largest_honest_reply_is_no_flood() -> None:
    """Replies just inside every limit are read."""
    parser = ReplyParser()
    data = b"250-a\r\n" * (LINES_LIMIT - 1) + b"250 b\r\n"
    assert len(parser.feed(data)) == 1
    assert len(parser.feed(b"250 " + b"x" * (LINE_LIMIT - 4) + b"\r\n")) == 1
    assert parser.fault is None


def test_extensions_are_read_from_ehlo() -> None:
    """Keywords in any case, parameters, the old AUTH=, a size of zero, and strangers."""
    offered = ("pipelining", "SIZE 1000", "8BITMIME", "SMTPUTF8", "DSN", "STARTTLS")
    lines = ("relay", *offered, "AUTH PLAIN", "AUTH=LOGIN CRAM-MD5", "XSTRANGE yes", "")
    assert parse_extensions(Reply(code=250, lines=lines)) == Extensions(
        pipelining=True,
        size=1000,
        eight_bit_mime=True,
        smtputf8=True,
        dsn=True,
        starttls=True,
        auth=frozenset({"PLAIN", "LOGIN", "CRAM-MD5"}),
    )
    assert parse_extensions(Reply(code=250, lines=("PIPELINING is my name",))) == Extensions()
    for size in ("SIZE", "SIZE 0", "SIZE x", "SIZE ²", "SIZE -1"):
        assert parse_extensions(Reply(code=250, lines=("relay", size))).size is None
