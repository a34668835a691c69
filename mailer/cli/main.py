"""The command ``mailer``: mounts the groups of commands and turns refusals into exit codes."""

import os
import sys
from typing import NoReturn

import typer
from psycopg import OperationalError as DriverError
from sqlalchemy.exc import OperationalError
from typer.core import TyperGroup

import celery_app  # noqa: F401 - tasks that commands publish need the configured application
from mailer.cli import (
    bulletins,
    embedded,
    groups,
    issues,
    lists,
    log,
    reading,
    serving,
    setting_up,
    units,
    users,
)
from mailer.cli.output import errors
from runtime.refusal import Refusal
from runtime.text import language, translate

app = typer.Typer(
    help="Jianbao: sends an office's bulletin to the units of its blocks, and keeps the proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("read")(reading.read)
app.command("init")(setting_up.init)
app.command("settings")(setting_up.settings)
app.command("up")(serving.up)
app.command("web", hidden=True)(serving.web)
app.command("worker", hidden=True)(serving.worker)
app.command("beat", hidden=True)(serving.beat)
for group in (bulletins, issues, lists, units, groups, log, users, embedded):
    app.add_typer(group.app)


def run() -> NoReturn:
    """Run a command; exit with 0 when done, 1 when refused with a reason, 2 for wrong usage."""
    language.set("en" if os.environ.get("MAILER_LANGUAGE") == "en" else "zh_CN")
    command = typer.main.get_command(app)
    _localise(command)
    try:
        command()
    except Refusal as refusal:
        _say(str(refusal))
    except (OperationalError, DriverError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[-1]
        _say(
            translate(
                "The database cannot be reached or used: {reason}. Check that it runs, and "
                "MAILER_DATABASE_URL."
            ).format(reason=reason)
        )
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)


def _say(message: str) -> None:
    errors.print(message, style="red", markup=False, soft_wrap=True)


def _localise(command: object) -> None:
    """Translate the help of a command, its options and its subcommands."""
    for name in ("help", "short_help"):
        text = getattr(command, name, None)
        if isinstance(text, str):
            setattr(command, name, translate(" ".join(text.split())))
    for parameter in getattr(command, "params", ()):
        _localise(parameter)
    if isinstance(command, TyperGroup):
        for child in command.commands.values():
            _localise(child)


if __name__ == "__main__":
    run()
