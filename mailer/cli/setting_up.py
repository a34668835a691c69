"""``mailer init`` and ``mailer settings``."""

import os
from typing import Annotated

import typer
from pydantic import SecretStr

from mailer.actions.initialising import FirstBulletin, Initialised, initialise
from mailer.cli.context import open_runtime
from mailer.cli.output import console, print_json, table
from mailer.cli.users import read_password
from runtime.settings import PREFIX, SETTING_NAMES, Settings, load_settings, refuse_unknown
from runtime.text import translate as _


def init(
    slug: Annotated[
        str, typer.Option("--bulletin", help="Short name of the first bulletin, for commands.")
    ] = "bulletin",
    name: Annotated[str, typer.Option(help="Name of the first bulletin.")] = "工作简报",
    from_name: Annotated[
        str, typer.Option(help="Name that its mails come from; empty: the bulletin's name.")
    ] = "",
    from_address: Annotated[
        str, typer.Option(help="Address that its mails come from.")
    ] = "bulletin@localhost.example",
    admin: Annotated[str, typer.Option(help="Name of the first admin.")] = "admin",
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the admin's password from stdin.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring the database up; create the secret key, the first bulletin and the first admin."""
    password = read_password() if password_stdin else None
    first = FirstBulletin(
        slug=slug, name=name, from_name=from_name or name, from_address=from_address
    )
    with open_runtime() as runtime:
        done = initialise(runtime, first, admin, password)
    if as_json:
        print_json(
            {
                "revision": done.revision,
                "key_file": done.key_file,
                "bulletin": done.bulletin,
                "admin": done.admin,
                "password": done.password,
            }
        )
        return
    for line in _report(done):
        console.print(line, markup=False)


def _report(done: Initialised) -> list[str]:
    if done.revision_before == done.revision:
        lines = [_("The database is up to date ({revision}).").format(revision=done.revision)]
    else:
        lines = [_("The database stands at {revision} now.").format(revision=done.revision)]
    if done.key_file:
        lines.append(_("Secret key: {path} (keep a copy).").format(path=done.key_file))
    if done.bulletin:
        lines.append(_("First bulletin: {slug}.").format(slug=done.bulletin))
        lines.append(
            _("Set its name and sender with: mailer bulletins set {slug} …").format(
                slug=done.bulletin
            )
        )
    if done.admin:
        lines.append(_("First admin: {name}.").format(name=done.admin))
    if done.password:
        lines.append(
            _(
                "Password (shown this once; change it with `mailer users password`): {password}"
            ).format(password=done.password)
        )
    if not done.own_role:
        lines.append(
            _(
                "Note: the application uses the owner's database role, so PostgreSQL does not keep "
                "it from rewriting events. Set MAILER_DATABASE_OWNER_URL to a role of its own."
            )
        )
    return lines


def settings(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print every setting with its value, where it comes from, and what it means."""
    refuse_unknown()
    current = load_settings()
    rows = [
        {
            "name": PREFIX + name.upper(),
            "value": shown_value(getattr(current, name)),
            "source": _source(current, name),
            "meaning": _(Settings.model_fields[name].description or ""),
        }
        for name in SETTING_NAMES
    ]
    if as_json:
        print_json(rows)
        return
    table(
        [_("Setting"), _("Value"), _("Source"), _("Meaning")],
        ([row["name"], row["value"], row["source"], row["meaning"]] for row in rows),
    )


def shown_value(value: object) -> str:
    """Return a setting's value for people; secrets are masked."""
    if isinstance(value, SecretStr):
        return "********"
    return "" if value is None else str(value)


def _source(current: Settings, name: str) -> str:
    if PREFIX + name.upper() in os.environ:
        return _("environment")
    return ".env" if name in current.model_fields_set else _("default")
