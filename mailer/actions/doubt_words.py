"""What the reader is unsure of, in a sentence each; docs/warnings.md says what to do about it."""

from mailer.reading.doubts import Code
from mailer.reading.model import Warning as Doubt
from runtime.text import translate as _


def _n(message: str) -> str:
    """Mark ``message`` for the catalogue; it is translated where it is shown."""
    return message


SENTENCES = {
    Code.SECRECY_MARK: _n("The file carries a secrecy mark."),
    Code.NOT_A_BULLETIN: _n("The document does not look like an issue of a bulletin."),
    Code.NO_TITLE: _n("No name of a bulletin stands in the text; it may be a picture."),
    Code.NO_NUMBER: _n("The masthead prints no number of the issue."),
    Code.NO_DATE: _n("The masthead prints no complete date."),
    Code.NO_PUBLISHER: _n("No publisher is named in the masthead or the imprint."),
    Code.PUBLISHER_INFERRED: _n("The publisher is not named as such; compare it with the print."),
    Code.YEARS_DIFFER: _n("The year of the number and the year of the date are not the same."),
    Code.SUPPLEMENT: _n("The number belongs to the series of supplements (增刊)."),
    Code.NO_BLOCKS: _n("No distribution block (报, 送, 发 …) was found."),
    Code.BLOCK_LABEL_UNSURE: _n("A distribution block was recognised by a label without a colon."),
    Code.BLOCK_EMPTY: _n("A distribution block has a label but no entry."),
    Code.ENTRY_REPEATED: _n("An entry stands twice in the same block."),
    Code.ENTRY_REMARK_LEFT_OUT: _n("A remark to the editor behind an entry was left out."),
    Code.ENTRIES_PARTED_BY_BLANKS: _n("Entries were told apart by single blanks only."),
    Code.NO_ARTICLES: _n("No article was found."),
    Code.ARTICLE_WITHOUT_HEADLINE: _n("Text stands under no headline."),
    Code.ARTICLE_WITHOUT_BODY: _n("A headline has no text under it."),
    Code.PARAGRAPH_UNFINISHED: _n("The last paragraph of an article does not end in a stop."),
    Code.EDITOR_NOTE_LEFT_OUT: _n("An editor's note belongs to no article and was left out."),
    Code.TEMPLATE_PLACEHOLDER: _n("An empty place of a template was not filled in."),
    Code.TEXT_AFTER_BLOCKS: _n("Text after the distribution blocks was not read as an article."),
    Code.LETTERS_LOST: _n("So many letters of the file could not be told:"),
}


def doubt_text(doubt: Doubt) -> str:
    """Return a doubt as a line: where it is, what it is, and the text that it is about."""
    place = _("line {line}: ").format(line=doubt.line) if doubt.line else ""
    return f"{place}{_(SENTENCES[Code(doubt.code)])} {doubt.text}".rstrip()
