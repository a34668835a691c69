"""The number line of a masthead: 2024年第3期（总第454期） in all its printed forms."""

import re
import unicodedata
from dataclasses import dataclass

from mailer.reading.letters import compact
from mailer.reading.numerals import NUMBER, YEAR, number, year

_HOLE = r"[XxＸ×＊*_％%＿\s]*%?[A-Za-z_]*%?[XxＸ×＊*_\s]*"  # an empty place in a template
_OPEN, _CLOSE = r"[〔（(\[［【]", r"[〕）)\]］】]"
_TOTAL = re.compile(
    rf"[（(\[〔]?\s*(?:累计|累計)?\s*[总總]\s*(?:第)?\s*(?P<number>{NUMBER}"
    rf"|{_HOLE})\s*[期号號]\s*[）)\]〕]?"
)
_NUMBERED = re.compile(
    rf"(?:(?P<year>{YEAR})\s*(?:年\s*度?\s*|(?=第))|{_OPEN}\s*(?P<boxed>{YEAR})\s*年?\s*{_CLOSE}\s*)?"
    rf"(?P<extra>增\s*刊)?\s*[（(]?\s*第\s*(?:(?P<inner>{YEAR})\s*[-－—])?\s*(?P<number>{NUMBER}"
    rf"|{_HOLE})\s*[期号號]\s*[）)]?"
)
_EXTRA = re.compile(
    rf"(?:(?P<year>{YEAR})\s*年\s*)?增\s*刊\s*[（(]?\s*(?P<number>{NUMBER})?\s*[）)]?$"
)
_DOCUMENT = re.compile(
    rf"(?P<prefix>\S*?)\s*{_OPEN}\s*(?P<year>{YEAR})\s*{_CLOSE}\s*第?\s*(?P<number>{NUMBER}"
    rf"|{_HOLE})\s*(?P<unit>号|號|期)?$"
)
_MONTH = re.compile(
    rf"(?P<year>{YEAR})\s*年\s*(?P<number>{NUMBER})\s*月\s*(?P<unit>号|刊|份)(?!\S)"
)
_YEAR_OVER_NUMBER = re.compile(
    rf"^(?P<year>{YEAR})\s*年?\s*[-—－·.／/]?\s*(?P<number>{NUMBER})\s*期$"
)
_LONGEST = 400  # letters and blanks: a longer line is no number line


@dataclass(frozen=True, kw_only=True, slots=True)
class IssueNumber:
    """What a number line says; ``rest`` is the line without it."""

    number: int | None = None
    year: int | None = None
    total: int | None = None
    rest: str = ""
    is_total_only: bool = False
    prefix: str = ""
    """The letters of a document number before its year (安委办简报 in 安委办简报〔2024〕5号)."""
    is_document_number: bool = False
    extra: bool = False
    """The number belongs to the series of supplements (增刊)."""


def find_issue_number(text: str) -> IssueNumber | None:
    """Return the number that a line prints; None where it prints none."""
    if len(text) > _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", text).replace("\u25cb", "〇").strip()
    total = _TOTAL.search(text)
    rest = text if total is None else text[: total.start()] + "  " + text[total.end() :]
    found = _number(rest)
    if total is None:
        return found
    value = number(total["number"])
    if found is None:
        return IssueNumber(total=value, rest=rest.strip(), is_total_only=True)
    return IssueNumber(
        number=found.number,
        year=found.year,
        total=value,
        rest=found.rest,
        prefix=found.prefix,
        extra=found.extra,
    )


def _number(text: str) -> IssueNumber | None:
    for pattern in (_NUMBERED, _MONTH, _EXTRA, _DOCUMENT, _YEAR_OVER_NUMBER):
        match = pattern.search(text)
        if match is None or not compact(match[0]):
            continue
        groups = match.groupdict()
        printed_year = groups.get("year") or groups.get("boxed") or groups.get("inner")
        rest = text[: match.start()] + "  " + text[match.end() :]
        prefix = groups.get("prefix") or ""
        before, after = text[: match.start()], text[match.end() :]
        if pattern is _NUMBERED and before and not before[-1].isspace() and not _parts(before):
            prefix, rest = "", before + "  " + after
        return IssueNumber(
            number=number(groups.get("number") or ""),
            year=year(printed_year) if printed_year else _year_before(before),
            rest=rest.strip(),
            prefix=prefix,
            is_document_number=pattern is _DOCUMENT and groups.get("unit") != "期",
            extra=bool(groups.get("extra")) or pattern is _EXTRA,
        )
    return None


def _parts(before: str) -> bool:
    return before.rstrip().endswith(("（", "(", "〕", "]", "】"))


def _year_before(text: str) -> int | None:
    """Return a year that ends the text before the number."""
    match = re.search(rf"({YEAR})\s*年\s*(?:度|度第)?\s*$", text)
    return year(match[1]) if match else None
