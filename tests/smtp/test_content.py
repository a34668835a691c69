"""Messages on the wire: stuffed, ended, cut into blocks, and never ambiguous."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.content import BLOCK, prepare_content
from mailer.smtp.envelopes import Envelope, UnsendableError, write_commands, xtext
from mailer.smtp.extensions import Extensions

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a", b"a.", b"a" * 3000]), max_size=8)


@given(lines=LINES, cut=st.integers(0, 6), ended=st.booleans())
def test_a_message_is_got_back_from_the_wire(lines: list[bytes], cut: int, *, ended: bool) -> None:
    """However it is cut into parts, undoing the stuffing gives the message, and the dot ends it."""
    data = b"\r\n".join(lines) + (b"\r\n" if ended and lines else b"")
    place = min(cut * 701, len(data))
    content = prepare_content([data[:place], data[place:]])
    assert content.size == len(data)
    assert content.wire.endswith(b"\r\n.\r\n")
    body = content.wire[:-3]
    assert b"\r\n.\r\n" not in b"\r\n" + body
    received = re.sub(rb"(?m)^\.", b"", body)
    assert received == (data if data.endswith(b"\r\n") else data + b"\r\n")


@given(st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"a", b"\0"]), max_size=12))
def test_only_whole_line_ends_pass(pieces: list[bytes]) -> None:
    """A message passes exactly when every CR and LF belongs to a CRLF and no NUL is in it."""
    data = b"".join(pieces)
    bare = re.search(rb"\r(?!\n)|(?<!\r)\n|\0", data)
    for parts in (pieces, [data], [b"x" * 5000, *pieces]):
        if bare:
            with pytest.raises(UnsendableError):
                prepare_content(parts)
        else:
            prepare_content(parts)


@pytest.mark.parametrize("size", [0, 1, BLOCK - 5, BLOCK - 4, BLOCK, BLOCK + 1, 3 * BLOCK - 6])
def test_the_dot_is_whole_in_the_last_block(size: int) -> None:
    """Only the last block holds any of CRLF.CRLF, since we are asked just before it."""
    content = prepare_content([b"x" * size])
    blocks = content.blocks()
    assert b"".join(blocks) == content.wire
    assert blocks[-1].endswith(b"\r\n.\r\n")
    assert all(len(block) <= BLOCK + 4 for block in blocks)


def test_eight_bit_text_is_noticed() -> None:
    """In any part."""
    assert prepare_content([b"a\r\n", "简\r\n".encode()]).eight_bit
    assert not prepare_content([b"a\r\n"]).eight_bit


@given(st.text())
def test_xtext_is_plain_and_reversible(text: str) -> None:
    """The encoding of RFC 3461 holds no character that has a meaning in a command."""
    encoded = xtext(text)
    assert re.fullmatch(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*", encoded)
    raw = re.sub(
        rb"\+([0-9A-F]{2})", lambda match: bytes([int(match[1], 16)]), encoded.encode("ascii")
    )
    assert raw.decode() == text


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_address_makes_a_second_command(sender: str, recipient: str) -> None:
    """Whatever is given for addresses, the two commands are two lines, or nothing."""
    envelope = Envelope(
        mail_from=f"{sender}@a.example", rcpt_to=f"{recipient}@b.example", envid="1"
    )
    offers = Extensions(smtputf8=True, dsn=True)
    try:
        commands = write_commands(envelope, offers, size=1, eight_bit=False)
    except UnsendableError:
        return
    for command in (commands.mail, commands.rcpt):
        assert command.count(b"\r") == command.count(b"\n") == 1
        assert command.endswith(b"\r\n")
        assert command.count(b"<") == command.count(b">") == 1
        assert len(command) <= 512 + 500
        assert not re.search(rb"[\0-\x1f\x7f]", command[:-2])
