"""The first set-up: database, secret key, bulletin, admin. Safe to repeat."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from mailer.accounts.models import Role, User
from mailer.accounts.users import add_user
from mailer.actions.bulletins import add_bulletin
from mailer.actions.migrating import has_own_role, migrate
from mailer.issues.models import Bulletin
from runtime.process import Runtime
from runtime.secrets import create_secret_key


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstBulletin:
    """What the first bulletin is called and who it comes from."""

    slug: str
    name: str
    from_name: str
    from_address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Initialised:
    """What was done; what was there already is None or False.

    ``password`` is the new admin's when none was given: it is shown once and kept nowhere.
    """

    revision_before: str | None
    revision: str
    key_file: Path | None
    bulletin: str | None
    admin: str | None
    password: str | None
    own_role: bool


def initialise(
    runtime: Runtime, bulletin: FirstBulletin, admin: str, password: str | None
) -> Initialised:
    """Bring the database up; create what is missing of key, bulletin and admin."""
    before, after = migrate(runtime.owner_url, runtime.database.url)
    key_file = create_secret_key(runtime.settings)
    new_bulletin = new_admin = new_password = None
    with runtime.database.transaction() as session:
        if session.scalar(select(Bulletin.id).limit(1)) is None:
            added = add_bulletin(
                session,
                slug=bulletin.slug,
                name=bulletin.name,
                from_name=bulletin.from_name,
                from_address=bulletin.from_address,
                actor="init",
            )
            new_bulletin = added.slug
        if session.scalar(select(User.id).where(User.role == Role.ADMIN).limit(1)) is None:
            new_password = None if password else secrets.token_urlsafe(12)
            new_admin = add_user(session, admin, password or new_password or "", Role.ADMIN).name
    return Initialised(
        revision_before=before,
        revision=after,
        key_file=key_file,
        bulletin=new_bulletin,
        admin=new_admin,
        password=new_password,
        own_role=has_own_role(runtime.owner_url, runtime.database.url),
    )
