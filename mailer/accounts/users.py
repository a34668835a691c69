"""People who may sign in: adding them, changing what they may do, signing them in and out."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailer.accounts.models import Role, SignIn, User
from mailer.accounts.passwords import NOBODY, hash_password, password_matches
from runtime.refusal import Refusal

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


class UserNameError(Refusal):
    """{name} cannot be a user name. Use up to 63 small letters, digits, dots, hyphens or
    underscores, beginning with a letter or digit.
    """


class UserExistsError(Refusal):
    """There is a user {name} already. To change the password: mailer users password {name}"""


class NoSuchUserError(Refusal):
    """There is no user {name}. `mailer users list` shows all."""


class NoSuchRoleError(Refusal):
    """There is no role {role}. Choose one of: {known}."""


class LastAdminError(Refusal):
    """{name} is the last admin. Make somebody else an admin first."""


class SignInFailedError(Refusal):
    """The name or the password is wrong."""


def parse_role(role: str) -> Role:
    """Return the role of that name."""
    try:
        return Role(role)
    except ValueError:
        raise NoSuchRoleError(role=role, known=", ".join(Role)) from None


def add_user(session: Session, name: str, password: str, role: Role) -> User:
    """Add a user."""
    if not _NAME.fullmatch(name):
        raise UserNameError(name=name)
    if session.scalar(select(User.id).where(User.name == name)) is not None:
        raise UserExistsError(name=name)
    user = User(name=name, password_hash=hash_password(password), role=role)
    session.add(user)
    session.flush()
    return user


def get_user(session: Session, name: str) -> User:
    """Return the user called ``name``."""
    user = session.scalar(select(User).where(User.name == name).with_for_update())
    if user is None:
        raise NoSuchUserError(name=name)
    return user


def list_users(session: Session) -> list[User]:
    """Return all users by name."""
    return list(session.scalars(select(User).order_by(User.name)))


def set_password(session: Session, name: str, password: str) -> User:
    """Give a user another password; every browser of theirs is signed out."""
    user = get_user(session, name)
    user.password_hash = hash_password(password)
    session.execute(delete(SignIn).where(SignIn.user_id == user.id))
    return user


def set_role(session: Session, name: str, role: Role) -> User:
    """Give a user another role.

    Raises:
        LastAdminError: nobody would be left to manage users.

    """
    # All of them are locked: two admins who demote each other at once must not both succeed.
    admins = session.scalars(
        select(User.name)
        .where(User.role == Role.ADMIN, User.active)
        .order_by(User.id)
        .with_for_update()
    ).all()
    user = get_user(session, name)
    if role is not Role.ADMIN and list(admins) == [name]:
        raise LastAdminError(name=name)
    user.role = role
    return user


def sign_in(
    session: Session, name: str, password: str, *, now: datetime, lasting: timedelta
) -> tuple[User, str]:
    """Check a password; return the user and a token for the browser to keep.

    Raises:
        SignInFailedError: name or password are wrong; which of them is not told.

    """
    user = None
    if _NAME.fullmatch(name):  # anything else is no name, and may be more than PostgreSQL takes
        user = session.scalar(select(User).where(User.name == name, User.active))
    matches = password_matches(password, user.password_hash if user else NOBODY)
    if user is None or not matches:
        raise SignInFailedError
    token = secrets.token_urlsafe(32)
    session.execute(delete(SignIn).where(SignIn.expires_at < now))
    session.add(
        SignIn(token_hash=_hash(token), user_id=user.id, created_at=now, expires_at=now + lasting)
    )
    return user, token


def signed_in(session: Session, token: str, *, now: datetime) -> User | None:
    """Return who holds ``token``, or None if nobody does (any more)."""
    found = session.scalar(
        select(SignIn).where(SignIn.token_hash == _hash(token), SignIn.expires_at > now)
    )
    return found.user if found is not None and found.user.active else None


def sign_out(session: Session, token: str) -> None:
    """Forget ``token``."""
    session.execute(delete(SignIn).where(SignIn.token_hash == _hash(token)))


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
