"""The codes of warnings: stable, documented one by one in docs/warnings.md."""

from enum import StrEnum

from mailer.reading.model import Warning as Doubt


class Code(StrEnum):
    """What a reader may be unsure of."""

    SECRECY_MARK = "secrecy-mark"
    NOT_A_BULLETIN = "not-a-bulletin"
    NO_TITLE = "no-title"
    NO_NUMBER = "no-number"
    NO_DATE = "no-date"
    NO_PUBLISHER = "no-publisher"
    PUBLISHER_INFERRED = "publisher-inferred"
    YEARS_DIFFER = "years-differ"
    SUPPLEMENT = "supplement"
    NO_BLOCKS = "no-blocks"
    BLOCK_LABEL_UNSURE = "block-label-unsure"
    BLOCK_EMPTY = "block-empty"
    ENTRY_REPEATED = "entry-repeated"
    ENTRY_REMARK_LEFT_OUT = "entry-remark-left-out"
    ENTRIES_PARTED_BY_BLANKS = "entries-parted-by-blanks"
    NO_ARTICLES = "no-articles"
    ARTICLE_WITHOUT_HEADLINE = "article-without-headline"
    ARTICLE_WITHOUT_BODY = "article-without-body"
    PARAGRAPH_UNFINISHED = "paragraph-unfinished"
    EDITOR_NOTE_LEFT_OUT = "editor-note-left-out"
    TEMPLATE_PLACEHOLDER = "template-placeholder"
    TEXT_AFTER_BLOCKS = "text-after-blocks"
    LETTERS_LOST = "letters-lost"


def doubt(code: Code | str, text: str, line: int | None = None) -> Doubt:
    """Return a warning; ``text`` quotes what it is about."""
    return Doubt(code=Code(code).value, line=line, text=text.strip())
