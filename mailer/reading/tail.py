"""The tail (报尾): where the distribution blocks stand, and what else stands there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailer.reading.dates import find_date
from mailer.reading.entries import BlockText, plausible, read_entries
from mailer.reading.labels import IMPRINT, PRINTED, Label, find_labels
from mailer.reading.letters import compact, dense, has_sentence
from mailer.reading.lines import Figure, Grid, Item, Line, Ruling
from mailer.reading.names import looks_like_receiver, looks_like_unit

ATTACHMENT = re.compile(r"^\s*附\s*件\s*[0-9０-９一二三四五]*\s*[:：.、]?|^\s*附\s*[:：]")
_TOPIC = re.compile(r"^\s*主\s*题\s*词\s*[:：]")
_END_BRACKET = re.compile(r"[（(]\s*$")
_KEYED = re.compile(r"\s*[^，、；。（(]{1,8}[:：]")  # some other label, as on a form
_PIECES = re.compile("[，、；。,;：:]")
_LONGEST_PIECE = 80  # letters of an entry; a line may hold thousands of entries
_LONG = 40
_TRIES = 12  # runs of labels that are tried before a file counts as having no blocks


@dataclass(frozen=True, kw_only=True, slots=True)
class RawBlock:
    """A label and the printed lines under it."""

    label: Label
    lines: tuple[BlockText, ...]
    number: int

    @property
    def entries(self) -> tuple[str, ...]:
        """Return the entries."""
        return read_entries(self.lines).entries


@dataclass(frozen=True, kw_only=True, slots=True)
class Tail:
    """The blocks, the lines of the imprint, and which items they take (from, to)."""

    blocks: tuple[RawBlock, ...] = ()
    imprint: tuple[str, ...] = ()
    start: int = 0
    end: int = 0


@dataclass(kw_only=True, slots=True)
class _Open:
    """A block that is being read."""

    label: Label
    number: int
    lines: list[BlockText] = field(default_factory=list)
    closed: bool = False


def read_tail(items: Sequence[Item], start: int) -> Tail:
    """Return the last run of labels whose text reads as a distribution.

    A paragraph of the body may begin 报： and hold sentences; so the runs are tried from the end.
    """
    labelled = [
        index
        for index in range(start, len(items))
        if isinstance(item := items[index], Line) and find_labels(item.text)
    ]
    for _ in range(_TRIES):
        if not labelled:
            break
        first = _run_start(items, labelled)
        tail = _without_body(items, _read(items, first), labelled)
        if tail.blocks and all(_holds(block) for block in tail.blocks):
            return tail
        labelled = [index for index in labelled if index < first]
    return Tail(start=len(items), end=len(items))


def _run_start(items: Sequence[Item], labelled: Sequence[int]) -> int:
    """Return where the last run of labels begins, between which no sentence stands."""
    first = labelled[-1]
    for index in reversed(labelled[:-1]):
        if not _hangs_together(items, index, first):
            break
        first = index
    return first


def _without_body(items: Sequence[Item], tail: Tail, labelled: Sequence[int]) -> Tail:
    """Return the tail without paragraphs of the body that begin like a block before it."""
    later = [index for index in labelled if index > tail.start]
    for index in later[:_TRIES]:
        if not tail.blocks or _holds(tail.blocks[0]):
            break
        tail = _read(items, index)
    return tail


def _holds(block: RawBlock) -> bool:
    """Tell whether a block may stay: it is plausible, or empty as on a form."""
    return not block.entries or plausible(block.entries)


def _hangs_together(items: Sequence[Item], upper: int, lower: int) -> bool:
    """Tell whether nothing but lines of a block stands between two labels."""
    between = [item for item in items[upper + 1 : lower] if isinstance(item, Line | Grid | Figure)]
    if any(not isinstance(item, Line) for item in between):
        return False
    head = items[upper]
    assert isinstance(head, Line)  # noqa: S101 - the caller passes indexes of labelled lines
    lines = [line for line in between if isinstance(line, Line)]
    return _is_listing(head.text) and all(_is_listing(line.text) for line in lines)


def _is_listing(text: str) -> bool:
    """Tell whether a line may belong to a block or imprint: no sentence goes on in it."""
    bare = dense(text)
    inner = re.sub(r"[（(][^（）()]*[）)]", "", bare).rstrip("。；;")
    parts = [part for part in re.split("[。]", inner) if part]
    known = all(find_labels(part) or IMPRINT.match(part) for part in parts[1:])
    longest = max((len(piece) for piece in _PIECES.split(inner)), default=0)
    return longest <= _LONGEST_PIECE and known and "！" not in inner and "？" not in inner


def _read(items: Sequence[Item], first: int) -> Tail:
    """Read the blocks from their first label on."""
    reader = _Reader()
    end = first
    for index in range(first, len(items)):
        item = items[index]
        if isinstance(item, Ruling):
            reader.close()
            continue
        if not isinstance(item, Line) or ATTACHMENT.match(item.text) or not reader.take(item):
            break
        end = index + 1
    raw = tuple(
        RawBlock(label=block.label, lines=tuple(block.lines), number=block.number)
        for block in reader.blocks
    )
    return Tail(blocks=raw, imprint=tuple(reader.imprint), start=first, end=end)


class _Reader:
    """Takes the lines of a tail one by one."""

    def __init__(self) -> None:
        self.blocks: list[_Open] = []
        self.imprint: list[str] = []
        self._imprint_goes_on = False

    def close(self) -> None:
        """Let no further line belong to the open block."""
        if self.blocks:
            self.blocks[-1].closed = True

    def take(self, line: Line) -> bool:
        """Take a line into the open block, a new one or the imprint; False where the tail ends."""
        text = line.text
        labels = find_labels(text)
        goes_on, self._imprint_goes_on = self._imprint_goes_on, False
        printed = PRINTED.search(text) and find_date(text)
        if printed or _TOPIC.match(text) or (goes_on and not labels and not IMPRINT.match(text)):
            self._add_imprint(text, line, joined=not printed and goes_on)
            return True
        before = text[: labels[0].start] if labels else text
        if before.strip(" \u3000（(>") and not self._continue(before, line):
            return False
        ends = [*(label.start for label in labels[1:]), None]
        for label, until in zip(labels, ends, strict=False):
            block = _Open(label=label, number=line.number)
            self.blocks.append(block)
            self._add(block, text[label.end : until], line, last=until is None)
        return True

    def _add_imprint(self, text: str, line: Line, *, joined: bool = False) -> None:
        """Take a line of the imprint; one that fills its row may go on in the next."""
        if joined and self.imprint:
            self.imprint[-1] += text.strip()
        else:
            self.imprint.append(text.strip())
        self._imprint_goes_on = bool(line.full)
        self.close()

    def _continue(self, text: str, line: Line) -> bool:
        """Take the text of a line before any label: the open block's, or the imprint's."""
        if IMPRINT.match(text.strip()) or _is_contact(text):
            self._add_imprint(text, line)
            return True
        block = self.blocks[-1] if self.blocks else None
        if block is None or block.closed or not _fits(text, block):
            return False
        self._add(block, text, line, last=True)
        return True

    def _add(self, block: _Open, text: str, line: Line, *, last: bool) -> None:
        """Add text to a block; an imprint that follows on the same line goes to the imprint."""
        found = _imprint_within(text)
        if found is not None:
            self._add_imprint(text[found:], line)
            text = _END_BRACKET.sub("", text[:found])
        if text.strip():
            full = line.full if last and found is None else False
            block.lines.append(BlockText(text=text, full=full))
        if text.rstrip().rstrip("）)").endswith("。") or found is not None:
            block.closed = True


def _is_contact(text: str) -> bool:
    """Tell whether a line begins with a unit and goes on with its telephone."""
    match = IMPRINT.search(text)
    return (
        match is not None
        and match["label"] is not None
        and looks_like_unit(text[: match.start()])
        and not has_sentence(text.rstrip("。"))
    )


def _fits(text: str, block: _Open) -> bool:
    """Tell whether a line without a label may go on with the block's entries."""
    if not _is_listing(text) or _KEYED.match(text):
        return False
    before = block.lines[-1] if block.lines else None
    if before is None or before.full or before.text.rstrip()[-1:] in ("，", "、", "；", ",", ""):
        return True
    pieces = [piece for piece in re.split(r"[，、；]|\s{2,}", text.strip()) if piece.strip()]
    return any(looks_like_receiver(piece) for piece in pieces) or (
        len(compact(text)) <= _LONG and before.full is None and not has_sentence(text)
    )


def _imprint_within(text: str) -> int | None:
    """Return where an imprint begins inside a block's text: after blanks or a stop."""
    for match in IMPRINT.finditer(text):
        start = match.start() + len(match[0]) - len(match[0].lstrip())
        before = text[:start]
        framed = bool(match["copies"]) and match[0][0] in "（("
        if framed or not before.strip() or before[-1:] in (" ", "\u3000", "。", "，", "、", "；"):
            return start
    return None
