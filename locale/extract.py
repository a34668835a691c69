"""Bring the catalogues up to date with the source strings of the code: ``make messages``.

A string for people is found where it is shown or marked (``_("…")``, ``_n("…")``, plurals, in code
and in templates), in the docstring of a refusal, in the help of a command, and in the meaning of a
setting. The last three are read from the loaded program itself, by the rules under which it looks
them up, so that the catalogue and the program cannot differ.

``zh_CN`` holds every string. ``en`` holds only those that should read otherwise than in the code:
whoever finds no translation shows the source string, which is English.
"""  # noqa: INP001 - a script beside the data that it keeps

import argparse
import ast
import inspect
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import typer
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # a script finds its own folder only

from mailer.cli.main import build  # noqa: E402 - needs the line above
from runtime.refusal import Refusal  # noqa: E402 - as above
from runtime.settings import Settings  # noqa: E402 - as above
from runtime.text import DOMAIN, LANGUAGES  # noqa: E402 - as above

PACKAGES = ("mailer", "recipients", "runtime")
MARKERS = {"_": 1, "_n": 1, "translate": 1, "ngettext": 2, "translate_plural": 2}
"""The functions that show or mark a string, and how many of its forms they take."""


class Found(NamedTuple):
    """A source string: the file that shows it, relative to the root, and its plural or ''."""

    file: str
    message: str
    plural: str = ""


def collect() -> list[Found]:
    """Return every source string once, sorted by the first file that shows it, then by itself."""
    places: dict[str, str] = {}
    plurals: dict[str, str] = {}
    for found in (*_marked(), *_refusals(), *_helps(), *_settings()):
        places[found.message] = min(found.file, places.get(found.message, found.file))
        plurals[found.message] = plurals.get(found.message, "") or found.plural
    return sorted(Found(places[each], each, plurals[each]) for each in places)


def _marked() -> Iterator[Found]:
    """Yield the strings of calls in code and templates."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            yield from _marked_in_code(path)
    for path in (ROOT / "templates").rglob("*.html"):
        yield from _marked_in_template(path)


def _marked_in_code(path: Path) -> Iterator[Found]:
    # The syntax tree, since Babel's own reader of Python 3.11 does not look into f-strings.
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            forms = _literals(node.args[: MARKERS.get(node.func.id, 0)])
            if forms and forms[0]:
                yield Found(_relative(path), *forms)


def _literals(nodes: Sequence[ast.expr]) -> list[str]:
    values = [node.value for node in nodes if isinstance(node, ast.Constant)]
    return [value for value in values if isinstance(value, str)]


def _marked_in_template(path: Path) -> Iterator[Found]:
    with path.open("rb") as file:
        for _line, name, message, _comments in babel_extract(file, tuple(MARKERS), (), {}):
            forms = (message,) if isinstance(message, str) else message or ()
            yield Found(_relative(path), *filter(None, forms[: MARKERS[name]]))


def _refusals() -> Iterator[Found]:
    """Yield the messages of all refusals, whoever declares them."""
    for name in PACKAGES:
        package = import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            import_module(module.name)
    kinds = [Refusal]
    for kind in kinds:
        kinds += kind.__subclasses__()
        if kind.message:
            yield Found(_file_of(kind), kind.message)


def _helps() -> Iterator[Found]:
    """Yield the help of commands and parameters, as ``mailer.cli.main`` looks it up."""
    yield from _helps_of(typer.main.get_command(build(None)), "mailer/cli/main.py")


def _helps_of(command: object, file: str) -> Iterator[Found]:
    if callback := getattr(command, "callback", None):
        code = inspect.unwrap(callback).__code__
        file = _relative(Path(code.co_filename))
    for shown in (command, *getattr(command, "params", ())):
        for text in (getattr(shown, "help", None), getattr(shown, "short_help", None)):
            if text:
                yield Found(file, " ".join(text.split()))
    for name, child in getattr(command, "commands", {}).items():
        # A group has no function; the module that declares it is named after it.
        yield from _helps_of(child, f"mailer/cli/{name}.py")


def _settings() -> Iterator[Found]:
    """Yield what the settings mean, as ``mailer settings`` prints it."""
    for field in Settings.model_fields.values():
        if field.description:
            yield Found(_file_of(Settings), field.description)


def _file_of(kind: type) -> str:
    return _relative(Path(inspect.getfile(kind)))


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def updated(path: Path, strings: list[Found]) -> tuple[Catalog, bytes]:
    """Return the catalogue at ``path`` with exactly ``strings``, and the file that holds it.

    Translations of strings that still exist are kept; others are dropped.
    """
    with path.open("rb") as file:
        catalogue = read_po(file)
    sparse = catalogue.locale_identifier == "en"
    template = Catalog()
    for found in strings:
        if sparse and not _translated(catalogue, found.message):
            continue
        message = (found.message, found.plural) if found.plural else found.message
        template.add(message, locations=[(found.file, 0)])
    # A translation of another sentence that looks like this one is not a translation of this one.
    catalogue.update(template, no_fuzzy_matching=True)
    for entry in catalogue:
        entry.flags.discard("python-format")  # our placeholders are {names}; a % is a %
    text = BytesIO()
    # Without line numbers and line breaks of its own, the file changes only where a string does.
    write_po(text, catalogue, width=0, include_lineno=False, ignore_obsolete=True, omit_header=True)
    # Babel's header would change with the hour and with Babel's version, so the file's own stays.
    header = path.read_bytes().partition(b"\n\n")[0]
    return catalogue, b"\n\n".join(filter(None, (header.strip(), text.getvalue().strip()))) + b"\n"


def _translated(catalogue: Catalog, message: str) -> bool:
    known = catalogue.get(message)
    return bool(known and known.string)


def main() -> int:
    """Update the catalogues, or with ``--check`` say whether they are up to date."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if outdated")
    check = parser.parse_args().check
    strings = collect()
    outdated = []
    for language in LANGUAGES:
        path = ROOT / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
        catalogue, text = updated(path, strings)
        open_ = [message for message in catalogue if message.id and not all(_forms(message))]
        sys.stdout.write(
            f"{language}: {len(catalogue)} strings, {len(open_)} without a translation\n"
        )
        if text != path.read_bytes():
            outdated.append(language)
            if not check:
                path.write_bytes(text)
    if check and outdated:
        sys.stderr.write(f"not up to date: {', '.join(outdated)}. Run `make messages`.\n")
        return 1
    return 0


def _forms(message: Message) -> tuple[str, ...]:
    string = message.string or ""
    return (string,) if isinstance(string, str) else tuple(string)


if __name__ == "__main__":
    sys.exit(main())
