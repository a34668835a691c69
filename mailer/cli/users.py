"""``mailer users``: accounts, without the pages."""

import sys
from typing import Annotated

import typer

from mailer.accounts import users
from mailer.cli.context import open_runtime
from mailer.cli.output import console, print_json, table
from runtime.refusal import Refusal
from runtime.text import translate as _

app = typer.Typer(name="users", help="People who may sign in to the pages.", no_args_is_help=True)


class PasswordNotTextError(Refusal):
    """The password that was given on standard input is not in UTF-8. Give it in UTF-8."""


Name = Annotated[str, typer.Argument(help="The user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[str, typer.Option(help="viewer, editor, approver or admin.")] = "viewer",
    as_json: AsJson = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    parsed = users.parse_role(role)
    password = ask_password()
    with open_runtime() as runtime, runtime.database.transaction() as session:
        user = users.add_user(session, name, password, parsed)
        shown = {"id": user.id, "name": user.name, "role": user.role}
    if as_json:
        print_json(shown)
    else:
        console.print(_("Added {name} as {role}.").format(name=name, role=parsed), markup=False)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the users."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        rows = [
            {"name": user.name, "role": user.role, "active": user.active, "since": user.created_at}
            for user in users.list_users(session)
        ]
    if as_json:
        print_json(rows)
        return
    table(
        [_("Name"), _("Role"), _("Active"), _("Since")],
        (
            [row["name"], row["role"], _("yes") if row["active"] else _("no"), f"{row['since']:%F}"]
            for row in rows
        ),
    )


@app.command("password")
def password(name: Name) -> None:
    """Give a user another password, and sign out their browsers."""
    new = ask_password()
    with open_runtime() as runtime, runtime.database.transaction() as session:
        users.set_password(session, name, new)
    console.print(_("The password of {name} is changed.").format(name=name), markup=False)


@app.command("role")
def role(
    name: Name,
    new: Annotated[str, typer.Argument(help="viewer, editor, approver or admin.")],
) -> None:
    """Give a user another role."""
    parsed = users.parse_role(new)
    with open_runtime() as runtime, runtime.database.transaction() as session:
        users.set_role(session, name, parsed)
    console.print(_("{name} is {role} now.").format(name=name, role=parsed), markup=False)


def ask_password() -> str:
    """Return a password typed twice, or the first line of a standard input that is no terminal."""
    if not sys.stdin.isatty():
        return read_password()
    return str(typer.prompt(_("Password"), hide_input=True, confirmation_prompt=True))


def read_password() -> str:
    """Return the first line of standard input.

    Raises:
        PasswordNotTextError: it cannot be decoded.

    """
    try:
        return sys.stdin.readline().rstrip("\n")
    except UnicodeDecodeError:
        raise PasswordNotTextError from None
