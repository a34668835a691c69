"""What the tests of an issue's life share."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from mailer.issues.events import Event
from mailer.issues.models import Issue
from runtime.text import language


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages in their source language."""
    token = language.set("en")
    yield
    language.reset(token)


def fresh(session: Session, issue: Issue) -> Issue:
    """Return an issue as the database has it now."""
    session.flush()
    session.refresh(issue)
    return issue


def kinds(session: Session, issue: Issue) -> list[str]:
    """Return the kinds of an issue's events."""
    found = select(Event.kind).where(Event.issue_id == issue.id).order_by(Event.id)
    return list(session.scalars(found))


def row_counts(session: Session) -> dict[str, int]:
    """Return the number of rows of every table."""
    session.flush()
    tables = session.scalars(
        text(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
            " AND relnamespace = 'public'::regnamespace ORDER BY 1"
        )
    ).all()
    counts = " UNION ALL ".join(f"SELECT '{name}' AS name, count(*) FROM {name}" for name in tables)
    return {name: n for name, n in session.execute(text(counts))}  # noqa: C416 - typed rows
