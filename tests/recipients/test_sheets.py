"""Tables as Chinese offices save them, and what cannot be one."""

import csv
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from recipients import sheets
from recipients.sheets import (
    BrokenCellError,
    EmptyTableError,
    OldWorkbookError,
    TableTooLargeError,
    UnknownEncodingError,
    UnknownFormatError,
    UnreadableTableError,
    defuse,
    read_sheet,
    write_csv,
    write_workbook,
    writer_for,
)

TEXT = "单位名称,备注\r\n云湾市财政局,“二〇二六”\r\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("gb18030"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace(",", "\t").encode("utf-16"),
        TEXT.replace(",", ";").replace("\r\n", "\n").encode(),
    ],
)
def test_every_usual_encoding_and_delimiter_is_read(data: bytes) -> None:
    """UTF-8, GB18030 and UTF-16, with and without a mark; commas, tabs and semicolons."""
    sheet = read_sheet(data, "a.csv")
    assert sheet.headings == ("单位名称", "备注")
    assert [(row.number, row.cells) for row in sheet.rows] == [(2, ("云湾市财政局", "“二〇二六”"))]


def workbook(rows: list[list[object]]) -> bytes:
    """Return a workbook as another program would write it."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_numbers_in_a_workbook_are_text() -> None:
    """A room or a telephone is not a measure; empty rows keep the numbers of those below."""
    sheet = read_sheet(workbook([["name", "note"], [], ["甲局", 301.0], ["乙局", 1.5]]), "a.xlsx")
    assert [(row.number, row.cells) for row in sheet.rows] == [
        (3, ("甲局", "301")),
        (4, ("乙局", "1.5")),
    ]


def test_a_formula_in_a_workbook_is_refused_with_its_cell() -> None:
    """Its result is not in the file for us to see."""
    with pytest.raises(BrokenCellError, match="B2"):
        read_sheet(workbook([["name", "note"], ["甲局", "=1+1"]]), "a.xlsx")


def test_rows_of_remarks_are_left_out() -> None:
    """What begins with # is for people."""
    sheet = read_sheet(b"name,note\n# remark,x\n,\nA,'#1\n", "a.csv")
    assert [(row.number, row.cells) for row in sheet.rows] == [(4, ("A", "#1"))]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"", EmptyTableError),
        (b"\n\n,,\n", EmptyTableError),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OldWorkbookError),
        (b"PK\x03\x04 not a workbook", UnreadableTableError),
        (b"name\n\xff\xff\xff", UnknownEncodingError),
        (b"name\n" + b"x" * 200_000, UnreadableTableError),
        (b"x" * (sheets.MOST_BYTES + 1), TableTooLargeError),
        (b"name\n" + b"x\n" * (sheets.MOST_ROWS + 1), TableTooLargeError),
    ],
)
def test_what_is_no_table_is_refused(data: bytes, error: type[UnreadableTableError]) -> None:
    """Each with the file's name and what to do."""
    with pytest.raises(error, match="a file"):
        read_sheet(data, "a file")


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    """A small file of zeros does not fill the memory."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (201 * 1024 * 1024))
    with pytest.raises(TableTooLargeError):
        read_sheet(file.getvalue(), "a.xlsx")


def test_formulas_are_defused_in_both_formats() -> None:
    """A spreadsheet that opens our export shows text, whatever a unit calls itself."""
    rows = [["=HYPERLINK(1)", "+1", "-1", "@SUM", "'=1", "# x", "甲局"]]
    table = list(csv.reader(io.StringIO(write_csv(["h"] * 7, rows).decode("utf-8-sig"))))
    assert table[1] == ["'=HYPERLINK(1)", "'+1", "'-1", "'@SUM", "''=1", "'# x", "甲局"]
    book = load_workbook(io.BytesIO(write_workbook(["=h"] * 7, rows)))
    assert {cell.data_type for row in book.worksheets[0] for cell in row} <= {"s", "inlineStr"}


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=8))
def test_what_was_defused_is_read_as_it_was(text: str) -> None:
    """Reading takes away what defusing put before, and nothing else."""
    for marked in (text, f"={text}", f"'={text}", f"#{text}", f"'{text}"):
        assert defuse(marked)[:1] not in {"=", "+", "-", "@", "#"}
        sheet = read_sheet(write_csv(["name", "note"], [["A", marked]]), "a.csv")
        assert sheet.rows[0].cells[1] == marked


def test_an_unknown_ending_is_refused() -> None:
    """A file to write has a format."""
    with pytest.raises(UnknownFormatError, match=r"a\.pdf"):
        writer_for("a.pdf")
