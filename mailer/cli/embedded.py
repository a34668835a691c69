"""``mailer embedded``: the PostgreSQL and Valkey that Jianbao brings along."""

from typing import Annotated

import typer

from mailer.cli.output import console, print_json
from runtime import embedded
from runtime.refusal import Refusal
from runtime.settings import load_settings, refuse_unknown
from runtime.text import translate as _

app = typer.Typer(
    name="embedded", help="The PostgreSQL and Valkey that come along.", no_args_is_help=True
)


class EmbeddedInUseError(Refusal):
    """The embedded services are in use. Stop `mailer up` or the command that uses them first, or
    stop them all the same with: mailer embedded stop --force
    """


@app.command("status")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show whether the embedded services run, and where."""
    refuse_unknown()
    home = load_settings().home.absolute()
    found = embedded.running(home)
    shown = {
        "running": found is not None,
        "in_use": embedded.in_use(home),
        "keeper_pid": found.pid if found else None,
        "data": str(found.data) if found else None,
        "sockets": str(found.sockets) if found else None,
    }
    if as_json:
        print_json(shown)
    elif found is None:
        console.print(_("The embedded services do not run; a command that needs them starts them."))
    else:
        text = _("The embedded services run (keeper {pid}).\nData: {data}\nSockets: {sockets}")
        console.print(
            text.format(pid=found.pid, data=found.data, sockets=found.sockets), markup=False
        )


@app.command("stop")
def stop(
    force: Annotated[bool, typer.Option("--force", help="Stop them though they are used.")] = False,
) -> None:
    """Stop the embedded services."""
    refuse_unknown()
    home = load_settings().home.absolute()
    if embedded.running(home) and embedded.in_use(home) and not force:
        raise EmbeddedInUseError
    stopped = embedded.stop(home)
    console.print(_("Stopped.") if stopped else _("The embedded services did not run."))
