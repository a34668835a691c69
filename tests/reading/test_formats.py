import json
from pathlib import Path

import pytest

from mailer.reading.contract import to_json_dict
from mailer.reading.model import DocumentKind
from mailer.reading.reading import read_bytes, read_file
from tests.reading.bulletin import ARTICLES, BLOCKS, EXPECTED
from tests.reading.ofd_writer import bulletin_ofd
from tests.reading.web_writer import saved_by_word, site_page

SAMPLES = Path(__file__).parents[1] / "samples"
DEMO = Path(__file__).parents[2] / "templates" / "demo" / "bulletin.txt"


def test_docx_reads_exactly(docx_bytes: bytes) -> None:
    """Text box, tables for layout, a table of data, tracked changes, a page inside a sentence."""
    assert read_bytes(docx_bytes, "issue.docx") == EXPECTED


def test_pdf_reads_exactly(pdf_bytes: bytes) -> None:
    """Framed contents, page numbers, running headers, broken sentences, blocks in a table."""
    assert read_bytes(pdf_bytes, "issue.pdf") == EXPECTED


def test_page_of_a_site_reads_exactly() -> None:
    """Navigation, the site's own heading and footer, share buttons and dates stay out."""
    assert read_bytes(site_page(), "page.html") == EXPECTED


def test_page_saved_by_word_in_gb2312_reads_exactly() -> None:
    """The charset of the page is believed where its bytes agree."""
    assert read_bytes(saved_by_word(), "page.htm") == EXPECTED


def test_ofd_reads_exactly() -> None:
    """Letters with places become the same paragraphs, headlines and blocks."""
    document = read_bytes(bulletin_ofd(), "issue.ofd")
    assert document.articles == (ARTICLES[0], ARTICLES[3])
    assert document.blocks == BLOCKS
    head = (document.title, document.number, document.year, document.total, document.publisher)
    assert head == (EXPECTED.title, 9, 2026, 63, EXPECTED.publisher)
    assert (document.date, document.imprint) == (EXPECTED.date, EXPECTED.imprint)
    assert document.warnings == ()


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.txt")), ids=lambda path: path.stem)
def test_sample_reads_as_its_answer_says(path: Path) -> None:
    """The sample beside its answer: the read contract, key by key."""
    answer = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert to_json_dict(read_file(path)) == answer


def test_demo_bulletin_reads_without_a_doubt() -> None:
    """The bulletin of the demo is the best case: nothing to ask the editor."""
    document = read_file(DEMO)
    assert document.document_kind is DocumentKind.BULLETIN
    assert document.warnings == ()
    assert (document.number, document.year, document.total) == (7, 2026, 128)
    assert [len(block.entries) for block in document.blocks] == [5, 21]
    assert len(document.articles) == 6
    assert document.imprint.copies == 60


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_same_bytes_give_equal_results(kind: str, docx_bytes: bytes, pdf_bytes: bytes) -> None:
    """Reading twice gives equal documents, whatever the name says."""
    data = docx_bytes if kind == "docx" else pdf_bytes
    assert read_bytes(data, "a.bin") == read_bytes(data, "b.txt")
