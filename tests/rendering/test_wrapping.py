"""Lines of Chinese text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.wrapping import LINE, apart, centre, width, wrap

CHINESE = st.text(alphabet=st.sampled_from("水利局云湾，。、；：（）“”《》 aB9.%-—…"), max_size=300)


@given(CHINESE)
def test_nothing_is_lost_but_white_space_at_line_ends(text: str) -> None:
    """Wrapping only breaks lines."""
    lines = wrap(text, first="　　")
    assert "".join("".join(lines).split()) == "".join(text.split())


@given(CHINESE)
def test_lines_keep_the_width_but_for_hanging_marks(text: str) -> None:
    """No line is wider than 72 columns, or than 80 with closing marks in the margin."""
    for line in wrap(text, first="　　"):
        assert width(line) <= LINE + 8
        if width(line) > LINE:
            assert line[-1] in "，。、；：（）“”《》.%—…"


def test_paragraphs_break_as_chinese_type_does() -> None:
    """No closing mark begins a line and no opening one ends it; numbers stay whole."""
    text = "云" * 33 + "（水利）" + "湾" * 31 + "，湾" + "1,234.5 万立方米。"
    lines = wrap(text, first="　　")
    assert lines[0] == "　　" + "云" * 33
    assert lines[1].startswith("（水利）")
    assert not any(line[0] in "，。）" or line[-1] == "（" for line in lines)
    assert any("1,234.5" in line for line in lines)


def test_a_word_longer_than_a_line_is_cut() -> None:
    """A long web address does not widen the text for everybody."""
    assert [width(line) for line in wrap("x" * 200)] == [72, 72, 56]


def test_wrapped_lines_take_the_second_indent() -> None:
    """Units of a block stand under the first unit."""
    lines = wrap("局，" * 40, first="送：", rest="    ")
    assert lines[0].startswith("送：局")
    assert all(line.startswith("    局") for line in lines[1:])


@pytest.mark.parametrize(("text", "columns"), [("水a", 3), ("“水”", 6), ("e\u0301", 1), ("", 0)])
def test_width_counts_columns(text: str, columns: int) -> None:
    """Full-width and ambiguous letters take two columns, marks above letters none."""
    assert width(text) == columns


def test_two_ends_of_a_line() -> None:
    """Publisher and date stand at the ends of one line, or on two where they do not fit."""
    assert width(apart("云湾市水利局", "2026年11月20日")) == LINE
    assert apart("局" * 30, "2026年11月20日").count("\n") == 1
    assert apart("", "右") == "　" * 35 + "右"
    assert centre("水") == "　" * 17 + "水"
