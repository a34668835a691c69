"""The rules of this house that a test can hold: the form of the code, and what git keeps."""

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp
import pytest

from runtime.paths import PROJECT_ROOT

PACKAGES = ("runtime", "recipients", "mailer")
LONGEST_MODULE = 300

MODULES = sorted(path for name in PACKAGES for path in (PROJECT_ROOT / name).rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def short(path: Path) -> str:
    """Return a path as people name it."""
    return path.relative_to(PROJECT_ROOT).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a module."""
    return ast.parse(path.read_text("utf-8"), str(path))


def functions() -> Iterator[tuple[str, Function]]:
    """Yield every function of the packages, with the place where it stands."""
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, Function):
                yield f"{short(path)}:{node.lineno} {node.name}", node


def test_modules_are_short() -> None:
    """No module has more than 300 lines: one that has, has more than one subject."""
    lengths = {short(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_packages_hold_no_code() -> None:
    """Every ``__init__.py`` is empty."""
    assert [short(p) for p in MODULES if p.name == "__init__.py" and p.read_bytes()] == []


def test_every_folder_of_code_is_a_package() -> None:
    """No module is importable only by accident of a namespace package."""
    folders = {path.parent for path in MODULES}
    assert [short(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_every_function_is_annotated() -> None:
    """Each parameter and each result has a type."""
    bare = []
    for place, node in functions():
        given = node.args
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
        starred = [arg for arg in (given.vararg, given.kwarg) if arg]
        own = named[0].arg if named and named[0].arg in {"self", "cls"} else None
        missing = [
            arg.arg for arg in (*named, *starred) if arg.annotation is None and arg.arg != own
        ]
        if missing or node.returns is None:
            bare.append(f"{place} ({', '.join(missing) or 'result'})")
    assert bare == []


def undocumented(body: list[ast.stmt], inside: str) -> Iterator[str]:
    """Yield the public classes and functions of ``body`` that have no docstring."""
    for node in body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        if ast.get_docstring(node) is None:
            yield f"{inside}{node.name}"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{inside}{node.name}.")


def test_everything_public_is_documented() -> None:
    """Each module, public class and public function says in a docstring what it is."""
    found = []
    for path in MODULES:
        tree = parsed(path)
        if path.name != "__init__.py" and ast.get_docstring(tree) is None:
            found.append(short(path))
        found += undocumented(tree.body, f"{short(path)}: ")
    assert found == []


def test_no_module_imports_itself_through_others() -> None:
    """There is no cycle among the modules."""
    graph = grimp.build_graph(*PACKAGES)
    assert len(graph.modules) == len(MODULES)
    cycles = []
    for module in sorted(graph.modules):
        for imported in graph.find_modules_directly_imported_by(module):
            back = graph.find_shortest_chain(importer=imported, imported=module)
            if back:
                cycles.append(" → ".join((module, *back)))
    assert cycles == []


# What is in the repository.

OURS = re.compile(
    # A home or scratch folder of some machine; /home/… of a named user, the usual work folders.
    r"(?<![\w.}>~])/(?:home/(?!user\b)[a-z]|Users/[A-Za-z]|root/\S|workspace/|work/[a-z])"
    # A registry, or a mirror of one. The lock files name none, so that they work behind any.
    r"|--(?:extra-)?index-url|(?:files\.|test\.)?pythonhosted\.org|pypi\.(?:org|tuna)"
    r"|registry\.npmjs\.org|mirrors\.[a-z]+\.(?:com|cn|edu)"
)


def tracked() -> list[Path]:
    """Return the files that are kept in git; all of them where this is no checkout."""
    if not (PROJECT_ROOT / ".git").exists():
        return [
            path
            for path in PROJECT_ROOT.rglob("*")
            if not {".venv", "var", "__pycache__"} & set(path.relative_to(PROJECT_ROOT).parts)
        ]
    # The folder may be another user's, as in a container.
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        check=True,
    )
    return [PROJECT_ROOT / name.decode() for name in listed.stdout.split(b"\0") if name]


def test_no_file_tells_of_a_machine_or_a_registry() -> None:
    """No tracked file names a developer's folders or the host of a package registry."""
    found = []
    for path in tracked():
        if not path.is_file() or path == Path(__file__):
            continue
        try:
            lines = path.read_text("utf-8").splitlines()
        except UnicodeDecodeError:
            continue
        found += [f"{short(path)}:{n} {m.group()}" for n, m in matches(lines)]
    assert found == []


def matches(lines: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the number and the first match of each line that has one."""
    for number, line in enumerate(lines, 1):
        match = OURS.search(line)
        if match:
            yield number, match


@pytest.mark.parametrize(
    "line",
    [
        "see /home/anna/project",
        "cd /root/checkout",
        "open /Users/anna/x",
        "/work/main/x.py",
        "--index-url https://mirror.example/simple",
        "https://files.pythonhosted.org/packages/x.whl",
    ],
)
def test_such_a_line_would_be_found(line: str) -> None:
    """The search of the test above finds what it is for."""
    assert list(matches([line]))
