"""An invented office: its units, and issues of its bulletin at each stage of their life."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.adding import add_issue
from mailer.actions.approving import approve
from mailer.actions.bulletins import add_bulletin
from mailer.actions.freezing import freeze_issue
from mailer.actions.listing import sync_list
from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import send_now
from mailer.actions.submitting import submit
from mailer.issues.models import Bulletin, Issue
from mailer.reading.limits import Limits
from recipients.addresses import read_address
from recipients.names import key
from recipients.units import Channel, Mailbox, Unit
from runtime.clock import now

LIMITS = Limits()
SECRET = b"k" * 43
SAMPLES = Path(__file__).parents[1] / "samples"
_NUMBERS = itertools.count(1)

UNITS: Mapping[str, Sequence[str]] = {
    "市委办公室": ["wb@dangwei.example"],
    "市政府办公室": ["zf@zhengfu.example"],
    "市财政局": ["cz@caizheng.example", "bgs@caizheng.example"],
    "市文明办": ["office@wenming.example"],
    "市委宣传部": ["office@wenming.example"],
}


def add_units(session: Session, units: Mapping[str, Sequence[str]] = UNITS) -> dict[str, int]:
    """Add units with their addresses; one without any gets its issues on paper."""
    ids = {}
    for name, addresses in units.items():
        unit = Unit(
            name=name,
            key=key(name),
            pinyin="",
            initials="",
            channel=Channel.EMAIL if addresses else Channel.PAPER,
        )
        session.add(unit)
        session.flush()
        ids[name] = unit.id
        for address in addresses:
            add_mailbox(session, unit.id, address)
    return ids


def add_mailbox(session: Session, unit: int, address: str) -> None:
    """Give a unit another address."""
    known = read_address(address)
    session.add(Mailbox(unit_id=unit, address=known.written, normalised=known.normalised))
    session.flush()


def the_bulletin(session: Session) -> Bulletin:
    """Return the office's bulletin, made at the first call."""
    return session.scalar(select(Bulletin)) or add_bulletin(
        session,
        slug="yunwan",
        name="云湾市工作简报",
        from_name="云湾市政府办公室",
        from_address="bulletin@yunwan.example",
        actor="test",
    )


def source(
    blocks: Mapping[str, Sequence[str]] | None = None,
    *,
    number: int | None = None,
    mark: str = "",
) -> bytes:
    """Return a bulletin as a text file, each one different; ``mark`` is its first line."""
    number = number or next(_NUMBERS)
    if blocks is None:
        blocks = {
            "报": ["市委办公室", "市政府办公室"],
            "送": ["市财政局", "市文明办", "市委宣传部"],
        }
    printed = "\n".join(f"{kind}：{'，'.join(entries)}" for kind, entries in blocks.items())
    return (
        (
            f"{mark}\n云湾市工作简报\n\n2026年第{number}期（总第{120 + number}期）\n\n"
            f"云湾市政府办公室编\n\n2026年11月20日\n\n"
            f"云湾市完成第{number}轮堤防检查\n\n"
            "近日，云湾市组织专人对全市堤防逐段检查，发现的问题已经登记。\n\n"
            f"会议要求，各单位按照分工抓好落实。\n\n{printed}\n"
        )
        .lstrip()
        .encode()
    )


def drafted(session: Session, blocks: Mapping[str, Sequence[str]] | None = None) -> Issue:
    """Add an issue and mirror its blocks into the list."""
    bulletin = the_bulletin(session)
    issue = add_issue(
        session, bulletin, source(blocks), "issue.txt", actor="editor", limits=LIMITS
    ).issue
    if blocks != {}:
        sync_list(session, bulletin, issue.id, actor="editor", now=now())
    return issue


def submitted(session: Session, blocks: Mapping[str, Sequence[str]] | None = None) -> Issue:
    """Add an issue, submit it and render it."""
    issue = drafted(session, blocks)
    submit(session, issue.id, actor="editor", now=now())
    assert render_issue(session, issue.id, actor="worker", limits=LIMITS)
    return issue


def approved(session: Session, blocks: Mapping[str, Sequence[str]] | None = None) -> Issue:
    """Add an issue and take it to its approval."""
    issue = submitted(session, blocks)
    return approve(session, issue.id, allow_unresolved=None, actor="approver", now=now())


def scheduled(session: Session, blocks: Mapping[str, Sequence[str]] | None = None) -> Issue:
    """Add an issue that is due now."""
    issue = approved(session, blocks)
    return send_now(session, issue.id, actor="approver", now=now())


def sending(session: Session, blocks: Mapping[str, Sequence[str]] | None = None) -> Issue:
    """Add an issue and freeze it."""
    issue = scheduled(session, blocks)
    assert freeze_issue(session, issue.id, secret=SECRET, actor="sweep", now=now())
    return issue
