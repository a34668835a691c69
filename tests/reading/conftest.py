"""Bulletins of our own, printed in every format by writers that know nothing of the reader."""

from collections.abc import Callable, Iterator

import pytest

from mailer.reading.model import IssueDocument
from mailer.reading.reading import read_bytes
from runtime.text import language
from tests.reading.pdf_writer import bulletin_pdf
from tests.reading.word_writer import bulletin_docx

ReadText = Callable[[str], IssueDocument]


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """Show messages in their source language, so that tests may quote them."""
    token = language.set("en")
    yield
    language.reset(token)


@pytest.fixture(scope="session")
def docx_bytes() -> bytes:
    """Return the invented bulletin as a .docx."""
    return bulletin_docx()


@pytest.fixture(scope="session")
def pdf_bytes() -> bytes:
    """Return the invented bulletin as a PDF."""
    return bulletin_pdf()


@pytest.fixture(scope="session")
def read_text() -> ReadText:
    """Return a function that reads a text as a UTF-8 file."""
    return lambda text: read_bytes(text.encode(), "issue.txt")
