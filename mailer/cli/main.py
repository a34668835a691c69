"""The command ``mailer``: mounts the groups of commands and turns refusals into exit codes."""

import os
import sys
from typing import NoReturn

import click
import typer
from psycopg import OperationalError as DriverError
from rich.markup import escape
from sqlalchemy.exc import OperationalError

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
    """Run a command; 0 is done, 1 refused with a reason, 2 wrong usage."""
    language.set("en" if os.environ.get("MAILER_LANGUAGE") == "en" else "zh_CN")
    command = typer.main.get_command(app)
    _localise(command)
    try:
        status = command.main(standalone_mode=False)
    except Refusal as refusal:
        errors.print(f"[red]{escape(str(refusal))}[/]")
        status = 1
    except click.ClickException as error:
        error.show()
        status = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        status = 130
    except (OperationalError, DriverError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[-1]
        message = translate(
            "The database cannot be reached or used: {reason}. Try `mailer doctor`."
        )
        errors.print(f"[red]{escape(message.format(reason=reason))}[/]")
        status = 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status if isinstance(status, int) else 0)


def _localise(command: click.Command) -> None:
    """Translate the help of a command, its options and its subcommands."""
    for name in ("help", "short_help"):
        text = getattr(command, name, None)
        if text:
            setattr(command, name, translate(" ".join(text.split())))
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = translate(parameter.help)  # type: ignore[attr-defined]
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _localise(child)


if __name__ == "__main__":
    run()
