"""The codes of warnings: stable, documented one by one in docs/warnings.md."""

from enum import StrEnum

from mailer.reading.model import Warning as Doubt
from runtime.text import translate


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


_MEANINGS: dict[Code, tuple[str, str]] = {
    Code.SECRECY_MARK: (
        "The file carries a secrecy mark.",
        "Take the file out of this system: it is refused wherever files are stored or sent.",
    ),
    Code.NOT_A_BULLETIN: (
        "The document does not look like an issue of a bulletin.",
        (
            "Check that it is the right file; a statutory document goes out by the office's "
            "own channel."
        ),
    ),
    Code.NO_TITLE: (
        "No name of a bulletin stands in the text; it may be a picture.",
        "Give the name by hand.",
    ),
    Code.NO_NUMBER: (
        "The masthead prints no number of the issue.",
        "Give the number by hand, or leave it empty if the bulletin has none.",
    ),
    Code.NO_DATE: (
        "The masthead prints no complete date.",
        "Give the date by hand.",
    ),
    Code.NO_PUBLISHER: (
        "No publisher is named in the masthead or the imprint.",
        "Give the publisher by hand.",
    ),
    Code.PUBLISHER_INFERRED: (
        (
            "The publisher is not named as such; it was taken from the unit above the name "
            "or from the imprint."
        ),
        "Compare it with the print.",
    ),
    Code.YEARS_DIFFER: (
        "The year of the number and the year of the date are not the same.",
        "Compare both with the print; both are kept as printed.",
    ),
    Code.SUPPLEMENT: (
        "The number belongs to the series of supplements (增刊).",
        "Do not count it in the main series.",
    ),
    Code.NO_BLOCKS: (
        "No distribution block (报, 送, 发 …) was found.",
        "If the print has one, enter the receivers by hand.",
    ),
    Code.BLOCK_LABEL_UNSURE: (
        "A distribution block was recognised by a label without a colon.",
        "Check where the block begins.",
    ),
    Code.BLOCK_EMPTY: (
        "A distribution block has a label but no entry.",
        "Enter the receivers by hand, or remove the label from the file.",
    ),
    Code.ENTRY_REPEATED: (
        "An entry stands twice in the same block.",
        "Check whether two different receivers were meant; one address gets one mail in any case.",
    ),
    Code.ENTRY_REMARK_LEFT_OUT: (
        "A remark to the editor behind an entry was left out.",
        "Check that the remark does not change who receives the issue.",
    ),
    Code.ENTRIES_PARTED_BY_BLANKS: (
        "Entries were told apart by single blanks only.",
        "Compare the entries with the print.",
    ),
    Code.NO_ARTICLES: (
        "No article was found.",
        "Check that the file holds the whole issue.",
    ),
    Code.ARTICLE_WITHOUT_HEADLINE: (
        "Text stands under no headline.",
        "Give the article a headline, or mark its headline in the file.",
    ),
    Code.ARTICLE_WITHOUT_BODY: (
        "A headline has no text under it.",
        "Check whether the headline belongs to the next one or its text is missing.",
    ),
    Code.PARAGRAPH_UNFINISHED: (
        "The last paragraph of an article does not end in a stop.",
        "Check that no text is missing.",
    ),
    Code.EDITOR_NOTE_LEFT_OUT: (
        "An editor's note belongs to no article and was left out of the articles.",
        "Put it into an article if it is to be sent.",
    ),
    Code.TEMPLATE_PLACEHOLDER: (
        "An empty place of a template was not filled in.",
        "Fill in the template and read the file again.",
    ),
    Code.TEXT_AFTER_BLOCKS: (
        (
            "Text follows the distribution blocks, as an attachment does, and was not read "
            "as an article."
        ),
        "Send attachments as files of their own.",
    ),
    Code.LETTERS_LOST: (
        "Some letters of the file could not be told; the text says how many.",
        "Compare the text with the print, or get a better copy of the file.",
    ),
}


def doubt(code: Code | str, text: str, line: int | None = None) -> Doubt:
    """Return a warning; ``text`` quotes what it is about."""
    return Doubt(code=Code(code).value, line=line, text=text.strip())


def explain(code: str) -> tuple[str, str]:
    """Return what a warning means and what to do about it, in the language of the reader.

    Raises :class:`ValueError` for a code that does not exist.
    """
    meaning, advice = _MEANINGS[Code(code)]
    return translate(meaning), translate(advice)
