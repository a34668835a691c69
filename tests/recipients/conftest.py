"""What the tests of this folder share."""

from collections.abc import Callable

import pytest
from sqlalchemy.orm import Session

from recipients.directory import Directory, KnownName, NameUse, Subject
from recipients.import_planning import ImportPlan
from recipients.importing import apply_import, plan_import
from recipients.sheets import read_sheet

MakeDirectory = Callable[..., Directory]
ImportText = Callable[[str], ImportPlan]


@pytest.fixture
def import_text(session: Session) -> ImportText:
    """Return a way to import a table that is written out in the test."""

    def run(text: str) -> ImportPlan:
        sheet = read_sheet(text.strip().encode(), "directory.csv")
        plan = plan_import(session, sheet)
        apply_import(session, plan)
        return plan

    return run


@pytest.fixture(scope="session")
def make_directory() -> MakeDirectory:
    """Return a way to write a directory as shortly as it can be."""
    return _directory


def _directory(units: str = "", groups: str = "") -> Directory:
    """Return a directory of ``units`` and ``groups``: one a line, ``name = alias = alias``.

    A former name is marked by ``*``. Ids count from 1 in each of the two.
    """
    names = []
    for is_group, lines in ((False, units), (True, groups)):
        for number, line in enumerate(filter(None, map(str.strip, lines.splitlines())), start=1):
            official, *others = (part.strip() for part in line.split("="))
            subject = Subject(is_group=is_group, id=number)
            uses = [(official, NameUse.NAME)]
            uses += [
                (other.removesuffix("*"), NameUse.FORMER if other.endswith("*") else NameUse.ALIAS)
                for other in others
            ]
            names += [
                KnownName(subject=subject, text=text, use=use, official=official)
                for text, use in uses
            ]
    return Directory.of(names)
