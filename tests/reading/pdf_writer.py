"""Typesets the invented bulletin as a PDF, as an office would print it: ReportLab, a CID font."""

import io

from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from mailer.reading.model import Article, Paragraph, Picture, Subhead, Table
from tests.reading.bulletin import ARTICLES, BLOCKS, PUBLISHER, TITLE

FONT = "STSong-Light"
LEFT, RIGHT, TOP, BOTTOM = 80.0, 528.0, 105.0, 100.0
BODY, LEADING = 16.0, 29.0
RED = HexColor("#d7000f")
NO_LINE_START = "，。、；：？！”’）》…"


class Press:
    """A page being set, line by line from its top."""

    def __init__(self, *, header: str | None = None, page_number: str = "— {} —") -> None:
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        self.buffer = io.BytesIO()
        # invariant: the same text gives the same bytes on any day
        self.canvas = Canvas(self.buffer, pagesize=A4, invariant=1)
        self.header = header
        self.page_number = page_number
        self.page = 1
        self.y = TOP

    def finish(self) -> bytes:
        """Return the bytes of the document."""
        self._number()
        self.canvas.save()
        return self.buffer.getvalue()

    def turn(self) -> None:
        """Begin a new page."""
        self._number()
        self.canvas.showPage()
        self.page += 1
        self.y = TOP
        if self.header:
            self.at(LEFT, 60.0, self.header, 10.5)

    def at(self, x: float, y: float, text: str, size: float) -> None:
        """Print text with its baseline ``y`` points below the top of the page."""
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, A4[1] - y, text)

    def centred(self, text: str, size: float, leading: float | None = None) -> None:
        """Print a centred line."""
        self.line(leading or size * 1.8)
        self.canvas.setFont(FONT, size)
        self.canvas.drawCentredString((LEFT + RIGHT) / 2, A4[1] - self.y, text)

    def line(self, leading: float = LEADING) -> None:
        """Go down one line, to the next page where this one is full."""
        if self.y + leading > A4[1] - BOTTOM:
            self.turn()
        self.y += leading

    def paragraph(self, text: str, *, indent: float = 2.0) -> None:
        """Print justified text with a first-line indent in letters."""
        for index, row in enumerate(wrap(text, RIGHT - LEFT, BODY, indent)):
            self.line()
            x = LEFT + (indent * BODY if index == 0 else 0)
            slack = RIGHT - x - pdfmetrics.stringWidth(row, FONT, BODY)
            spread = slack / max(1, len(row) - 1) if 0 < slack < 2 * BODY else 0.0
            writer = self.canvas.beginText(x, A4[1] - self.y)
            writer.setFont(FONT, BODY)
            writer.setCharSpace(spread)
            writer.textOut(row)
            self.canvas.drawText(writer)

    def rule(self, *, red: bool = False) -> None:
        """Draw a line across the text."""
        self.y += 8
        self.canvas.setStrokeColor(RED if red else black)
        self.canvas.setLineWidth(2 if red else 0.7)
        self.canvas.line(LEFT, A4[1] - self.y, RIGHT, A4[1] - self.y)

    def table(
        self, rows: tuple[tuple[str, ...], ...], widths: tuple[float, ...], size: float = 12.0
    ) -> None:
        """Print a ruled table; the texts of its cells wrap."""
        leading = size * 1.6
        cells = [
            [wrap(cell, width - 8, size, 0) for cell, width in zip(row, widths, strict=True)]
            for row in rows
        ]
        height = sum(max(len(cell) for cell in row) * leading + 6 for row in cells)
        if self.y + height > A4[1] - BOTTOM:
            self.turn()
        self.y += 12
        edges = [LEFT + sum(widths[:index]) for index in range(len(widths) + 1)]
        bounds = [self.y]
        for row in cells:
            bounds.append(bounds[-1] + max(len(cell) for cell in row) * leading + 6)
            for x, cell in zip(edges, row, strict=False):
                for index, text in enumerate(cell, 1):
                    self.at(x + 4, bounds[-2] + index * leading, text, size)
        self.canvas.setStrokeColor(black)
        self.canvas.setLineWidth(0.5)
        self.canvas.grid(edges, [A4[1] - bound for bound in bounds])
        self.y = bounds[-1]

    def _number(self) -> None:
        if self.page_number:
            self.canvas.setFont(FONT, 14)
            text = self.page_number.format(self.page)
            self.canvas.drawCentredString((LEFT + RIGHT) / 2, 50, text)


def wrap(text: str, width: float, size: float, indent: float) -> list[str]:
    """Break text into lines; a stop never begins one."""
    rows: list[str] = [""]
    room = width - indent * size
    for letter in text:
        full = pdfmetrics.stringWidth(rows[-1] + letter, FONT, size) > room
        if full and letter not in NO_LINE_START:
            rows.append("")
            room = width
        rows[-1] += letter
    return rows


def masthead(press: Press) -> None:
    """Print the masthead of the invented bulletin."""
    press.canvas.setFillColor(RED)
    press.centred(TITLE, 30)
    press.canvas.setFillColor(black)
    press.centred("2026年第9期（总第63期）", BODY)
    press.line(34)
    press.at(LEFT, press.y, f"{PUBLISHER}编", BODY)
    press.canvas.drawRightString(RIGHT, A4[1] - press.y, "2026年9月18日")
    press.rule(red=True)


def article(press: Press, printed: Article) -> None:
    """Print one article."""
    for words in printed.title.split(" "):
        press.centred(words, 22, 36)
    if printed.subtitle:
        press.centred(printed.subtitle, BODY)
    for part in printed.body:
        match part:
            case Paragraph(text=text) | Subhead(text=text):
                press.paragraph(text)
            case Table(rows=rows):
                press.table(rows, (160.0, 140.0, 148.0))
            case Picture():
                raise NotImplementedError
    if printed.contributor:
        press.line()
        press.canvas.setFont(FONT, BODY)
        press.canvas.drawRightString(RIGHT, A4[1] - press.y, f"（{printed.contributor}供稿）")


def bulletin_pdf() -> bytes:
    """Return the invented bulletin: framed contents, several pages, blocks in a table."""
    press = Press(header="澄湖市节水型城市创建工作简报　2026年第9期")
    masthead(press)
    press.table(
        (("本期要目",), *((f"★ {each.title.replace(' ', '')}",) for each in ARTICLES)),
        (RIGHT - LEFT,),
    )
    for each in ARTICLES:
        article(press, each)
    rows = tuple((f"{block.kind}：", "，".join(block.entries) + "。") for block in BLOCKS)
    press.table(rows, (48.0, 400.0), 14.0)
    press.line(24)
    press.at(LEFT, press.y, "责任编辑：温如故　　电话：0599－6123457", 12)
    press.canvas.drawRightString(RIGHT, A4[1] - press.y, "（共印85份）")
    return press.finish()
