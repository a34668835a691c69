"""Partitions of events and attempts, made ahead of the months that they hold."""

from sqlalchemy import text
from sqlalchemy.orm import Session


def make_partitions(session: Session) -> int:
    """Make the partitions of this month and the next three; return how many were missing."""
    return session.scalar(text("SELECT ensure_partitions()")) or 0
