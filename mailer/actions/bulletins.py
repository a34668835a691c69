"""Bulletins: adding one, and changing how it is sent."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailer.actions.scheduling import NoSuchZoneError, unlock
from mailer.actions.wording import BULLETIN_CHANGED
from mailer.issues.events import record
from mailer.issues.lifecycle import IssueState
from mailer.issues.models import Bulletin, DoubtPolicy, Issue
from mailer.rendering.themes import load_theme
from recipients.addresses import read_address
from recipients.list_tables import DistributionList
from recipients.names import tidy_name, tidy_optional
from runtime.refusal import Refusal
from runtime.text import translate as _

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class SlugError(Refusal):
    """{slug} cannot be the short name of a bulletin. Use up to 63 small letters, digits and
    hyphens, beginning with a letter or digit.
    """


class BulletinExistsError(Refusal):
    """There is a bulletin {slug} already. Choose another short name."""


class NoSuchPropertyError(Refusal):
    """A bulletin has no property {name}. It has: {known}."""


class PropertyValueError(Refusal):
    """{name} cannot be {value}. {hint}"""


def add_bulletin(
    session: Session, *, slug: str, name: str, from_name: str, from_address: str, actor: str
) -> Bulletin:
    """Add a bulletin with an empty distribution list."""
    if not _SLUG.fullmatch(slug):
        raise SlugError(slug=slug)
    if session.scalar(select(Bulletin.id).where(Bulletin.slug == slug)) is not None:
        raise BulletinExistsError(slug=slug)
    own_list = DistributionList(name=slug)
    session.add(own_list)
    session.flush()
    bulletin = Bulletin(
        slug=slug,
        name=tidy_name(name),
        from_name=tidy_name(from_name),
        from_address=_address(from_address),
        list_id=own_list.id,
    )
    session.add(bulletin)
    session.flush()
    record(session, "bulletin-added", actor=actor, data={"bulletin": slug})
    return bulletin


def set_property(
    session: Session, bulletin: Bulletin, name: str, value: str, *, actor: str, now: datetime
) -> list[int]:
    """Change a property; return the issues that went back to draft because of it.

    What is approved was approved with the old value, so it has to be submitted and approved anew.
    """
    if name not in SETTABLE:
        raise NoSuchPropertyError(name=name, known=", ".join(SETTABLE))
    before = getattr(bulletin, name)
    setattr(bulletin, name, _PARSERS[name](value))
    record(
        session,
        "bulletin-changed",
        actor=actor,
        data={"bulletin": bulletin.slug, "property": name, "before": str(before), "after": value},
    )
    open_states = (IssueState.SUBMITTED, IssueState.APPROVED, IssueState.SCHEDULED)
    issues = session.scalars(
        select(Issue.id).where(Issue.bulletin_id == bulletin.id, Issue.state.in_(open_states))
    ).all()
    for issue_id in issues:
        unlock(session, issue_id, reason=BULLETIN_CHANGED, actor=actor, now=now)
    return list(issues)


def _address(value: str) -> str:
    address = read_address(value)
    return f"{address.local}@{address.domain}"


def _optional_address(value: str) -> str | None:
    return _address(value) if value.strip() else None


def _theme(value: str) -> str:
    return load_theme(value.strip()).name


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise NoSuchZoneError(zone=value) from None
    return value


def _policy(value: str) -> DoubtPolicy:
    try:
        return DoubtPolicy(value)
    except ValueError:
        hint = _("Choose one of: {known}.").format(known=", ".join(DoubtPolicy))
        raise PropertyValueError(name="doubt_policy", value=value, hint=hint) from None


def _hours(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= 240:  # noqa: PLR2004 - as the table's CHECK
        hint = _("Give a number of hours from 1 to 240.")
        raise PropertyValueError(name="lifetime_hours", value=value, hint=hint)
    return int(value)


def _yes_or_no(value: str) -> bool:
    if value not in ("yes", "no"):
        raise PropertyValueError(name="second_person", value=value, hint=_("Say yes or no."))
    return value == "yes"


_PARSERS: Mapping[str, Callable[[str], object]] = {
    "contact": tidy_optional,
    "from_address": _address,
    "from_name": tidy_name,
    "name": tidy_name,
    "publisher": tidy_optional,
    "reply_to": _optional_address,
    "theme": _theme,
    "zone": _zone,
    "doubt_policy": _policy,
    "lifetime_hours": _hours,
    "second_person": _yes_or_no,
}
SETTABLE = tuple(_PARSERS)
