"""How a command prints: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import Enum

from rich.console import Console
from rich.table import Table

_FILE_WIDTH = 200
"""Columns where the output is no terminal: a log or a pipe need not be folded at eighty."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else _FILE_WIDTH)
errors = Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """Print ``value`` as UTF-8 JSON on standard output."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=1, default=_plain)
    sys.stdout.write("\n")


def _plain(value: object) -> object:
    """Return the JSON form of a value that JSON does not know."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
    """Print a table; cells are text and never markup, since they hold what others wrote."""
    grid = Table(
        title=title or None, title_justify="left", header_style="bold", box=None, pad_edge=False
    )
    for heading in headings:
        grid.add_column(heading, overflow="fold")
    for row in rows:
        grid.add_row(
            *(Console().render_str(str(cell), markup=False, highlight=False) for cell in row)
        )
    console.print(grid)
