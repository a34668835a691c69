import io
import zipfile

import docx
import pytest
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import parse_xml
from docx.shared import Pt

from mailer.reading.model import Article, IssueDocument, Paragraph, Picture, Secrecy, Subhead
from mailer.reading.reading import read_bytes
from tests.reading.word_writer import (
    NAMESPACES,
    add_change,
    add_text_box,
    body,
    centred,
    saved,
)

ONE = "5月6日，全县道路客运安全检查启动，检查车辆210台。"
TWO = "5月7日，检查组下沉乡镇，整改隐患16处。"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def _issue(*, headline: bool = True) -> "docx.document.Document":
    document = docx.Document()
    document.styles["Normal"].font.size = Pt(16)
    centred(document, "交通运输工作信息", 36)
    centred(document, "第8期", 15)
    document.add_paragraph("石门县交通运输局\t2026年5月8日")
    if headline:
        centred(document, "道路客运安全检查启动", 22)
    return document


def _read(document: "docx.document.Document") -> IssueDocument:
    return read_bytes(saved(document), "issue.docx")


def test_tracked_changes_are_read_as_accepted() -> None:
    """Inserted and moved-in text is there, deleted text is not, a deleted mark joins."""
    document = _issue()
    add_change(body(document, ONE[:-4]), "一百台。", ONE[-4:])
    first, second = body(document, TWO[:8]), body(document, TWO[8:])
    mark = f'<w:rPr {NAMESPACES}><w:del w:id="1" w:author="x"/></w:rPr>'
    first._p.get_or_add_pPr().append(parse_xml(mark))
    assert second.text == TWO[8:]
    article = _read(document).articles[0]
    assert article.body == (Paragraph(text=ONE), Paragraph(text=TWO))


def test_hidden_text_and_field_codes_stay_out() -> None:
    """Hidden runs and page-number fields are no text of the bulletin."""
    document = _issue()
    paragraph = body(document, ONE)
    paragraph.add_run("隐藏的批注。").font.hidden = True
    paragraph._p.append(
        parse_xml(
            f'<w:fldSimple {NAMESPACES} w:instr=" PAGE "><w:r><w:t>7</w:t></w:r></w:fldSimple>'
        )
    )
    assert _read(document).articles[0].body == (Paragraph(text=ONE),)


def test_automatic_numbers_are_printed() -> None:
    """Word keeps 一、 out of the text; the reader puts it back."""
    document = _issue()
    body(document, ONE)
    for text in ("检查范围", "检查方式"):
        paragraph = document.add_paragraph(text)
        paragraph._p.get_or_add_pPr().append(
            parse_xml(f'<w:numPr {NAMESPACES}><w:ilvl w:val="0"/><w:numId w:val="77"/></w:numPr>')
        )
        body(document, TWO)
    numbering = document.part.numbering_part.element
    numbering.insert(
        0,
        parse_xml(
            f'<w:abstractNum {NAMESPACES} w:abstractNumId="77"><w:lvl w:ilvl="0">'
            '<w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/>'
            "</w:lvl></w:abstractNum>"
        ),
    )
    numbering.append(
        parse_xml(f'<w:num {NAMESPACES} w:numId="77"><w:abstractNumId w:val="77"/></w:num>')
    )
    subheads = [part.text for part in _read(document).articles[0].body if isinstance(part, Subhead)]
    assert subheads == ["一、检查范围", "二、检查方式"]


def test_blocks_in_a_text_box() -> None:
    """A text box that holds the tail follows the paragraph that it is anchored in."""
    document = _issue()
    add_text_box(body(document, ONE), "送：县委办公室，县政府办公室。")
    read = _read(document)
    assert [block.entries for block in read.blocks] == [("县委办公室", "县政府办公室")]
    assert read.articles[0].body == (Paragraph(text=ONE),)
    assert read.warnings == ()


def test_headlines_that_only_bold_letters_mark() -> None:
    """Left-aligned headlines in the size of the text are still told from it."""
    document = _issue(headline=False)
    for title, text in (("安全检查启动", ONE), ("检查组下沉乡镇", TWO)):
        document.add_paragraph().add_run(title).font.bold = True
        body(document, text)
    assert _read(document).articles == (
        Article(title="安全检查启动", body=(Paragraph(text=ONE),)),
        Article(title="检查组下沉乡镇", body=(Paragraph(text=TWO),)),
    )


def test_picture_with_its_caption_and_bytes() -> None:
    """A picture keeps its bytes, and the small centred line under it is its caption."""
    document = _issue()
    document.add_picture(io.BytesIO(PNG))
    caption = document.add_paragraph()
    caption.alignment = WD_ALIGN_PARAGRAPH.CENTER
    caption.add_run("检查现场").font.size = Pt(10)
    body(document, ONE)
    picture, paragraph = _read(document).articles[0].body
    assert picture == Picture(caption="检查现场", media_type="image/png", data=PNG)
    assert paragraph == Paragraph(text=ONE)


def test_mark_in_the_header_counts() -> None:
    """A secrecy mark in a header is as good as one on the page."""
    document = _issue()
    body(document, ONE)
    document.sections[0].header.paragraphs[0].text = "机密★1年"
    assert _read(document).secrecy is Secrecy.SECRET


def test_strict_namespaces_are_read(docx_bytes: bytes) -> None:
    """ISO strict files differ in their namespaces only."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx_bytes)) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for part in source.namelist():
            data = source.read(part).replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            )
            target.writestr(part, data)
    assert read_bytes(buffer.getvalue(), "a.docx") == read_bytes(docx_bytes, "b.docx")


@pytest.mark.parametrize("separator", ["\n", "\n\n"])
def test_a_bulletin_typed_into_one_paragraph(separator: str) -> None:
    """Manual line breaks are read like the lines of a text file."""
    text = separator.join(
        ["交通运输工作信息", "第8期", "石门县交通运输局    2026年5月8日", "安全检查启动", ONE,
         "检查组下沉乡镇", TWO, "送：县委办公室，县政府办公室。"]
    )  # fmt: skip
    document = docx.Document()
    document.add_paragraph(text)
    read = _read(document)
    assert [article.title for article in read.articles] == ["安全检查启动", "检查组下沉乡镇"]
    assert (read.title, read.number, read.publisher) == ("交通运输工作信息", 8, "石门县交通运输局")
