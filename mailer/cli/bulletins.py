"""``mailer bulletins``: the series, and how each is sent."""

from typing import Annotated

import typer
from sqlalchemy import select

from mailer.actions import bulletins
from mailer.cli.context import actor, open_runtime
from mailer.cli.output import console, print_json, table
from mailer.issues.lookup import get_bulletin
from mailer.issues.models import Bulletin
from runtime.clock import now
from runtime.text import translate as _

app = typer.Typer(
    name="bulletins", help="Bulletins: names, senders, policies.", no_args_is_help=True
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Slug = Annotated[str, typer.Argument(help="The bulletin's short name.")]


@app.command("add")
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="Name of the bulletin.")],
    from_address: Annotated[str, typer.Option(help="Address that its mails come from.")],
    from_name: Annotated[str, typer.Option(help="Name that its mails come from.")] = "",
    as_json: AsJson = False,
) -> None:
    """Add a bulletin with an empty distribution list."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        added = bulletins.add_bulletin(
            session,
            slug=slug,
            name=name,
            from_name=from_name or name,
            from_address=from_address,
            actor=actor(),
        )
        shown = _properties(added)
    if as_json:
        print_json(shown)
    else:
        console.print(_("Added the bulletin {slug}.").format(slug=slug), markup=False)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """List the bulletins."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        rows = [_properties(row) for row in session.scalars(select(Bulletin).order_by(Bulletin.id))]
    if as_json:
        print_json(rows)
        return
    table(
        [_("Short name"), _("Name"), _("From")],
        ([row["slug"], row["name"], row["from_address"]] for row in rows),
    )


@app.command("show")
def show(slug: Slug, as_json: AsJson = False) -> None:
    """Show what is set for a bulletin."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        shown = _properties(get_bulletin(session, slug))
    if as_json:
        print_json(shown)
    else:
        table([_("Property"), _("Value")], ([key, _plain(value)] for key, value in shown.items()))


@app.command("set")
def set_(
    slug: Slug,
    name: Annotated[str, typer.Argument(help="The property; `show` lists them.")],
    value: Annotated[str, typer.Argument(help="Its new value.")],
) -> None:
    """Change a property; issues that are approved already go back to draft."""
    with open_runtime() as runtime, runtime.database.transaction() as session:
        bulletin = get_bulletin(session, slug)
        issues = bulletins.set_property(session, bulletin, name, value, actor=actor(), now=now())
    console.print(_("Changed."))
    if issues:
        numbers = ", ".join(str(issue) for issue in issues)
        console.print(_("Back to draft, to be approved anew: {issues}").format(issues=numbers))


def _properties(bulletin: Bulletin) -> dict[str, object]:
    return {"slug": bulletin.slug} | {name: getattr(bulletin, name) for name in bulletins.SETTABLE}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)
