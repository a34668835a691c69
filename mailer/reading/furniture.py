"""Page numbers and running headers: what a page prints beside the text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from mailer.reading.letters import compact
from mailer.reading.lines import Figure, Grid, Item, Line, Ruling

_DASH = r"[-－—–―‐─~·•.．|*＊]"
_COUNT = "[0-9０-９零〇一二三四五六七八九十百]"
_PAGE_MARK = re.compile(
    rf"{_DASH}+\s*{_COUNT}{{1,4}}\s*{_DASH}+"
    rf"|{_DASH}*\s*第\s*{_COUNT}{{0,4}}\s*[页頁]\s*[，,、/／]?\s*(?:[（(]?\s*共\s*{_COUNT}{{0,4}}\s*[页頁]\s*[）)]?)?\s*{_DASH}*"
    rf"|共\s*{_COUNT}{{1,4}}\s*[页頁]\s*[，,、/／]?\s*第\s*{_COUNT}{{1,4}}\s*[页頁]"
    r"|\d{1,4}\s*[/／]\s*\d{1,4}"
    r"|(?i:page|p)\.?\s*\d{1,4}(?:\s*(?i:of)\s*\d{1,4})?"
    rf"|[（(]?\s*(?:共\s*{_COUNT}{{1,4}}\s*[页頁]"
    rf"|[下转接]{{2}}第?\s*{_COUNT}{{1,3}}\s*[版页]"
    rf"|[上接承]{{2}}第?\s*{_COUNT}{{1,3}}\s*[版页])\s*[）)]?"
)
_BARE_NUMBER = re.compile(r"\d{1,3}")
_DIGITS = re.compile(r"[0-9０-９]+")
_EDGE = 2  # lines at the top and bottom of a page among which its furniture stands
_MASTHEAD_LINES = 6
_LONGEST_HEADER = 50


def without_furniture(items: Sequence[Item]) -> list[Item]:
    """Return the items without page numbers and headers that repeat from page to page."""
    items = [item for item in items if not (isinstance(item, Line) and _is_page_mark(item))]
    edges = _edge_lines(items)
    edge_ids = {id(line) for line in edges}
    numbers = {id(line) for line in edges if _BARE_NUMBER.fullmatch(line.text.strip())}
    repeated = _repeated(line for line in edges if id(line) not in numbers)
    first_page = min((item.page for item in items), default=1)
    kept: list[Item] = []
    for item in items:
        if isinstance(item, Line):
            again = _masked(item) in repeated and item.page > first_page
            if id(item) in numbers or (again and id(item) in edge_ids):
                continue
        kept.append(item)
    return _without_header_rules(kept)


def is_running_header(text: str, title: str | None, number: int | None) -> bool:
    """Tell whether a line is the bulletin's name with its number, as pages repeat it."""
    bare = compact(text)
    if not title or len(bare) > _LONGEST_HEADER or compact(title) not in bare:
        return False
    rest = bare.replace(compact(title), "", 1)
    rest = re.sub(
        r"(?:19|20)\d\d年?(?:度)?|\d{1,2}月|\d{1,2}日|[第总總期号（）()《》·|—\-]", "", rest
    )
    return rest in ("", str(number)) or rest.isdigit()


def _is_page_mark(line: Line) -> bool:
    text = line.text.strip()
    return _PAGE_MARK.fullmatch(text) is not None and text not in ("", "-")


def _edge_lines(items: Sequence[Item]) -> list[Line]:
    """Return the first and last lines of every page; of one page without places, none."""
    pages: dict[int, list[Line]] = {}
    for item in items:
        if isinstance(item, Line):
            pages.setdefault(item.page, []).append(item)
    found: list[Line] = []
    for lines in pages.values():
        placed = sorted(
            (line for line in lines if line.top is not None), key=lambda line: line.top or 0
        )
        ordered = placed or lines
        if placed or len(pages) > 1:
            found += ordered[:_EDGE] + ordered[_EDGE:][-_EDGE:]
    return found


def _masked(line: Line) -> str:
    return _DIGITS.sub("0", compact(line.text))


def _repeated(lines: Iterable[Line]) -> set[str]:
    """Return the texts, figures apart, that stand at the edge of more than one page."""
    pages: dict[str, set[int]] = {}
    for line in lines:
        if len(compact(line.text)) <= _LONGEST_HEADER:
            pages.setdefault(_masked(line), set()).add(line.page)
    counts = Counter({text: len(found) for text, found in pages.items()})
    return {text for text, count in counts.items() if count > 1}


def _without_header_rules(items: Sequence[Item]) -> list[Item]:
    """Drop the rules with which a page after the first begins."""
    kept: list[Item] = []
    page = items[0].page if items else 1
    for item in items:
        if item.page != page and isinstance(item, Ruling):
            continue
        if isinstance(item, Line | Grid | Figure):
            page = max(page, item.page)
        kept.append(item)
    return kept
