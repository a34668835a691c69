"""Tables in files: .csv in the encodings that Chinese offices use, and .xlsx. Pure, from bytes."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Protocol

from runtime.refusal import Refusal

MOST_BYTES = 20 * 1024 * 1024
MOST_ROWS = 100_000
_MOST_UNPACKED_BYTES = 200 * 1024 * 1024
_MOST_COLUMNS = 100
_DEFUSED = re.compile(r"^'+(?=[=+\-@\t\r#])")
_DANGEROUS = re.compile(r"^'*[=+\-@\t\r#]")


class UnreadableTableError(Refusal):
    """The file {name} cannot be read as a table. Save it as .xlsx or as .csv (UTF-8)."""


class TableTooLargeError(UnreadableTableError):
    """The file {name} is too large: at most 20 MiB and 100,000 rows are read. Divide it."""


class OldWorkbookError(UnreadableTableError):
    """The file {name} is an old Excel workbook (.xls). Open it and save it as .xlsx."""


class UnknownEncodingError(UnreadableTableError):
    """The text of {name} is neither UTF-8, UTF-16 nor GB18030. Save it as .csv (UTF-8)."""


class BrokenCellError(UnreadableTableError):
    """The cell {cell} of {name} holds a formula or an error, not text. Copy the sheet, paste it as
    values, and save that.
    """


class UnknownFormatError(Refusal):
    """The file {name} would have no known format. Let its name end in .csv or .xlsx."""


class EmptyTableError(UnreadableTableError):
    """The file {name} has no rows. Its first row must hold the headings; see the template."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SheetRow:
    """A row under the headings; ``number`` is the one that a spreadsheet shows beside it."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """The headings and the rows that hold anything, without rows of remarks (``#``)."""

    name: str
    headings: tuple[str, ...]
    rows: tuple[SheetRow, ...]


def read_sheet(data: bytes, name: str) -> Sheet:
    """Read a table; ``name`` is the file's name, for messages.

    A row whose first cell begins with ``#`` is a remark. What :func:`defuse` put before a cell is
    taken away again.

    Raises:
        UnreadableTableError: see its subclasses.

    """
    if len(data) > MOST_BYTES:
        raise TableTooLargeError(name=name)
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise OldWorkbookError(name=name)
    rows = _workbook(data, name) if data.startswith(b"PK\x03\x04") else _csv(data, name)
    found: list[SheetRow] = []
    for number, cells in enumerate(rows, start=1):
        if len(found) > MOST_ROWS:
            raise TableTooLargeError(name=name)
        if any(cells) and not next(filter(None, cells)).startswith("#"):
            plain = tuple(_DEFUSED.sub(lambda quotes: quotes.group()[1:], cell) for cell in cells)
            found.append(SheetRow(number=number, cells=plain))
    if not found:
        raise EmptyTableError(name=name)
    return Sheet(name=name, headings=found[0].cells, rows=tuple(found[1:]))


def defuse(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula, nor we for a remark.

    A cell that begins with ``= + - @`` or a control character runs as a formula when the file is
    opened (``=HYPERLINK``, ``@SUM``); an apostrophe before it makes it text.
    """
    return f"'{text}" if _DANGEROUS.match(text) else text


class Writer(Protocol):
    """Makes a file of headings, of rows, and of remarks that :func:`read_sheet` leaves out."""

    def __call__(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        remarks: Iterable[Sequence[str]] = (),
    ) -> bytes:
        """Return the file's bytes."""


def writer_for(name: str) -> Writer:
    """Return what writes a file of this name.

    Raises:
        UnknownFormatError: the name ends neither in ``.csv`` nor in ``.xlsx``.

    """
    writers: dict[str, Writer] = {".csv": write_csv, ".xlsx": write_workbook}
    try:
        return writers[PurePath(name).suffix.lower()]
    except KeyError:
        raise UnknownFormatError(name=name) from None


def write_csv(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    remarks: Iterable[Sequence[str]] = (),
) -> bytes:
    """Return a .csv: UTF-8 with a byte order mark, without which Excel takes it for GBK."""
    file = io.StringIO(newline="")
    csv.writer(file).writerows(_cells(headings, rows, remarks))
    return file.getvalue().encode("utf-8-sig")


def write_workbook(
    headings: Sequence[str],
    rows: Iterable[Sequence[str]],
    remarks: Iterable[Sequence[str]] = (),
) -> bytes:
    """Return an .xlsx whose cells are all text."""
    from openpyxl import Workbook  # noqa: PLC0415 - 0.2 s that a .csv need not cost
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - as above

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in _cells(headings, rows, remarks):
        cells = []
        for text in row:
            cell = WriteOnlyCell(sheet, value=text)
            cell.data_type = "s"  # else a text that begins with = becomes a formula
            cells.append(cell)
        sheet.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _cells(
    headings: Sequence[str], rows: Iterable[Sequence[str]], remarks: Iterable[Sequence[str]]
) -> Iterator[Sequence[str]]:
    """Yield the rows of a file as they are written."""
    yield headings
    for remark in remarks:
        yield [f"# {remark[0]}", *(defuse(cell) for cell in remark[1:])]
    for row in rows:
        yield [defuse(cell) for cell in row]


def _csv(data: bytes, name: str) -> Iterator[list[str]]:
    """Yield the rows of a .csv, parted by what its first line has most of."""
    text = _decode(data, name)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield [cell.strip(" \u3000") for cell in cells[:_MOST_COLUMNS]]
    except csv.Error as error:
        raise UnreadableTableError(name=name) from error


def _decode(data: bytes, name: str) -> str:
    """Return the text, by its byte order mark, else by the first encoding without an error.

    UTF-16 without a mark is known by its zero bytes: a table has commas and line ends in ASCII.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in data:
        little = data[1::2].count(0) > data[::2].count(0)
        encodings = ["utf-16-le" if little else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UnknownEncodingError(name=name)


def _workbook(data: bytes, name: str) -> Iterator[list[str]]:
    """Yield the rows of the first sheet of an .xlsx."""
    from openpyxl import load_workbook  # noqa: PLC0415 - 0.2 s that a .csv need not cost
    from openpyxl.utils.exceptions import InvalidFileException  # noqa: PLC0415 - as above

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED_BYTES:
                raise TableTooLargeError(name=name)
        book = load_workbook(io.BytesIO(data), read_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # some programs write a size that is too small
        for row in sheet.iter_rows():
            cells = row[:_MOST_COLUMNS]
            yield [_text(cell.value, cell.data_type, _place(cell), name) for cell in cells]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError) as error:
        raise UnreadableTableError(name=name) from error


def _place(cell: object) -> str:
    """Return the coordinate of a cell; an empty one has none."""
    return getattr(cell, "coordinate", "")


def _text(value: object, kind: str, place: str, name: str) -> str:
    """Return a cell as text: a whole number without a decimal point, nothing as nothing."""
    if kind in {"f", "e"}:
        raise BrokenCellError(cell=place, name=name)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip(" \u3000")
