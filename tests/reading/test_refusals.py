import contextlib
import io
import random
import zipfile
from pathlib import Path

import docx
import pypdfium2
import pytest
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.pdfgen.canvas import Canvas

from mailer.reading import errors
from mailer.reading.errors import (
    DamagedFile,
    EmptyFile,
    EncryptedFile,
    FileNotReadable,
    FileTooLarge,
    FileWithoutText,
    LegacyWordFile,
    ScannedFile,
    UnknownFormat,
    UnreadableFile,
)
from mailer.reading.limits import Limits
from mailer.reading.reading import read_bytes, read_file
from tests.reading.ofd_writer import bulletin_ofd
from tests.reading.web_writer import site_page
from tests.reading.word_writer import saved

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
PIXEL = bytes.fromhex(
    "ffd8ffe000104a46494600010100000100010000ffdb004300"
    + "08" * 64
    + "ffc0000b080001000101011100ffc40014000100000000000000000000000000000009"
    "ffc40014100100000000000000000000000000000000ffda0008010100003f0054dfffd9"
)


def _zip(**parts: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name.replace("__", "/"), text)
    return buffer.getvalue()


def _docx(document_xml: str) -> bytes:
    return _zip(**{"[Content_Types].xml": "<Types/>", "word__document.xml": document_xml})


def _pdf(draw: str = "", *, encrypt: str | None = None) -> bytes:
    buffer = io.BytesIO()
    security = StandardEncryption(encrypt) if encrypt else None
    canvas = Canvas(buffer, encrypt=security)
    if draw:
        canvas.drawString(100, 700, draw)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _scan() -> bytes:
    document = pypdfium2.PdfDocument.new()
    page = document.new_page(595, 842)
    image = pypdfium2.PdfImage.new(document)
    image.load_jpeg(io.BytesIO(PIXEL), inline=True)
    image.set_matrix(pypdfium2.PdfMatrix().scale(595, 842))
    page.insert_obj(image)
    page.gen_content()
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


REFUSED: list[tuple[str, bytes, type[UnreadableFile]]] = [
    ("empty", b"", EmptyFile),
    ("blank text", "\ufeff \r\n　\n".encode(), FileWithoutText),
    ("blank docx", saved(docx.Document()), FileWithoutText),
    ("blank pdf", _pdf(), FileWithoutText),
    ("blank page", b"<html><body><script>x</script></body></html>", FileWithoutText),
    ("scanned pdf", _scan(), ScannedFile),
    ("picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 64, UnknownFormat),
    ("rich text", b"{\\rtf1 hello}", UnknownFormat),
    ("bytes", random.Random(1).randbytes(4096), UnknownFormat),  # noqa: S311 - any bytes do
    ("spreadsheet", _zip(**{"[Content_Types].xml": "", "xl__workbook.xml": ""}), UnknownFormat),
    ("old word", OLE + b"\0" * 512 + "WordDocument".encode("utf-16-le"), LegacyWordFile),
    ("old excel", OLE + b"\0" * 512 + "Workbook".encode("utf-16-le"), UnknownFormat),
    ("compound file", OLE + b"\0" * 512, DamagedFile),
    ("locked docx", OLE + b"\0" * 64 + "EncryptedPackage".encode("utf-16-le"), EncryptedFile),
    ("locked pdf", _pdf("secret", encrypt="key"), EncryptedFile),
    ("cut pdf", _pdf("text")[:90], DamagedFile),
    ("docx without its main part", _zip(**{"[Content_Types].xml": "", "word__x": ""}), DamagedFile),
    ("docx that is not XML", _docx("<w:document><w:body>"), DamagedFile),
    ("ofd without pages", _zip(**{"OFD.xml": "<OFD/>"}), DamagedFile),
    (
        "entities",
        _docx('<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><x>&c;</x>'),
        DamagedFile,
    ),
    (
        "external entity",
        _docx('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'),
        DamagedFile,
    ),
]


@pytest.mark.parametrize(
    ("data", "refusal"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_file_without_readable_text_is_refused(data: bytes, refusal: type[UnreadableFile]) -> None:
    """The refusal is of its own class, names the file and says what to do."""
    with pytest.raises(UnreadableFile) as caught:
        read_bytes(data, "第9期.bin")
    assert type(caught.value) is refusal
    assert "第9期.bin" in str(caught.value)


def test_every_refusal_is_tested() -> None:
    """No class of refusal without a case in this file."""
    classes = {
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, UnreadableFile)
    }
    tested = {refusal for _, _, refusal in REFUSED} | {FileNotReadable, FileTooLarge}
    assert classes - {UnreadableFile} == tested


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A path that does not exist, or is a folder, is named with the system's reason."""
    with pytest.raises(FileNotReadable, match="nowhere"):
        read_file(tmp_path / "nowhere.txt")
    with pytest.raises(FileNotReadable, match=tmp_path.name):
        read_file(tmp_path)


@pytest.mark.parametrize("mebibytes", [1, 2])
def test_file_over_the_size_limit_is_refused(tmp_path: Path, mebibytes: int) -> None:
    """Neither the file nor more of it than the limit is read."""
    path = tmp_path / "big.txt"
    path.write_bytes(b"a" * (mebibytes * 1024 * 1024 + 1))
    with pytest.raises(FileTooLarge, match=f"{mebibytes + 1} MiB"):
        read_file(path, Limits(size=mebibytes * 1024 * 1024))


def test_too_many_pages_or_letters_or_parts_are_refused(docx_bytes: bytes) -> None:
    """Every limit that can be set is kept."""
    with pytest.raises(FileTooLarge, match="pages"):
        read_bytes(_pdf("text"), "a.pdf", Limits(pages=0))
    with pytest.raises(FileTooLarge, match="pages"):
        read_bytes(bulletin_ofd(), "a.ofd", Limits(pages=1))
    with pytest.raises(FileTooLarge, match="letters"):
        read_bytes(_pdf("text"), "a.pdf", Limits(letters=3))
    with pytest.raises(FileTooLarge, match="letters"):
        read_bytes(b"text", "a.txt", Limits(letters=3))
    with pytest.raises(FileTooLarge, match="letters"):
        read_bytes(bulletin_ofd(), "a.ofd", Limits(letters=3))
    with pytest.raises(FileTooLarge, match="letters"):
        read_bytes(site_page(), "a.html", Limits(letters=3))
    with pytest.raises(FileTooLarge, match="letters"):
        read_bytes(docx_bytes, "a.docx", Limits(letters=3))
    with pytest.raises(FileTooLarge, match="parts"):
        read_bytes(docx_bytes, "a.docx", Limits(parts=3))


def test_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """What a ZIP declares counts first."""
    bomb = _docx("<x>" + " " * 5_000_000 + "</x>")
    assert len(bomb) < 50_000
    with pytest.raises(FileTooLarge, match="unpacked"):
        read_bytes(bomb, "bomb.docx", Limits(expanded=1_000_000))


def test_zip_that_lies_about_its_sizes_is_refused() -> None:
    """What really comes out counts, whatever the directory declares."""
    bomb = bytearray(_docx("<x>" + " " * 3_000_000 + "</x>"))
    real = (3_000_000 + 7).to_bytes(4, "little")
    while (place := bomb.find(real)) >= 0:
        bomb[place : place + 4] = (10).to_bytes(4, "little")
    with pytest.raises(UnreadableFile):
        read_bytes(bytes(bomb), "bomb.docx", Limits(expanded=1_000_000))


@pytest.mark.parametrize("kind", ["docx", "pdf", "ofd", "html", "txt"])
def test_truncated_or_mangled_files_never_crash(
    kind: str, docx_bytes: bytes, pdf_bytes: bytes
) -> None:
    """Any part of a file is read or refused, never answered with a traceback."""
    whole = {
        "docx": docx_bytes,
        "pdf": pdf_bytes,
        "ofd": bulletin_ofd(),
        "html": site_page(),
        "txt": "简报\n第3期\n报：市委。".encode("gb18030"),
    }[kind]
    dice = random.Random(kind)  # noqa: S311 - the same damage in every run
    for _ in range(25):
        data = bytearray(whole[: dice.randrange(len(whole))])
        for _ in range(dice.randrange(4)):
            if data:
                data[dice.randrange(len(data))] = dice.randrange(256)
        with contextlib.suppress(UnreadableFile):
            read_bytes(bytes(data), f"part.{kind}")


def test_numbers_that_are_none_are_passed_over(docx_bytes: bytes) -> None:
    """An attribute that should be a number may be anything, and costs no more than itself."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(bulletin_ofd())) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for part in source.namelist():
            data = source.read(part).replace(b'X="0"', b'X="1e999"', 1)
            target.writestr(part, data.replace(b'Size="5.2"', b'Size="big"', 3))
    assert read_bytes(buffer.getvalue(), "a.ofd").blocks
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(docx_bytes)) as source,
        zipfile.ZipFile(buffer, "w") as target,
    ):
        for part in source.namelist():
            data = source.read(part).replace(b'w:gridCol w:w="', b'w:gridCol w:w="x')
            target.writestr(part, data.replace(b'<w:sz w:val="44"/>', b'<w:sz w:val="NaN"/>'))
    assert read_bytes(buffer.getvalue(), "a.docx").blocks
