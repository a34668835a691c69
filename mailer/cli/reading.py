"""``mailer read``: what the reader sees in a file."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from mailer.actions.doubt_words import doubt_text
from mailer.cli.files import read_source
from mailer.cli.output import console, print_json, table
from mailer.issues.naming import issue_number
from mailer.reading.contract import to_json_dict
from mailer.reading.limits import Limits
from mailer.reading.model import Article, IssueDocument, Paragraph
from mailer.reading.reading import read_bytes
from runtime.settings import load_settings, refuse_unknown
from runtime.text import translate as _


def read(
    file: Annotated[Path, typer.Argument(help="The bulletin: .txt, .docx or .pdf.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON (the read contract).")
    ] = False,
) -> None:
    """Show what is read in a file: masthead, articles, distribution blocks, doubts."""
    refuse_unknown()
    limits = Limits(size=load_settings().max_source_bytes)
    document = read_bytes(read_source(file), file.name, limits)
    if as_json:
        print_json(to_json_dict(document))
    else:
        show_document(document)


def show_document(document: IssueDocument) -> None:
    """Print a readable card of a document."""
    console.print(f"[bold red]{escape(document.title or _('(no name)'))}[/]")
    number = issue_number(document.year, document.number, document.total)
    line = "  ".join(part for part in (number, document.publisher, document.date) if part)
    console.print(escape(line or _("(no number, publisher or date)")))
    marks = [mark for mark in (document.secrecy, document.urgency) if mark]
    if marks:
        console.print(f"[bold white on red] {escape(' '.join(marks))} [/]")
    console.print()
    table(
        ["", _("Headline"), _("Paragraphs"), _("Characters")],
        (
            [number, _headline(article), _paragraphs(article), _characters(article)]
            for number, article in enumerate(document.articles, 1)
        ),
    )
    for block in document.blocks:
        console.print(f"\n[bold]{escape(block.kind)}[/] ({len(block.entries)})")
        for entry in block.entries:
            console.print(f"  {escape(entry)}")
    if document.warnings:
        console.print(f"\n[yellow]{escape(_('Doubts'))}[/]")
        for warning in document.warnings:
            console.print(f"  {escape(doubt_text(warning))}  [dim]{warning.code}[/]")


def _headline(article: Article) -> str:
    return article.title + (f" {article.subtitle}" if article.subtitle else "")


def _paragraphs(article: Article) -> int:
    return sum(isinstance(part, Paragraph) for part in article.body)


def _characters(article: Article) -> int:
    return sum(len(part.text) for part in article.body if isinstance(part, Paragraph))
