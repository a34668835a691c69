"""Dates as bulletins print them."""

import re
from dataclasses import dataclass
from datetime import date

from mailer.reading.numerals import NUMBER, YEAR, number, year

_ROC_EPOCH = 1911
_LONGEST = 400  # letters and blanks of a line in which a date stands for itself
_PRINTED = re.compile(
    rf"(?<![0-9０-９])(?P<year>{YEAR})\s*(?:[年.．/／\-－—])\s*(?P<month>{NUMBER})\s*"
    rf"(?:[月.．/／\-－—])\s*(?P<day>{NUMBER})\s*(?P<mark>[日号]?)(?:\s*\d{{1,2}}\s*[时時](?:\d{{1,2}}分)?)?"
)
_ROC = re.compile(
    rf"[民国國]{{2}}\s*(?P<year>{NUMBER})\s*年\s*(?P<month>{NUMBER})\s*月\s*(?P<day>{NUMBER})\s*日"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedDate:
    """A date in a text: its value and where it stands."""

    value: str
    start: int
    end: int


def find_date(text: str) -> PrintedDate | None:
    """Return the first date of ``text`` that exists in the calendar; none in a long text."""
    if len(text) > _LONGEST:
        return None
    for match in _ROC.finditer(text):
        roc = number(match["year"])
        found = _dated(match, None if roc is None else roc + _ROC_EPOCH)
        if found:
            return found
    for match in _PRINTED.finditer(text):
        found = _dated(match, year(match["year"]))
        if found:
            return found
    return None


def _dated(match: re.Match[str], in_year: int | None) -> PrintedDate | None:
    """Return the match as a date; None where the calendar has no such day."""
    month, day = number(match["month"]), number(match["day"])
    if in_year is None or month is None or day is None:
        return None
    try:
        value = date(in_year, month, day)
    except ValueError:
        return None
    return PrintedDate(value=value.isoformat(), start=match.start(), end=match.end())
