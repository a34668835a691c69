"""The body becomes articles: columns, headlines, sub-headings, paragraphs, tables, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

from mailer.reading.contents import Contents, entry_name
from mailer.reading.doubts import Code, doubt
from mailer.reading.drafts import Draft, body_part
from mailer.reading.letters import compact, dense, ends_piece, tidy, tidy_heading
from mailer.reading.looks import same_look
from mailer.reading.model import Article, Paragraph, Subhead
from mailer.reading.model import Warning as Doubt
from mailer.reading.outline import HEADINGS, Cast, Role
from mailer.reading.pieces import Piece
from mailer.reading.shapes import (
    boxed,
    contributor_of,
    is_column_word,
    is_subtitle,
    level_of,
    marker_of,
    note_text,
    unmarked,
)

_HEADLINE_LINES = 3
_HEADLINE_LETTERS = 80
_QUOTED = 20  # letters of a text that a warning quotes


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    """The articles and what was doubtful about them."""

    articles: tuple[Article, ...]
    doubts: tuple[Doubt, ...]


def read_articles(casts: Sequence[Cast], contents: Contents, *, numbered_issue: bool) -> Body:
    """Return the articles of the body.

    ``numbered_issue`` tells whether the masthead prints a number: then 一、 may head an article
    that has no other headline; else the document is one report and 一、 a sub-heading of it.
    """
    return _Builder(casts, contents, numbered_issue=numbered_issue).read()


class _Builder:
    """Walks through the cast and keeps the open column and article."""

    def __init__(self, casts: Sequence[Cast], contents: Contents, *, numbered_issue: bool) -> None:
        self._casts = casts
        self._contents = contents
        self._numbered_issue = numbered_issue
        self._drafts: list[Draft] = []
        self._doubts: list[Doubt] = []
        self._column: str | None = None
        self._waiting: list[Subhead] = []
        self._note_open = False

    def read(self) -> Body:
        """Return the articles."""
        index = 0
        while index < len(self._casts):
            index += self._read(index)
        for draft in self._drafts:
            self._doubts += draft.doubts()
        articles = tuple(draft.article() for draft in self._drafts if not draft.dropped)
        return Body(articles=articles, doubts=tuple(self._doubts))

    def _read(self, index: int) -> int:
        """Take one cast, or several that make one headline; return how many."""
        cast = self._casts[index]
        if cast.role in HEADINGS:
            self._note_open = False
            return self._heading(index)
        if cast.role is Role.NOTE:
            self._note(cast, opens=not note_text(cast.text))
        elif cast.role is Role.PLACEHOLDER:
            self._placeholder(cast)
        elif cast.role is Role.SUBTITLE and self._drafts and not self._drafts[-1].subtitle:
            self._drafts[-1].subtitle = tidy_heading(cast.text)
        elif cast.role is Role.CONTRIBUTOR and self._drafts:
            self._drafts[-1].contributor = contributor_of(cast.text)
        elif cast.role is not Role.NOTHING:
            self._content(cast, index)
        return 1

    def _follower(self, index: int) -> Cast | None:
        return self._casts[index + 1] if index + 1 < len(self._casts) else None

    def _heading(self, index: int) -> int:
        cast = self._casts[index]
        if cast.role is Role.NUMBERED:
            self._numbered(index, cast)
            return 1
        follower = self._follower(index)
        if cast.role is Role.BOXED:
            name = boxed(cast.text) or ""
            if self._boxed_is_column(name, follower):
                self._column = name
            else:
                self._open(name, cast)
            return 1
        heads = follower is not None and follower.role in {*HEADINGS, Role.NOTE}
        if heads and self._is_column(cast.text):
            self._column = dense(unmarked(cast.text))
            return 1
        return self._headline(index)

    def _boxed_is_column(self, name: str, follower: Cast | None) -> bool:
        """Tell whether 【…】 is a column: another headline, a note or nothing follows it."""
        if follower is None or follower.role in {*HEADINGS, Role.NOTE, Role.PLACEHOLDER}:
            return True
        return self._column is not None and self._is_column(name)

    def _headline(self, index: int) -> int:
        """Join the lines of one headline."""
        count = self._lines_of_headline(index)
        casts = self._casts[index : index + count]
        self._open(_joined(casts), casts[0])
        return count

    def _lines_of_headline(self, index: int) -> int:
        run = [self._casts[index]]
        for cast in self._casts[index + 1 : index + _HEADLINE_LINES]:
            if not self._same_headline(run, cast):
                break
            run.append(cast)
        for count in range(len(run), 1, -1):
            joined = "".join(entry_name(cast.text) for cast in run[:count])
            if joined in self._contents.headlines:
                return count
        return len(run)

    def _same_headline(self, run: list[Cast], cast: Cast) -> bool:
        """Tell whether a line that stands under headline lines belongs to the same headline."""
        if cast.role is not Role.HEADLINE or is_subtitle(cast.text):
            return False
        letters = sum(len(compact(each.text)) for each in [*run, cast])
        if letters > _HEADLINE_LETTERS or (self._is_known(cast) and self._is_known(run[0])):
            return False
        one, other = run[-1].part, cast.part
        if not isinstance(one, Piece) or not isinstance(other, Piece):
            return False
        return other.first.starts is False or same_look(one.first, other.first)

    def _is_known(self, cast: Cast) -> bool:
        return entry_name(cast.text) in self._contents.headlines

    def _is_column(self, text: str) -> bool:
        return entry_name(text) in self._contents.columns or is_column_word(text)

    def _numbered(self, index: int, cast: Cast) -> None:
        """Take a numbered line: headline, sub-heading or item of a list."""
        level = level_of(cast.text) or 0
        draft = self._drafts[-1] if self._drafts else None
        if draft is not None and draft.column == self._column and not _replaces(draft, level):
            text = tidy(cast.text)
            listed = self._in_list(index, level)
            draft.body.append(Paragraph(text=text) if listed else Subhead(text=text))
        elif self._column is None and not self._numbered_issue:
            self._waiting.append(Subhead(text=tidy(cast.text)))
        elif self._heads_deeper(index, level) and not (draft and draft.numbered == level):
            self._column = tidy(cast.text)
        else:
            self._open(tidy_heading(cast.text), cast, numbered=level)

    def _heads_deeper(self, index: int, level: int) -> bool:
        """Tell whether a number of a deeper level follows directly (一、 over 1.)."""
        follower = self._follower(index)
        if follower is None or follower.role is not Role.NUMBERED:
            return False
        return (level_of(follower.text) or 0) > level

    def _in_list(self, index: int, level: int) -> bool:
        """Tell whether a numbered line has another of its level directly before or after it."""
        around = [*self._casts[max(0, index - 1) : index], *self._casts[index + 1 : index + 2]]
        return any(
            cast.role is Role.NUMBERED and (level_of(cast.text) or 0) == level for cast in around
        )

    def _open(self, title: str, cast: Cast, numbered: int | None = None) -> Draft:
        self._waiting = []
        draft = Draft(title=title, number=cast.part.number, column=self._column, numbered=numbered)
        self._drafts.append(draft)
        return draft

    def _note(self, cast: Cast, *, opens: bool) -> None:
        text, number = tidy(cast.text), cast.part.number
        self._doubts.append(doubt(Code.EDITOR_NOTE_LEFT_OUT, text, number))
        self._note_open = opens

    def _placeholder(self, cast: Cast) -> None:
        self._doubts.append(doubt(Code.TEMPLATE_PLACEHOLDER, tidy(cast.text), cast.part.number))
        if "题" in cast.text:  # the empty place of a headline: what follows is no article
            self._open(tidy(cast.text), cast).dropped = True

    def _content(self, cast: Cast, index: int) -> None:
        """Add a paragraph, table, picture or caption to the open article."""
        if self._note_open and cast.role is Role.TEXT:
            self._note(cast, opens=False)
            return
        part = body_part(cast)
        draft = self._draft_for(cast)
        if part is None or draft is None:
            return
        draft.add(part)
        follower = self._follower(index)
        last = follower is None or follower.role in HEADINGS
        if last and isinstance(part, Paragraph) and not ends_piece(part.text):
            text = part.text[-_QUOTED:]
            self._doubts.append(doubt(Code.PARAGRAPH_UNFINISHED, text, cast.part.number))

    def _draft_for(self, cast: Cast) -> Draft | None:
        """Return the open article, or a new one without a headline where text needs one."""
        if self._drafts and self._drafts[-1].column == self._column:
            return self._drafts[-1]
        if cast.role is not Role.TEXT or cast.text.rstrip().endswith(("：", ":")):
            return None
        waiting = self._waiting
        draft = self._open("", cast)
        draft.body += waiting
        return draft


def _replaces(draft: Draft, level: int) -> bool:
    """Tell whether a number of this level begins a new article after ``draft``."""
    return draft.numbered is not None and level <= draft.numbered


def _joined(casts: Sequence[Cast]) -> str:
    """Return the lines of a headline as one, a blank where it was broken by sense.

    A line that fills its column was broken by its width, which says nothing.
    """
    title = ""
    broken = False
    for cast in casts:
        text = tidy_heading(unmarked(cast.text) if marker_of(cast.text) else cast.text)
        title += f" {text}" if broken else text
        broken = not (isinstance(cast.part, Piece) and cast.part.last.full)
    return title
