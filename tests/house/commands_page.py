"""docs/commands.md as the commands themselves tell it.

Run to write it anew after a command has changed: python tests/house/commands_page.py
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import typer

from mailer.cli.main import build
from runtime.paths import PROJECT_ROOT

PAGE = PROJECT_ROOT / "docs" / "commands.md"

_HEAD = """\
# Commands

Every command of `mailer`, with its arguments (in capitals) and options. This page is made from the
commands' own help (`mailer COMMAND --help` prints it in the language that is set), and a test fails
when the two differ.

- Exit codes: 0 done, 1 refused with a reason on standard error, 2 wrong usage, 130 after Ctrl-C.
- `--json` prints UTF-8 JSON on standard output and nothing else there; keys are only ever added.
- Settings come from the environment and `.env`, see [settings.md](settings.md). Commands refuse an
  unknown `MAILER_…` name; workers log it and go on, so that two versions can run side by side.
- A command that needs the embedded services starts them, and they stop when nobody uses them.
- Events name who gave a command: `cli:` and the system's user (the one behind `sudo`).
"""

_INNER = """
## Processes

`mailer up` starts these; run them one by one where another supervisor does its work (see
[operations.md](operations.md)). `mailer --help` does not list them.
"""


def page() -> str:
    """Return the whole page."""
    shown: list[str] = [_HEAD]
    hidden: list[str] = [_INNER]
    root: Any = typer.main.get_command(build(None))
    for name, command in root.commands.items():
        lines = hidden if command.hidden else shown
        if getattr(command, "commands", None):
            lines.append(f"\n## `mailer {name}`\n\n{_line(command.help)}\n")
        lines.extend(_sections(command, f"mailer {name}"))
    return "".join(shown + hidden)


def _sections(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - Typer's own, untyped
    """Yield a section for each command below ``command``."""
    children = getattr(command, "commands", None)
    if children:
        for name, child in children.items():
            yield from _sections(child, f"{path} {name}")
        return
    yield f"\n### `{path}`\n\n{_line(command.help)}\n"
    parameters = [parameter for parameter in command.params if parameter.name != "help"]
    if parameters:
        yield "\n| argument or option | meaning |\n| --- | --- |\n"
    for parameter in parameters:
        yield f"| `{_name(parameter)}` | {_line(parameter.help)} |\n"


def _name(parameter: Any) -> str:  # noqa: ANN401 - as above
    """Return how a parameter is written: ``ISSUE_ID``, ``[ENTRY]``, ``--at TEXT …``."""
    if parameter.param_type_name == "argument":
        name = (parameter.metavar or parameter.name).upper()
        return name if parameter.required else f"[{name}]"
    option: str = parameter.opts[0]
    kind = parameter.type_descriptor.annotation
    if parameter.is_flag:
        value = ""
    elif isinstance(kind, type) and issubclass(kind, Enum):
        value = " " + r"\|".join(str(choice.value) for choice in kind)
    else:
        value = f" {parameter.metavar or option.strip('-').upper()}"
    return option + value + (" …" if parameter.multiple else "")


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
