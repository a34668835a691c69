"""The command ``mailer``: mounts the groups of commands and turns refusals into exit codes."""

import os
import sys
import tempfile
import traceback
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import typer
from typer.core import TyperGroup

from mailer.cli.output import errors
from runtime.refusal import Refusal
from runtime.settings import load_settings
from runtime.text import language, translate

# Imported when they are called for: the whole of the system takes a second to load, a command that
# needs a part of it should not wait for that.
_COMMANDS = {
    "read": "mailer.cli.reading:read",
    "init": "mailer.cli.setting_up:init",
    "settings": "mailer.cli.setting_up:settings",
    "log": "mailer.cli.log:log",
    "up": "mailer.cli.serving:up",
    "demo": "mailer.cli.demo:demo",
}
_INNER_COMMANDS = {
    "worker": "mailer.cli.serving:worker",
    "beat": "mailer.cli.serving:beat",
}
_MISSING_TABLE = ("42P01", "42703")
"""SQLSTATE of a table or column that is not there: the database is empty, or of an old version."""
_GROUPS = ("bulletins", "issues", "lists", "units", "groups", "users", "embedded")


def build(wanted: str | None) -> typer.Typer:
    """Return the application with the command or group ``wanted``; with all where it is neither."""
    app = typer.Typer(
        help="Jianbao: sends an office's bulletin to the units of its blocks, and keeps the proof.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def _root() -> None:
        """Keep the commands' names, also while there is a single one."""

    every = (*_COMMANDS, *_INNER_COMMANDS, *_GROUPS)
    for name in (wanted,) if wanted in every else every:
        if name in _GROUPS:
            app.add_typer(import_module(f"mailer.cli.{name}").app)
        else:
            place = _COMMANDS.get(name) or _INNER_COMMANDS[name]
            module, _, function = place.partition(":")
            hidden = name in _INNER_COMMANDS
            app.command(name, hidden=hidden)(getattr(import_module(module), function))
    return app


def run() -> NoReturn:
    """Run a command; exit with 0 when done, 1 when refused with a reason, 2 for wrong usage."""
    with suppress(Refusal):  # the command itself says what is wrong with the settings
        language.set(load_settings().language)
    arguments = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    command = typer.main.get_command(build(arguments[0] if arguments else None))
    _localise(command)
    try:
        command()
    except Refusal as refusal:
        _say(str(refusal))
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user
        _say(_explain(error))
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(1)


def _explain(error: Exception) -> str:
    """Return what a person is told of an error that is no refusal; the rest goes to a file."""
    # SQLAlchemy and psycopg are not imported here: most commands that fail need neither.
    if type(error).__name__ == "OperationalError":
        reason = str(getattr(error, "orig", error)).strip().splitlines()[-1]
        return translate(
            "The database cannot be reached or used: {reason}. Check that it runs, and "
            "MAILER_DATABASE_URL."
        ).format(reason=reason)
    if getattr(getattr(error, "orig", None), "sqlstate", None) in _MISSING_TABLE:
        from mailer.actions.revisions import (  # noqa: PLC0415 - only where it is needed
            DatabaseNotReadyError,
            head,
        )

        return str(DatabaseNotReadyError(found="-", wanted=head()))
    file = Path(tempfile.gettempdir()) / f"jianbao-fault-{os.getpid()}.txt"
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write("".join(traceback.format_exception(error)))
    return translate(
        "This is a fault of Jianbao itself ({kind}); nothing half-done was kept. Please report it "
        "with the file {file}."
    ).format(kind=type(error).__name__, file=file)


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
