"""Finds the columns of a table by their headings, in either language. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from recipients.names import key
from recipients.sheets import Sheet, SheetRow
from runtime.refusal import Refusal
from runtime.text import language
from runtime.text import translate as _

Column = TypeVar("Column", bound=StrEnum)


class NoNameColumnError(Refusal):
    """The first row of {name} has no heading {heading}. It has: {headings}. Name the columns as the
    template does.
    """


class RepeatedHeadingError(Refusal):
    """The file {name} has two columns for {heading}. Leave one of them out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundColumns(Generic[Column]):
    """Which cell of a row belongs to which column, and the headings that mean nothing to us."""

    places: Mapping[Column, int]
    ignored: tuple[str, ...]

    def cells(self, row: SheetRow) -> dict[Column, str]:
        """Return the cells of a row; a short row has empty ones."""
        return {
            column: row.cells[place] if place < len(row.cells) else ""
            for column, place in self.places.items()
        }


def heading(column: Column, chinese: Mapping[Column, Sequence[str]]) -> str:
    """Return the heading in the current language: the first Chinese one, or the column's value."""
    return chinese[column][0] if language.get() == "zh_CN" else column.value


def bind_columns(
    sheet: Sheet, chinese: Mapping[Column, Sequence[str]], required: Column
) -> BoundColumns[Column]:
    """Find the columns of ``sheet``: ``chinese`` are their headings beside the English ones.

    Raises:
        NoNameColumnError: the ``required`` column is not there.
        RepeatedHeadingError: two headings mean one column.

    """
    meanings = {
        _plain(spelling): column
        for column, others in chinese.items()
        for spelling in (column.value, *others)
    }
    places: dict[Column, int] = {}
    ignored = []
    for place, text in enumerate(sheet.headings):
        column = meanings.get(_plain(text))
        if column in places:
            raise RepeatedHeadingError(name=sheet.name, heading=heading(column, chinese))
        if column is not None:
            places[column] = place
        elif text:
            ignored.append(text)
    if required not in places:
        found = ", ".join(filter(None, sheet.headings)) or _("nothing")
        wanted = f"{chinese[required][0]} ({required.value})"
        raise NoNameColumnError(name=sheet.name, heading=wanted, headings=found)
    return BoundColumns(places=places, ignored=tuple(ignored))


def _plain(text: str) -> str:
    """Return a heading without what people decorate it with."""
    return key(text.rstrip("*＊").replace("_", "").replace("-", ""))
