"""The rows of a directory file become drafts of units; bad rows become reasons. Pure.

Several rows with one unit's name are several mailboxes of that unit. What is said of the unit
itself may stand in any of them, and must not differ.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from recipients.addresses import read_address
from recipients.headings import BoundColumns
from recipients.names import key, shown, tidy_name, tidy_names, tidy_note, tidy_optional
from recipients.sheets import Sheet
from recipients.unit_columns import (
    MAILBOX_COLUMNS,
    Column,
    bind_columns,
    heading,
    read_active,
    read_channel,
    read_level,
    read_use,
)
from recipients.unit_values import DirectoryMailbox, DirectoryUnit
from runtime.refusal import Refusal
from runtime.text import translate as _


class RowError(Refusal):
    """The row cannot be taken over. Correct it."""


class RepeatedRowError(RowError):
    """It repeats row {row}: the same unit with the same address. Leave one of the two out."""


class ContradictionError(RowError):
    """It says {found} under {heading}, but row {row} says {known} for the same unit. Correct one of
    the two.
    """


class OtherSpellingError(RowError):
    """It writes the unit as {found}, row {row} as {known}. Use one spelling."""


class MailboxWithoutAddressError(RowError):
    """It names a person, a post or a use but no address. Add the address or leave them out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A unit as the file has it; ``row`` is its first row. Ids are ``None``."""

    row: int
    unit: DirectoryUnit


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedRow:
    """A row that cannot be taken over, and why, for people."""

    row: int
    name: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Remark:
    """Something to look at that refuses nothing; ``row`` is ``None`` if it is about the file."""

    row: int | None
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafts:
    """What a file says. ``given`` are the columns that it has: only those are compared."""

    given: frozenset[Column]
    drafts: tuple[Draft, ...]
    refused: tuple[RefusedRow, ...]
    remarks: tuple[Remark, ...]


Row = tuple[int, Mapping[Column, str]]
T = TypeVar("T")


class _AtRowError(Exception):
    """A refusal, and the row that it is about."""

    def __init__(self, row: int, reason: Refusal) -> None:
        super().__init__(row, reason)
        self.row = row
        self.reason = reason


def read_drafts(sheet: Sheet) -> Drafts:
    """Read a directory file.

    A unit is taken as a whole: when one of its rows is refused, none of its rows counts.

    Raises:
        recipients.headings.NoNameColumnError: no column holds the names.
        recipients.headings.RepeatedHeadingError: two columns mean the same.

    """
    columns = bind_columns(sheet)
    unknown = _("The column “{name}” is not known and was left out.")
    remarks = [Remark(row=None, text=unknown.format(name=name)) for name in columns.ignored]
    drafts, refused = [], []
    for rows in _by_unit(sheet, columns):
        try:
            drafts.append(_draft(rows, remarks))
        except _AtRowError as error:
            name = shown(rows[0][1][Column.NAME])
            refused.append(RefusedRow(row=error.row, name=name, reason=str(error.reason)))
    return Drafts(
        given=frozenset(columns.places),
        drafts=tuple(drafts),
        refused=tuple(refused),
        remarks=tuple(remarks),
    )


def _by_unit(sheet: Sheet, columns: BoundColumns[Column]) -> Iterable[list[Row]]:
    """Return the rows of each unit, in the order of their first rows."""
    units: dict[str, list[Row]] = defaultdict(list)
    for row in sheet.rows:
        cells = columns.cells(row)
        # A row without a name belongs to no other.
        units[key(cells[Column.NAME]) or f"\n{row.number}"].append((row.number, cells))
    return units.values()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Said:
    """What the rows of a unit say of the unit itself, with the row that says it."""

    first: int
    cells: Mapping[Column, tuple[int, str]]

    def read(self, column: Column, reader: Callable[[str], T]) -> T:
        """Read a cell; what no row says is read as empty text."""
        row, text = self.cells.get(column, (self.first, ""))
        with _in_row(row):
            return reader(text)


def _draft(rows: Sequence[Row], remarks: list[Remark]) -> Draft:
    """Return the draft of a unit from all of its rows."""
    said = _said(rows)
    unit = DirectoryUnit(
        id=None,
        name=said.read(Column.NAME, tidy_name),
        aliases=said.read(Column.ALIASES, tidy_names),
        former_names=said.read(Column.FORMER_NAMES, tidy_names),
        parent=said.read(Column.PARENT, tidy_optional) or None,
        level=said.read(Column.LEVEL, read_level),
        tags=said.read(Column.TAGS, tidy_names),
        channel=said.read(Column.CHANNEL, read_channel),
        active=said.read(Column.ACTIVE, partial(read_active, column=Column.ACTIVE)),
        note=said.read(Column.NOTE, tidy_note),
        mailboxes=_mailboxes(rows, remarks),
    )
    return Draft(row=said.first, unit=unit)


def _said(rows: Sequence[Row]) -> _Said:
    """Collect what the rows say of the unit itself; they must agree."""
    said: dict[Column, tuple[int, str]] = {}
    for row, cells in rows:
        for column, text in cells.items():
            if column in MAILBOX_COLUMNS or not (text or column is Column.NAME):
                continue
            known_row, known = said.setdefault(column, (row, text))
            if text != known:
                error = OtherSpellingError if column is Column.NAME else ContradictionError
                reason = error(
                    row=known_row,
                    found=shown(text),
                    known=shown(known),
                    heading=heading(column),
                )
                raise _AtRowError(row, reason)
    return _Said(first=rows[0][0], cells=said)


def _mailboxes(rows: Sequence[Row], remarks: list[Remark]) -> tuple[DirectoryMailbox, ...]:
    """Return the mailbox of each row that has one; only the first row may repeat nothing."""
    found: dict[str, tuple[int, DirectoryMailbox]] = {}
    for row, cells in rows:
        with _in_row(row):
            mailbox = _mailbox(row, cells, remarks)
            normalised = mailbox.normalised if mailbox else ""
            if normalised in found or (mailbox is None and row != rows[0][0]):
                repeated = found[normalised][0] if normalised in found else rows[0][0]
                raise RepeatedRowError(row=repeated)
            if mailbox:
                found[normalised] = row, mailbox
    return tuple(mailbox for _row, mailbox in found.values())


def _mailbox(
    row: int, cells: Mapping[Column, str], remarks: list[Remark]
) -> DirectoryMailbox | None:
    """Return the mailbox of one row, and note what looks odd about its address."""
    text = cells.get(Column.EMAIL, "")
    if not text:
        if any(cells.get(column) for column in MAILBOX_COLUMNS):
            raise MailboxWithoutAddressError
        return None
    address = read_address(text)
    if address.suggestion:
        hint = _("The address {address} may be a slip of the pen for {suggestion}.").format(
            address=address.written, suggestion=address.suggestion
        )
        remarks.append(Remark(row=row, text=hint))
    if address.international:
        hint = _(
            "The address {address} is not in Latin letters before the @: only mail servers with "
            "SMTPUTF8 deliver to it."
        ).format(address=address.written)
        remarks.append(Remark(row=row, text=hint))
    return DirectoryMailbox(
        id=None,
        address=address.written,
        normalised=address.normalised,
        person=tidy_optional(cells.get(Column.PERSON, "")),
        post=tidy_optional(cells.get(Column.POST, "")),
        use=read_use(cells.get(Column.USE, "")),
        active=read_active(cells.get(Column.MAILBOX_ACTIVE, ""), Column.MAILBOX_ACTIVE),
    )


@contextmanager
def _in_row(row: int) -> Iterator[None]:
    """Say of a refusal inside which row it is about."""
    try:
        yield
    except Refusal as reason:
        raise _AtRowError(row, reason) from reason
