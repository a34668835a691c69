"""Which format a file has: told by its bytes, not by its name."""

from collections.abc import Callable

from mailer.reading.errors import (
    DamagedFile,
    EmptyFile,
    EncryptedFile,
    FileTooLarge,
    LegacyWordFile,
    UnknownFormat,
)
from mailer.reading.limits import MIB, Limits
from mailer.reading.lines import Source, lines_of
from mailer.reading.readers.archive import Archive
from mailer.reading.readers.ofd import read_ofd
from mailer.reading.readers.pdf import read_pdf
from mailer.reading.readers.plain import read_plain
from mailer.reading.readers.web import looks_like_html, read_web
from mailer.reading.readers.word import read_word
from runtime.text import translate as _

Reader = Callable[[bytes, str, Limits], Source]

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PDF = b"%PDF-"
_RTF = b"{\\rtf"
_PDF_WINDOW = 1024  # bytes: other matter may stand before the header
_FOREIGN = (
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"BM",
    b"II*\x00",
    b"MM\x00*",
    b"\x1f\x8b",
    b"7z\xbc\xaf",
    b"Rar!",
    b"\x7fELF",
    b"MZ",
    _RTF,
)


def read_source(data: bytes, name: str, limits: Limits) -> Source:
    """Read a file of any known format.

    Raises a subclass of :class:`~mailer.reading.errors.UnreadableFile` where there is no text.
    """
    if not data:
        raise EmptyFile(name=name)
    if len(data) > limits.size:
        raise FileTooLarge(
            name=name, found=-(-len(data) // MIB), unit="MiB", limit=limits.size // MIB
        )
    source = _reader(data, name, limits)(data, name, limits)
    letters = sum(len(line.text) for item in source.items for line in lines_of(item))
    if letters > limits.letters:
        raise FileTooLarge(name=name, found=letters, unit=_("letters"), limit=limits.letters)
    return source


def _reader(data: bytes, name: str, limits: Limits) -> Reader:
    if data.startswith(_ZIP):
        return _zip_reader(data, name, limits)
    if data.startswith(_OLE):
        _refuse_ole(data, name)
    if _PDF in data[:_PDF_WINDOW]:
        return read_pdf
    if data.startswith(_FOREIGN):
        raise UnknownFormat(name=name)
    if looks_like_html(data):
        return read_web
    return read_plain


def _zip_reader(data: bytes, name: str, limits: Limits) -> Reader:
    parts = Archive(data, name, limits).parts
    if "[Content_Types].xml" in parts and any(part.startswith("word/") for part in parts):
        return read_word
    if "OFD.xml" in parts:
        return read_ofd
    raise UnknownFormat(name=name)


def _refuse_ole(data: bytes, name: str) -> None:
    """Refuse a compound file: an encrypted .docx is kept in one, and old .doc files are one."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise EncryptedFile(name=name)
    if "WordDocument".encode("utf-16-le") in data:
        raise LegacyWordFile(name=name)
    if any(f"{stream}".encode("utf-16-le") in data for stream in ("Workbook", "PowerPoint")):
        raise UnknownFormat(name=name)
    raise DamagedFile(name=name, reason=_("no document is inside"))
