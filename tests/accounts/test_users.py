"""People who may sign in."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailer.accounts.models import Role, SignIn, User
from mailer.accounts.passwords import LongPasswordError, ShortPasswordError
from mailer.accounts.users import (
    LastAdminError,
    NoSuchRoleError,
    NoSuchUserError,
    SignInFailedError,
    UserExistsError,
    UserNameError,
    add_user,
    list_users,
    parse_role,
    set_password,
    set_role,
    sign_in,
    sign_out,
    signed_in,
)
from runtime.clock import now
from runtime.database import Database

PASSWORD = "a long winter"
DAY = timedelta(days=1)


def test_roles_include_those_before_them() -> None:
    """Viewer, editor, approver, admin."""
    roles = [Role.VIEWER, Role.EDITOR, Role.APPROVER, Role.ADMIN]
    for place, role in enumerate(roles):
        assert [role.includes(other) for other in roles] == [n <= place for n in range(4)]
    assert parse_role("approver") is Role.APPROVER
    with pytest.raises(NoSuchRoleError) as refused:
        parse_role("boss")
    assert refused.value.known == "viewer, editor, approver, admin"


def test_adding_a_user(session: Session) -> None:
    """The password is not kept, only a hash that says nothing of it."""
    add_user(session, "li.ming", PASSWORD, Role.EDITOR)
    (user,) = list_users(session)
    assert (user.name, user.role, user.active) == ("li.ming", "editor", True)
    assert user.password_hash.startswith("$argon2id$")
    assert PASSWORD not in user.password_hash
    with pytest.raises(UserExistsError):
        add_user(session, "li.ming", PASSWORD, Role.EDITOR)


@pytest.mark.parametrize("name", ["", "Li", "李明", "a b", "-li", "l" * 64, "li\n", "a\0b", "../x"])
def test_names_that_cannot_be(session: Session, name: str) -> None:
    """Refused with what is allowed."""
    with pytest.raises(UserNameError):
        add_user(session, name, PASSWORD, Role.VIEWER)


def test_passwords_that_cannot_be(session: Session) -> None:
    """Too short to be safe, or so long that hashing it would be an attack; nobody is added."""
    with pytest.raises(ShortPasswordError):
        add_user(session, "li", "short", Role.VIEWER)
    with pytest.raises(LongPasswordError):
        add_user(session, "li", "x" * 257, Role.VIEWER)
    assert list_users(session) == []


def test_signing_in_and_out(session: Session) -> None:
    """A token that only its holder knows, until it ends, is signed out, or the password changes."""
    add_user(session, "li", PASSWORD, Role.EDITOR)
    user, token = sign_in(session, "li", PASSWORD, now=now(), lasting=DAY)
    assert signed_in(session, token, now=now()) is user
    assert signed_in(session, token + "x", now=now()) is None
    assert signed_in(session, "", now=now()) is None
    assert signed_in(session, token, now=now() + DAY) is None
    kept = session.scalars(select(SignIn.token_hash)).one()
    assert token.encode() not in kept
    sign_out(session, token)
    assert signed_in(session, token, now=now()) is None
    _, second = sign_in(session, "li", PASSWORD, now=now(), lasting=DAY)
    set_password(session, "li", "another long winter")
    assert signed_in(session, second, now=now()) is None
    with pytest.raises(SignInFailedError):
        sign_in(session, "li", PASSWORD, now=now(), lasting=DAY)


def test_sign_ins_that_are_over_are_forgotten(session: Session) -> None:
    """The table does not grow with every morning."""
    add_user(session, "li", PASSWORD, Role.EDITOR)
    for days in range(3):
        sign_in(session, "li", PASSWORD, now=now() + days * DAY, lasting=DAY / 2)
    assert session.scalar(select(func.count()).select_from(SignIn)) == 1


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("li", "not the password"),
        ("wang", PASSWORD),
        ("", ""),
        ("li\0", PASSWORD),
        ("l" * 5000, PASSWORD),
        ("li", "x" * 100_000),
        ("LI", PASSWORD),
        ("off", PASSWORD),
    ],
)
def test_what_opens_nothing(session: Session, name: str, password: str) -> None:
    """One message, whichever of the two was wrong; an account that is switched off as well."""
    add_user(session, "li", PASSWORD, Role.EDITOR)
    add_user(session, "off", PASSWORD, Role.EDITOR).active = False
    session.flush()
    with pytest.raises(SignInFailedError):
        sign_in(session, name, password, now=now(), lasting=DAY)


def test_a_switched_off_user_is_signed_out(session: Session) -> None:
    """At the next page already."""
    user = add_user(session, "li", PASSWORD, Role.EDITOR)
    _, token = sign_in(session, "li", PASSWORD, now=now(), lasting=DAY)
    user.active = False
    session.flush()
    assert signed_in(session, token, now=now()) is None


def test_the_last_admin_stays_one(session: Session) -> None:
    """Somebody must be left to manage users; one who is switched off does not count."""
    add_user(session, "li", PASSWORD, Role.ADMIN)
    off = add_user(session, "off", PASSWORD, Role.ADMIN)
    off.active = False
    session.flush()
    with pytest.raises(LastAdminError):
        set_role(session, "li", Role.EDITOR)
    assert set_role(session, "li", Role.ADMIN).role == "admin"
    add_user(session, "wang", PASSWORD, Role.VIEWER)
    set_role(session, "wang", Role.ADMIN)
    assert set_role(session, "li", Role.EDITOR).role == "editor"
    with pytest.raises(NoSuchUserError):
        set_role(session, "nobody", Role.ADMIN)


def test_two_admins_who_demote_each_other(database: Database) -> None:
    """At the same time: one of them stays."""
    with database.transaction() as session:
        for name in ("li", "wang"):
            add_user(session, name, PASSWORD, Role.ADMIN)
    together = threading.Barrier(2)
    refused: list[LastAdminError] = []

    def demote(name: str) -> None:
        together.wait(10)
        try:
            with database.transaction() as session:
                set_role(session, name, Role.VIEWER)
        except LastAdminError as error:
            refused.append(error)

    threads = [threading.Thread(target=demote, args=[name]) for name in ("li", "wang")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    with database.transaction() as session:
        admins = session.scalar(select(func.count()).where(User.role == Role.ADMIN))
    assert (admins, len(refused)) == (1, 1)
