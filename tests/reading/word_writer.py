"""Writes the invented bulletin as a .docx: python-docx, and raw XML for what it cannot do."""

import io

import docx
from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.shared import Pt, RGBColor
from docx.text.paragraph import Paragraph as WordParagraph

from mailer.reading.model import Article, Block, BodyPart, Paragraph, Picture, Subhead, Table
from tests.reading.bulletin import (
    ARTICLES,
    BLOCKS,
    BROKEN_AFTER,
    BROKEN_BEFORE,
    PUBLISHER,
    TITLE,
)

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
NAMESPACES = (
    f'xmlns:w="{W}" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"'
    ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
    ' xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
    ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    ' xmlns:v="urn:schemas-microsoft-com:vml"'
)


def bulletin_docx() -> bytes:
    """Return the invented bulletin as Word and WPS users make it."""
    document = docx.Document()
    normal = document.styles["Normal"]
    normal.font.size = Pt(16)
    _page_number(document)
    document.sections[0].header.paragraphs[0].text = f"{TITLE}　2026年第9期"
    add_text_box(document.add_paragraph(), TITLE)
    centred(document, "2026年第9期（总第63期）", 15)
    row = document.add_table(rows=1, cols=2).rows[0]
    row.cells[0].text, row.cells[1].text = f"{PUBLISHER}编", "2026年9月18日"
    centred(document, "本期要目", 16)
    for each in ARTICLES:
        document.add_paragraph(f"{each.title.replace(' ', '')}\t1")
    for each in ARTICLES:
        _article(document, each)
    _blocks(document, BLOCKS)
    document.add_paragraph("责任编辑：温如故    电话：0599－6123457        （共印85份）")
    return saved(document)


def saved(document: Document) -> bytes:
    """Return the bytes of a document."""
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def centred(document: Document, text: str, size: float) -> WordParagraph:
    """Add a centred paragraph; a blank in ``text`` is a manual line break."""
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    for index, part in enumerate(text.split(" ")):
        run = paragraph.add_run()
        run.font.size = Pt(size)
        if index:
            run.add_break()
        run.add_text(part)
    return paragraph


def body(document: Document, text: str) -> WordParagraph:
    """Add an indented paragraph of running text."""
    paragraph = document.add_paragraph(text)
    paragraph.paragraph_format.first_line_indent = Pt(32)
    return paragraph


def add_text_box(paragraph: WordParagraph, text: str) -> None:
    """Anchor a text box to a paragraph, with the VML copy that Word writes for old readers."""
    inside = (
        '<w:txbxContent><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:rPr>'
        f'<w:color w:val="FF0000"/><w:sz w:val="72"/></w:rPr><w:t>{text}</w:t></w:r></w:p>'
        "</w:txbxContent>"
    )
    xml = (
        f"<w:r {NAMESPACES}><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
        "<wp:anchor><a:graphic><a:graphicData uri='x'><wps:wsp><wps:txbx>"
        f"{inside}</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing>"
        "</mc:Choice><mc:Fallback><w:pict><v:shape><v:textbox>"
        f"{inside}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r>"
    )
    paragraph._p.append(parse_xml(xml))


def add_change(paragraph: WordParagraph, deleted: str, inserted: str) -> None:
    """Add a tracked replacement at the end of a paragraph."""
    author = 'w:id="1" w:author="x" w:date="2026-09-01T00:00:00Z"'
    paragraph._p.append(
        parse_xml(
            f"<w:del {NAMESPACES} {author}><w:r><w:delText>{deleted}</w:delText></w:r></w:del>"
        )
    )
    paragraph._p.append(
        parse_xml(f"<w:ins {NAMESPACES} {author}><w:r><w:t>{inserted}</w:t></w:r></w:ins>")
    )


def _article(document: Document, article: Article) -> None:
    heading = centred(document, article.title, 22)
    for run in heading.runs:
        run.font.bold = True
        run.font.color.rgb = RGBColor(0, 0, 0)
    if article.subtitle:
        centred(document, article.subtitle, 16)
    for part in article.body:
        _part(document, part)
    if article.contributor:
        paragraph = document.add_paragraph(f"（{article.contributor}供稿）")
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _part(document: Document, part: BodyPart) -> None:
    """Add a part of an article; the last letters of a paragraph are a tracked change."""
    match part:
        case Paragraph(text=text) if text == BROKEN_BEFORE + BROKEN_AFTER:
            body(document, BROKEN_BEFORE).add_run().add_break(WD_BREAK.PAGE)
            document.add_paragraph(BROKEN_AFTER)
        case Paragraph(text=text) | Subhead(text=text):
            add_change(body(document, text[:-3]), "旧的文字", text[-3:])
        case Table(rows=rows):
            grid = document.add_table(rows=len(rows), cols=len(rows[0]))
            for row, texts in zip(grid.rows, rows, strict=True):
                for cell, text in zip(row.cells, texts, strict=True):
                    cell.text = text
        case Picture():
            raise NotImplementedError


def _blocks(document: Document, blocks: tuple[Block, ...]) -> None:
    """Add the blocks as a table: a cell for the label, one for the entries."""
    grid = document.add_table(rows=len(blocks), cols=2)
    for row, block in zip(grid.rows, blocks, strict=True):
        row.cells[0].text = f"{block.kind}："
        row.cells[1].text = "，".join(block.entries) + "。"


def _page_number(document: Document) -> None:
    paragraph = document.sections[0].footer.paragraphs[0]
    for kind in ("begin", None, "end"):
        inner = (
            f'<w:fldChar w:fldCharType="{kind}"/>' if kind else "<w:instrText> PAGE </w:instrText>"
        )
        paragraph._p.append(parse_xml(f"<w:r {NAMESPACES}>{inner}</w:r>"))
