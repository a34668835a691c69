"""Tables that only arrange the page become lines again; tables of data stay tables."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mailer.reading.dates import find_date
from mailer.reading.issue_number import find_issue_number
from mailer.reading.labels import IMPRINT, find_labels
from mailer.reading.letters import compact, has_sentence, is_rule
from mailer.reading.lines import Grid, Item, Line, Ruling
from mailer.reading.publisher import publisher_in

_BETWEEN_CELLS = "    "
_FEW_ROWS = 4
_LONG_CELL = 3  # lines with sentences: a cell that holds running text


def flatten(items: Sequence[Item]) -> list[Item]:
    """Return the items with every table that is mere layout put back into lines.

    A line that is drawn with dashes becomes the rule that it stands for.
    """
    result: list[Item] = []
    above_body = True
    for item in items:
        if isinstance(item, Line) and has_sentence(item.text):
            above_body = False
        if isinstance(item, Grid) and _is_layout(item, above_body=above_body):
            result += _lines(item)
        elif isinstance(item, Line) and is_rule(item.text):
            result.append(Ruling(number=item.number, page=item.page, top=item.top))
        else:
            result.append(item)
    return result


def _is_layout(grid: Grid, *, above_body: bool) -> bool:
    cells = [cell for row in grid.rows for cell in row if cell]
    if all(sum(bool(cell) for cell in row) <= 1 for row in grid.rows):
        return True
    if any(_opens_tail(_text(cell)) for cell in cells):
        return True
    if any(sum(has_sentence(line.text) for line in cell) >= _LONG_CELL for cell in cells):
        return True
    texts = [line.text for cell in cells for line in cell]
    few = len(grid.rows) <= _FEW_ROWS
    return above_body and few and any(_is_of_masthead(text) for text in texts)


def _is_of_masthead(text: str) -> bool:
    """Tell whether a cell holds a number, a publisher or only a date."""
    date = find_date(text)
    only_date = date is not None and not compact(text[: date.start] + text[date.end :])
    return only_date or find_issue_number(text) is not None or publisher_in(text) is not None


def _opens_tail(text: str) -> bool:
    """Tell whether a cell begins with a label of a block, or with one of the imprint."""
    bare = compact(text)
    if find_labels(bare):
        return True
    imprint = IMPRINT.match(bare)
    return imprint is not None and imprint.end() > 1 and not imprint["archive"]


def _lines(grid: Grid) -> Iterable[Line]:
    for row in grid.rows:
        cells = [cell for cell in row if cell]
        if not cells:
            continue
        head = _text(cells[0])
        labels = find_labels(head)
        if labels and labels[0].end == len(head) and len(cells) > 1:
            yield from _labelled(f"{labels[0].kind}：", cells[1], cells[2:])
        elif all(len(cell) == 1 for cell in cells):
            text = _BETWEEN_CELLS.join(cell[0].text for cell in cells)
            yield replace(cells[0][0], text=text, starts=True)
        else:
            for cell in cells:
                yield from cell


def _labelled(
    label: str, content: Sequence[Line], others: Sequence[Sequence[Line]]
) -> Iterable[Line]:
    """Yield a block whose label stands in a cell of its own."""
    for index, line in enumerate(content):
        yield replace(line, text=(label if index == 0 else "") + line.text)
    for cell in others:
        yield from cell


def _text(cell: Sequence[Line]) -> str:
    """Return the text of a cell; a word that is set upright in it is one word."""
    return "".join(line.text for line in cell)
