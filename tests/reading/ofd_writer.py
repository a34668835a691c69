"""Writes an OFD by hand: text objects with letters at their places, in millimetres."""

import io
import zipfile
from dataclasses import dataclass, field
from html import escape

from mailer.reading.letters import width
from tests.reading.bulletin import ARTICLES, BLOCKS, PUBLISHER, TITLE

NAMESPACE = 'xmlns:ofd="http://www.ofdspec.org/2016"'
LEFT, RIGHT, BOTTOM = 28.0, 184.0, 255.0
BODY = 5.2
LETTERS = 30


@dataclass
class Sheets:
    """Pages of text objects."""

    pages: list[list[str]] = field(default_factory=lambda: [[]])
    y: float = 40.0

    def text(self, x: float, text: str, size: float, color: str = "0 0 0") -> None:
        """Print letters from ``x`` on; ``g`` repeats an advance as real writers do."""
        steps = [size if width(letter) > 1 else size / 2 for letter in text[:-1]]
        advance = f' DeltaX="{" ".join(map(str, steps))}"' if steps else ""
        if len(steps) > 1 and len(set(steps)) == 1:
            advance = f' DeltaX="g {len(steps)} {steps[0]}"'
        self.pages[-1].append(
            f'<ofd:TextObject ID="1" Boundary="{x} {self.y - size} 150 {size}" Font="2"'
            f' Size="{size}"><ofd:FillColor Value="{color}"/>'
            f'<ofd:TextCode X="0" Y="{size}"{advance}>{escape(text)}</ofd:TextCode>'
            "</ofd:TextObject>"
        )

    def line(self, leading: float = 10.0) -> None:
        """Go down one line."""
        self.y += leading
        if self.y > BOTTOM:
            self.y = 277.0
            self.text(103.0, f"—{len(self.pages)}—", 4.9)
            self.pages.append([])
            self.y = 45.0

    def centred(self, text: str, size: float) -> None:
        """Print a centred line."""
        self.line(size * 2)
        self.text((LEFT + RIGHT - len(text) * size) / 2, text, size)

    def paragraph(self, text: str, *, indent: int = 2) -> None:
        """Print wrapped text."""
        text = "\u3000" * indent + text
        for start in range(0, len(text), LETTERS):
            self.line()
            row = text[start : start + LETTERS]
            bare = row.lstrip("\u3000")
            self.text(LEFT + (len(row) - len(bare)) * BODY, bare, BODY)

    def packed(self) -> bytes:
        """Return the bytes of the file."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(
                "OFD.xml",
                f"<ofd:OFD {NAMESPACE}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml"
                "</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
            )
            places = "".join(
                f'<ofd:Page ID="{index}" BaseLoc="Pages/{index}.xml"/>'
                for index in range(len(self.pages))
            )
            archive.writestr(
                "Doc_0/Document.xml",
                f"<ofd:Document {NAMESPACE}><ofd:CommonData><ofd:PageArea><ofd:PhysicalBox>"
                "0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData>"
                f"<ofd:Pages>{places}</ofd:Pages></ofd:Document>",
            )
            for index, objects in enumerate(self.pages):
                archive.writestr(
                    f"Doc_0/Pages/{index}.xml",
                    f"<ofd:Page {NAMESPACE}><ofd:Content><ofd:Layer>{''.join(objects)}"
                    "</ofd:Layer></ofd:Content></ofd:Page>",
                )
        return buffer.getvalue()


def bulletin_ofd() -> bytes:
    """Return the first and last article of the invented bulletin with its blocks."""
    sheets = Sheets()
    sheets.line(20)
    sheets.text((LEFT + RIGHT - len(TITLE) * 10) / 2, TITLE, 10, "220 0 0")
    sheets.centred("２０２６年第９期（总第６３期）", BODY)
    sheets.line(14)
    sheets.text(LEFT, PUBLISHER, BODY)
    sheets.text(RIGHT - 10 * BODY, "２０２６年９月１８日", BODY)
    for article in (ARTICLES[0], ARTICLES[3]):
        for words in article.title.split(" "):
            sheets.centred(words, 7.4)
        for part in article.body:
            sheets.paragraph(getattr(part, "text", ""))
    for block in BLOCKS:
        sheets.paragraph(f"{block.kind}：{'，'.join(block.entries)}。", indent=0)
    sheets.paragraph("责任编辑：温如故　　电话：０５９９－６１２３４５７　　共印８５份", indent=0)
    return sheets.packed()
