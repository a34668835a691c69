"""Adding an issue: what is kept, and of what nothing is kept."""

import hashlib

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.adding import IssueExistsError, SecretFileError, add_issue
from mailer.actions.bulletins import add_bulletin
from mailer.issues.events import Event
from mailer.issues.models import Issue, IssueSource
from mailer.reading.errors import UnreadableFile
from mailer.reading.limits import Limits
from mailer.reading.reading import read_bytes
from tests.issues.conftest import row_counts
from tests.issues.office import LIMITS, source, the_bulletin


def test_an_issue_is_kept_with_its_source_and_what_was_read(session: Session) -> None:
    """Byte for byte, with the hash, the masthead in columns, and an event."""
    data = source(number=7)
    added = add_issue(session, the_bulletin(session), data, "a/b/7.txt", actor="li", limits=LIMITS)
    session.flush()
    issue = session.scalars(select(Issue)).one()
    assert (issue.number, issue.year, issue.total) == (7, 2026, 127)
    assert (issue.state, issue.state_before) == ("draft", None)
    assert issue.title == "云湾市工作简报"
    assert str(issue.issue_date) == "2026-11-20"
    assert issue.source_name == "7.txt"
    assert issue.source_sha256 == hashlib.sha256(data).hexdigest()
    assert session.scalars(select(IssueSource.data)).one() == data
    assert [block.kind for block in added.document.blocks] == ["报", "送"]
    event = session.scalars(select(Event).where(Event.issue_id == issue.id)).one()
    assert (event.kind, event.actor, event.data["sha256"]) == ("added", "li", issue.source_sha256)


@pytest.mark.parametrize("mark", ["秘密", "机密", "绝密", "机密★1年"])
def test_nothing_of_a_marked_file_is_kept(session: Session, mark: str) -> None:
    """No row in any table: not the file, not what was read, not even an event."""
    bulletin = the_bulletin(session)
    before = row_counts(session)
    with pytest.raises(SecretFileError) as refused:
        add_issue(session, bulletin, source(mark=mark), "7.txt", actor="li", limits=LIMITS)
    assert mark[:2] in str(refused.value)
    assert "7.txt" in str(refused.value)
    assert row_counts(session) == before


def test_the_same_file_twice_is_refused(session: Session) -> None:
    """Under whatever name: the message says which issue it is, and where that stands."""
    bulletin = the_bulletin(session)
    data = source(number=8)
    first = add_issue(session, bulletin, data, "8.txt", actor="li", limits=LIMITS).issue
    before = row_counts(session)
    with pytest.raises(IssueExistsError) as refused:
        add_issue(session, bulletin, data, "copy of 8.txt", actor="wang", limits=LIMITS)
    assert refused.value.issue == first.id
    assert "2026年第8期（总第128期）" in str(refused.value)
    assert "draft" in str(refused.value)
    assert row_counts(session) == before


def test_another_bulletin_may_have_the_same_file(session: Session) -> None:
    """Two offices print one paper; each sends it to its own list."""
    own = the_bulletin(session)
    other = add_bulletin(
        session,
        slug="other",
        name="另一份简报",
        from_name="另一处",
        from_address="other@yunwan.example",
        actor="test",
    )
    data = source()
    for bulletin in (own, other):
        add_issue(session, bulletin, data, "a.txt", actor="li", limits=LIMITS)
    session.flush()
    assert len(session.scalars(select(Issue)).all()) == 2


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "empty.txt"),
        (b"   \n\n ", "blank.txt"),
        (b"PK\x03\x04 torn", "torn.docx"),
        (b"%PDF-1.7 nothing", "broken.pdf"),
        (b"\x00\x01\x02\x03" * 64, "noise.txt"),
    ],
)
def test_a_file_without_text_is_refused(session: Session, data: bytes, name: str) -> None:
    """It says which file and why, and keeps nothing."""
    bulletin = the_bulletin(session)
    before = row_counts(session)
    with pytest.raises(UnreadableFile) as refused:
        add_issue(session, bulletin, data, name, actor="li", limits=LIMITS)
    assert name in str(refused.value)
    assert row_counts(session) == before


def test_a_file_over_the_limit_is_refused(session: Session) -> None:
    """The limit is a setting."""
    with pytest.raises(UnreadableFile):
        add_issue(
            session, the_bulletin(session), source(), "a.txt", actor="li", limits=Limits(size=100)
        )


def test_numbers_that_no_column_holds(session: Session) -> None:
    """An absurd number in print is read and kept, or refused with a reason; never a crash."""
    text = (
        source(number=7)
        .decode()
        .replace("第7期（总第127期）", "第99999999999期（总第99999999999期）")
    )
    document = read_bytes(text.encode(), "a.txt", LIMITS)
    added = add_issue(
        session, the_bulletin(session), text.encode(), "a.txt", actor="li", limits=LIMITS
    )
    session.flush()
    assert (added.issue.number, added.issue.total) in [
        (None, None),
        (document.number, document.total),
    ]


def test_control_characters_do_not_reach_the_database(session: Session) -> None:
    """PostgreSQL holds no NUL in text; a file may."""
    data = source().replace("堤防".encode(), "堤\x00防\x1b[31m".encode())
    try:
        add_issue(session, the_bulletin(session), data, "a.txt", actor="li", limits=LIMITS)
    except UnreadableFile:
        return
    session.flush()
    assert "\x00" not in str(session.scalars(select(Issue.document)).one())


def test_a_very_long_headline_and_name(session: Session) -> None:
    """300 characters of headline are kept whole; a file name is cut at its beginning."""
    headline = "云湾市" + "进一步" * 99
    text = source(number=9).decode().replace("云湾市完成第9轮堤防检查", headline)
    name = "很长的" * 100 + "文件名.txt"
    add_issue(session, the_bulletin(session), text.encode(), name, actor="li", limits=LIMITS)
    session.flush()
    issue = session.scalars(select(Issue)).one()
    assert headline in str(issue.document)
    assert len(issue.source_name) <= 255
    assert issue.source_name.endswith("文件名.txt")
