"""The HTML part: the theme's template, its styles inlined, its slots still marked."""

import re
from itertools import pairwise

from mailer.rendering.cutting import Mark, mark
from mailer.rendering.model import SenderIdentity
from mailer.rendering.rendition import Field
from mailer.rendering.themes import Theme, Words
from mailer.rendering.view import IssueView

_PREHEADER = 80
_LONG_WORD = re.compile(r"[^\s\u2e80-\uffef]{31,}")
_WORD_PIECE = 16
_KEEP = ' data-css-inline="keep"'
_SIZES = ((9, "name-9"), (12, "name-12"), (16, "name-16"))
# Marks hold nothing that HTML would escape, so they pass autoescaping as they are.
_MARKS = {name.replace("-", "_"): mark(Mark(name)) for name in Mark}
_FIELDS = {name.value: mark(name) for name in Field}


def html_part(
    view: IssueView,
    identity: SenderIdentity,
    theme: Theme,
    words: Words,
    *,
    subject: str,
    reason: str,
    links: bool,
    content_ids: tuple[str, ...],
) -> str:
    """Return the document with its marks, lines ending in CRLF.

    ``reason`` says why one gets the mail; ``content_ids`` name the pictures (RFC 2392) in order.
    """
    page = theme.template.render(
        view=view,
        identity=identity,
        words=words,
        subject=subject,
        reason=reason,
        links=links,
        preheader=preheader(view),
        name_class=_name_class(view.masthead),
        content_ids=content_ids,
        word_pieces=word_pieces,
        mark=_MARKS,
        field=_FIELDS,
        adaptive_css=theme.adaptive_css,
        colour=theme.colours["light"],
    )
    # Only the first: the style sheet stands before anything that an issue could print.
    inlined = theme.inliner.inline(page).replace(_KEEP, "", 1)
    return inlined.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\r\n")


def preheader(view: IssueView) -> str:
    """Return what a list of mails shows behind the subject: the headlines, as far as they fit."""
    shown = "；".join(article.title for article in view.articles if article.title)
    return shown if len(shown) <= _PREHEADER else f"{shown[: _PREHEADER - 1]}…"


def word_pieces(text: str) -> list[str]:
    """Return ``text`` in pieces between which it may break inside a word.

    Without them one long web address would widen the whole sheet. The theme puts ``wbr`` between
    them, which is not copied with the text.
    """
    places = [0]
    for word in _LONG_WORD.finditer(text):
        places += range(word.start() + _WORD_PIECE, word.end(), _WORD_PIECE)
    return [text[i:j] for i, j in pairwise([*places, len(text)])]


def _name_class(masthead: tuple[str, ...]) -> str:
    """Return the size in which the longest line of the bulletin's name fits the sheet."""
    longest = max(len(line) for line in masthead)
    return next((name for limit, name in _SIZES if longest <= limit), "name-long")
