import pypdfium2
import pypdfium2.raw as pdfium
from reportlab.pdfbase import pdfmetrics

from mailer.reading.glyphs import Glyph
from mailer.reading.letters import normalise
from mailer.reading.model import Paragraph, Table
from mailer.reading.pages import Page, read_pages
from mailer.reading.reading import read_bytes
from tests.reading.bulletin import ARTICLES, BLOCKS, TABLE
from tests.reading.pdf_writer import FONT, LEFT, RIGHT, Press, article, masthead, wrap

GAP, SIZE, LEADING = 24.0, 10.5, 18.0
PAGE_HEIGHT = 842.0


def test_two_columns_are_read_one_after_the_other() -> None:
    """Text set in two columns, whose lines do not stand at the same height."""
    press = Press()
    masthead(press)
    width = (RIGHT - LEFT - GAP) / 2
    rows: list[tuple[str, str]] = []
    for each in (ARTICLES[0], ARTICLES[3]):
        rows += [("centred", words) for words in each.title.split(" ")]
        for part in each.body:
            assert isinstance(part, Paragraph)
            lines = wrap(part.text, width, SIZE, 2)
            rows += [("first", lines[0]), *(("next", line) for line in lines[1:])]
    half = -(-len(rows) // 2)
    top = press.y
    for index, (kind, text) in enumerate(rows):
        x = LEFT + (index >= half) * (width + GAP) + (2 * SIZE if kind == "first" else 0)
        press.y = top + (index % half + 1) * LEADING + 20 + (index >= half) * 4
        if kind == "centred":
            x += (width - pdfmetrics.stringWidth(text, FONT, 14)) / 2
        press.at(x, press.y, text, 14 if kind == "centred" else SIZE)
    press.y = top + half * LEADING + 40
    press.rule()
    press.paragraph(f"送：{'，'.join(BLOCKS[1].entries)}。", indent=0)
    document = read_bytes(press.finish(), "a.pdf")
    assert document.articles == (ARTICLES[0], ARTICLES[3])
    assert [block.entries for block in document.blocks] == [BLOCKS[1].entries]
    assert document.date == "2026-09-18"


def test_one_unit_a_line_with_a_hanging_indent() -> None:
    """Each line of a block is a unit where none is full."""
    press = Press()
    masthead(press)
    article(press, ARTICLES[3])
    for block in BLOCKS:
        press.rule()
        for index, entry in enumerate(block.entries):
            press.line(24)
            if index == 0:
                press.at(LEFT, press.y, f"{block.kind}：", 14)
            press.at(LEFT + 28, press.y, entry, 14)
    assert read_bytes(press.finish(), "a.pdf").blocks == BLOCKS


def test_wrapped_blocks_with_a_hanging_indent() -> None:
    """A wrapped line goes on, though it stands further right than the label."""
    press = Press()
    masthead(press)
    article(press, ARTICLES[3])
    press.rule()
    for block in BLOCKS:
        for index, row in enumerate(
            wrap("，".join(block.entries) + "。", RIGHT - LEFT - 28, 14, 0)
        ):
            press.line(24)
            if index == 0:
                press.at(LEFT, press.y, f"{block.kind}：", 14)
            press.at(LEFT + 28, press.y, row, 14)
    assert read_bytes(press.finish(), "a.pdf").blocks == BLOCKS


def test_ruled_table_stays_a_table() -> None:
    """A table of data keeps its rows and cells."""
    press = Press()
    masthead(press)
    article(press, ARTICLES[1])
    tables = [
        part for part in read_bytes(press.finish(), "a.pdf").articles[0].body
        if isinstance(part, Table)
    ]  # fmt: skip
    assert tables == [Table(rows=TABLE)]


def test_slanted_watermark_is_no_text() -> None:
    """Letters across the page belong to no line."""
    press = Press()
    masthead(press)
    press.canvas.saveState()
    press.canvas.translate(200, 300)
    press.canvas.rotate(45)
    press.canvas.setFont(FONT, 60)
    press.canvas.drawString(0, 0, "内部传阅")
    press.canvas.restoreState()
    article(press, ARTICLES[3])
    assert read_bytes(press.finish(), "a.pdf").articles == (ARTICLES[3],)


def test_letters_printed_twice_count_once() -> None:
    """Bold letters may be the same letter printed twice, a hair apart."""
    glyphs = [
        Glyph(text=letter, x0=80 + index * 20 + shift, x1=100 + index * 20 + shift, y=100, size=20)
        for index, letter in enumerate("简报")
        for shift in (0.0, 0.4)
    ]
    source = read_pages([Page(width=595, height=PAGE_HEIGHT, glyphs=tuple(glyphs))])
    assert [getattr(item, "text", "") for item in source.items] == ["简报"]


def test_radicals_become_letters() -> None:
    """Some fonts give the radical ⼯ for the letter 工, and compatibility ideographs."""
    assert normalise("⼯作⻓短⾦⻔") == "工作长短金门"
    assert normalise("\uf9d1\uf914") == "六樂"


def test_owner_password_alone_does_not_lock() -> None:
    """A PDF that only forbids printing can be read."""
    press = Press()
    masthead(press)
    article(press, ARTICLES[3])
    document = pypdfium2.PdfDocument(press.finish())
    assert pdfium.FPDF_GetPageCount(document) == 1
    assert len(document) == 1
