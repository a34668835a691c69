"""Every refusal in the code can be shown: its message is a sentence, and its names are filled in.

A refusal is formatted when something has gone wrong already; that must not go wrong itself. So each
place in the code that makes one is read, and must give exactly the names that its message has.
"""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from dataclasses import dataclass
from string import Formatter
from types import ModuleType

import pytest
from babel.messages.pofile import read_po

import mailer
import recipients
import runtime
from runtime.paths import PROJECT_ROOT, shipped
from runtime.refusal import Refusal
from runtime.text import DOMAIN, LANGUAGES


def _modules() -> list[ModuleType]:
    names = {
        found.name
        for package in (runtime, recipients, mailer)
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    }
    return [importlib.import_module(name) for name in sorted(names)]


def _subclasses(kind: type[Refusal]) -> set[type[Refusal]]:
    direct = kind.__subclasses__()
    return {*direct, *(further for child in direct for further in _subclasses(child))}


MODULES = _modules()
REFUSALS = sorted(
    (kind for kind in _subclasses(Refusal) if not kind.__module__.startswith("tests.")),
    key=lambda kind: (kind.__module__, kind.__name__),
)


def _names(message: str) -> set[str]:
    """Return the names that a message has; fail for what ``str.format`` could fail at."""
    found = set()
    for _, name, form, conversion in Formatter().parse(message):
        if name is not None:
            assert name.isidentifier(), f"{{{name}}} is not a plain name"
            assert not form, f"{{{name}:{form}}} depends on the type of the detail"
            assert conversion in {None, "r"}, f"{{{name}!{conversion}}} is not for people"
            found.add(name)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """A place in the code that makes a refusal."""

    kind: type[Refusal]
    place: str
    given: frozenset[str] | None
    """The details given by name; None where they are not written there."""
    alone: bool
    """Whether no other class may be made at this place."""


class _Reader(ast.NodeVisitor):
    """Finds the places in one module."""

    def __init__(self, module: ModuleType, scope: dict[str, object]) -> None:
        self._module = module
        self._scope = scope
        self.sites: list[Site] = []

    def visit_Assign(self, node: ast.Assign) -> None:
        """Remember a name that stands for one class or another."""
        kinds = self._refusals(node.value)
        for target in node.targets:
            if kinds and isinstance(target, ast.Name):
                self._scope[target.id] = kinds
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        """Note a class that is raised without being called."""
        for kind in self._refusals(node.exc):
            self._note(kind, node, frozenset())
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        """Note a call of a class."""
        kinds = self._refusals(node.func)
        for kind in kinds:
            given = [keyword.arg for keyword in node.keywords]
            written = not node.args and None not in given
            details = frozenset(map(str, given)) if written else None
            self._note(kind, node, details, alone=len(kinds) == 1)
        self.generic_visit(node)

    def _note(
        self,
        kind: type[Refusal],
        node: ast.expr | ast.stmt,
        given: frozenset[str] | None,
        *,
        alone: bool = True,
    ) -> None:
        place = f"{self._module.__name__}:{node.lineno}"
        self.sites.append(Site(kind=kind, place=place, given=given, alone=alone))

    def _refusals(self, node: ast.expr | None) -> tuple[type[Refusal], ...]:
        """Return the classes that an expression may stand for."""
        if node is None:
            return ()
        if isinstance(node, ast.IfExp):
            return (*self._refusals(node.body), *self._refusals(node.orelse))
        named = self._value(node)
        candidates = named if isinstance(named, tuple) else (named,)
        return tuple(
            kind for kind in candidates if isinstance(kind, type) and issubclass(kind, Refusal)
        )

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, ast.Name):
            return self._scope.get(node.id)
        if isinstance(node, ast.Attribute):
            return getattr(self._value(node.value), node.attr, None)
        return None


def _scope(module: ModuleType, tree: ast.Module) -> dict[str, object]:
    """Return what names mean in a module, imports inside of functions included."""
    scope = dict(vars(module))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            source = importlib.import_module(node.module)
            for alias in node.names:
                scope.setdefault(alias.asname or alias.name, getattr(source, alias.name, None))
    return scope


def _sites() -> Iterator[Site]:
    for module in MODULES:
        assert module.__file__ is not None
        with open(module.__file__, encoding="utf-8") as file:  # noqa: PTH123 - a path as text
            tree = ast.parse(file.read())
        reader = _Reader(module, _scope(module, tree))
        reader.visit(tree)
        yield from reader.sites


SITES = list(_sites())


def test_all_are_found() -> None:
    """The walk finds what a plain search finds: at least as many classes as files name."""
    assert len(REFUSALS) > 90
    assert {kind.__module__.partition(".")[0] for kind in REFUSALS} == {
        "runtime",
        "recipients",
        "mailer",
    }
    assert len(SITES) >= len(REFUSALS) - 10


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_message_is_a_sentence(kind: type[Refusal]) -> None:
    """It begins as one and ends as one, or with a value behind a colon; its names are names."""
    message = kind.message
    assert message, "there is no docstring"
    assert message == " ".join(message.split()), "blanks are doubled"
    names = _names(message)
    assert message.startswith("{") or message[0].isupper(), message
    # A sentence, a value, a hint that is one; or a command or address to use.
    last = re.split(r"[.?] ", message)[-1]
    assert re.search(r"[.?]\)?$|\}$|://\S+$", message) or ": " in last, message
    shown = kind(**dict.fromkeys(names, "x")).in_english()
    assert "{" not in shown


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site.place}-{site.kind.__name__}")
def test_details_are_those_that_the_message_names(site: Site) -> None:
    """Nothing is missing, so that formatting cannot fail; what is given beside is declared by the
    class, or belongs to another one that may be made there.
    """
    place = f"{site.place}, {site.kind.__name__}"
    assert site.given is not None, f"{place}: write the details by name"
    named = _names(site.kind.message)
    assert site.given >= named, f"{place} does not give {named - site.given}"
    declared = {
        name for kind in site.kind.__mro__ for name in vars(kind).get("__annotations__", {})
    }
    beside = site.given - named - declared
    assert not (beside and site.alone), f"{place} gives {beside}, which nobody reads"


def test_every_refusal_is_made_somewhere() -> None:
    """A refusal that nothing raises is a message that nobody reads."""
    made = {base for site in SITES for base in site.kind.__mro__}
    assert [kind for kind in REFUSALS if kind not in made] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_names_of_their_messages(language: str) -> None:
    """A name that a translation misspells would fail when the refusal is shown."""
    source = shipped("locale") / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    if not source.exists():
        assert language == "en", f"{source.relative_to(PROJECT_ROOT)} is missing"
        return
    with source.open("rb") as file:
        translations = {message.id: message.string for message in read_po(file) if message.string}
    for kind in REFUSALS:
        translated = translations.get(kind.message)
        if isinstance(translated, str):
            assert _names(translated) == _names(kind.message), kind.__name__
