"""Cutting a part into base64 segments, and joining them again with values."""

import base64
import re
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.cutting import Mark, cut, mark
from mailer.rendering.filling import _body, _marked
from mailer.rendering.model import Credited
from mailer.rendering.rendition import BodySlot, Field, MarkableLines, Segment

LETTERS = st.text(alphabet=st.sampled_from("水利局a<&é𠮷"), max_size=80)
VALUE = st.dictionaries(st.sampled_from([Field.KIND, Field.UNIT]), LETTERS)
OPENING, CLOSING = '<b class="own">', "</b>"


def joined(segments: tuple[Segment, ...], fields: dict[Field, bytes], own: list[Credited]) -> bytes:
    """Join the segments as filling does, without the headers."""
    found = b""
    for segment in segments:
        if isinstance(segment, bytes):
            found += segment
        elif isinstance(segment, BodySlot):
            found += _body(segment, fields)
        elif isinstance(segment, MarkableLines):
            found += b"".join(_marked(segment, tuple(own)))
    return found


def decoded(encoded: bytes) -> str:
    """Decode base64 as strictly as possible: full lines of 76, only the last one shorter."""
    lines = encoded.split(b"\r\n")
    assert lines.pop() == b""
    assert all(len(line) == 76 for line in lines[:-1])
    assert all(b"=" not in line for line in lines[:-1])
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    return base64.b64decode(b"".join(lines), validate=True).decode()


@given(st.lists(LETTERS, min_size=2, max_size=6), VALUE)
def test_markup_decodes_to_the_filled_in_text(
    stretches: list[str], values: dict[Field, str]
) -> None:
    """Slots anywhere, next to each other too: the content is the text with its values."""
    slot = f"{mark(Mark.SLOT)}<i>{mark(Field.KIND)}</i>{mark(Field.UNIT)}{mark(Mark.SLOT_END)}"
    part = slot.join(stretches)
    fields = {field: escape(value).encode() for field, value in values.items()}
    shown = decoded(joined(cut(part, markup=True), fields, []))
    full = len(values) == 2
    value = f"<i>{escape(values[Field.KIND])}</i>{escape(values[Field.UNIT])}" if full else ""
    assert shown.replace(" ", "") == value.join(stretches)
    assert shown.count(" ") <= 56 * (len(stretches) - 1)


@given(st.lists(LETTERS, min_size=2, max_size=6), VALUE)
def test_plain_text_is_padded_at_line_ends_only(
    stretches: list[str], values: dict[Field, str]
) -> None:
    """In plain text the lines stay as they were, but for spaces behind the slot's value."""
    slot = f"{mark(Mark.SLOT)}{mark(Field.UNIT)}{mark(Mark.SLOT_END)}\r\n"
    part = slot.join(stretches)
    fields = {field: value.encode() for field, value in values.items()}
    shown = decoded(joined(cut(part, markup=False), fields, []))
    value = values.get(Field.UNIT, "")
    assert re.sub(r" +\r\n", "\r\n", shown) == f"{value}\r\n".join(stretches)


@given(
    st.lists(st.lists(LETTERS.filter(bool), max_size=8), min_size=1, max_size=4),
    LETTERS,
    st.data(),
)
def test_only_the_own_entries_are_marked(
    blocks: list[list[str]], lead: str, data: st.DataObject
) -> None:
    """Any set of printed entries can be marked; the rest of the blocks stays as it is."""
    places = [(b, e) for b, block in enumerate(blocks) for e in range(len(block))]
    own = set(data.draw(st.lists(st.sampled_from(places)))) if places else set()
    part, expected = lead, lead
    for b, block in enumerate(blocks):
        part += f"<td>{mark(Mark.BLOCK)}"
        expected += "<td>"
        for e, entry in enumerate(block):
            text = escape(entry)
            part += f"{mark(Mark.ENTRY)}{text}{mark(Mark.ENTRY_END)}，"
            expected += f"{OPENING}{text}{CLOSING}，" if (b, e) in own else f"{text}，"
    part += f"{mark(Mark.OWN)}{OPENING}{mark(Mark.OWN_ENTRY)}{CLOSING}{mark(Mark.OWN_END)}"
    tail = "</table>" * 8
    credits_ = [Credited(kind="送", unit="局", block=b, entry=e) for b, e in own]
    segments = cut(part + tail, markup=True)
    shown = decoded(joined(segments, {}, credits_))
    assert re.sub(r" +>", ">", shown) == expected + tail
    assert (
        decoded(joined(segments, {}, []))
        == re.sub("\ufdd0own\ufdd1.*\ufdd0own-end\ufdd1|\ufdd0[^\ufdd1]*\ufdd1", "", part) + tail
    )


def test_an_entry_that_is_not_printed_is_an_error() -> None:
    """A credit for another issue's blocks shows at once, and marks no wrong unit."""
    part = f"{mark(Mark.BLOCK)}{mark(Mark.ENTRY)}局{mark(Mark.ENTRY_END)}{'x' * 60}"
    segments = cut(part, markup=True)
    for block, entry in ((0, 1), (1, 0), (-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="no entry"):
            joined(segments, {}, [Credited(kind="送", unit="局", block=block, entry=entry)])


@pytest.mark.parametrize(
    ("part", "markup", "reason"),
    [
        (f"{mark(Mark.SLOT)}x{mark(Mark.SLOT_END)} more", False, "end of a line"),
        (f"{mark(Mark.BLOCK)}{mark(Mark.ENTRY)}局{mark(Mark.ENTRY_END)}x", True, "57 octets"),
        (f"{mark(Field.UNIT)}", True, "out of place"),
    ],
)
def test_a_theme_with_marks_that_cannot_be_cut_is_told_so(
    part: str,
    markup: bool,  # noqa: FBT001 - a parameter of the table
    reason: str,
) -> None:
    """Mistakes of a theme stop when an issue is composed, not when it is sent."""
    with pytest.raises(ValueError, match=reason):
        cut(part, markup=markup)
