"""Documents that cannot lie: what they list is held against the code, and what they link exists.

A document that is missing fails its test; nothing here is skipped.
"""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

from mailer.deliveries.states import TRANSITIONS as DELIVERY_STEPS
from mailer.deliveries.states import DeliveryState
from mailer.issues.lifecycle import TRANSITIONS as ISSUE_STEPS
from mailer.issues.lifecycle import IssueState
from mailer.reading.doubts import Code
from mailer.rendering.findings import FindingCode
from runtime.paths import PROJECT_ROOT
from runtime.settings import PREFIX, SETTING_NAMES

from .commands_page import page

README, TWIN = "README.md", "README.zh-CN.md"


def document(name: str) -> str:
    """Return the text of a document."""
    return (PROJECT_ROOT / name).read_text("utf-8")


def short(path: Path) -> str:
    """Return a path as people name it."""
    return path.relative_to(PROJECT_ROOT).as_posix()


def rows(text: str) -> list[tuple[str, ...]]:
    """Return the rows of all tables of a Markdown text, a tuple of plain cells each."""
    return [
        tuple(cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|"))
        for line in text.splitlines()
        if line.strip().startswith("|")
    ]


def test_every_setting_is_documented() -> None:
    """docs/settings.md names every setting, and no other."""
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", document("docs/settings.md")))
    assert named == {PREFIX + name.upper() for name in SETTING_NAMES}


def test_settings_that_documents_name_exist() -> None:
    """No document, unit file or example names a setting that there is not."""
    texts = [
        *PROJECT_ROOT.glob("*.md"),
        *(PROJECT_ROOT / "docs").rglob("*.md"),
        *(path for path in (PROJECT_ROOT / "deploy").rglob("*") if path.is_file()),
    ]
    known = {PREFIX + name.upper() for name in SETTING_NAMES}
    named = {
        (short(path), name)
        for path in texts
        for name in re.findall(rf"\b{PREFIX}[A-Z_]*[A-Z]\b", path.read_text("utf-8"))
    }
    assert {(path, name) for path, name in named if name not in known} == set()


def test_every_state_is_documented() -> None:
    """docs/states.md names every state of an issue and of a delivery."""
    cells = {cell for row in rows(document("docs/states.md")) for cell in row}
    missing = [state for state in (*IssueState, *DeliveryState) if state not in cells]
    assert missing == []


def test_every_transition_is_documented() -> None:
    """docs/states.md has a table row for every step, with both states and the cause."""
    found = rows(document("docs/states.md"))
    wanted = [
        *((str(step.before), str(step.cause), str(step.after)) for step in ISSUE_STEPS),
        *((str(step.before), str(step.cause), str(step.after)) for step in DELIVERY_STEPS),
    ]
    missing = [step for step in wanted if not any(Counter(row) >= Counter(step) for row in found)]
    assert missing == []


def test_every_warning_is_documented() -> None:
    """docs/warnings.md has a table row for every warning code of the reader."""
    listed = {row[0] for row in rows(document("docs/warnings.md"))}
    assert {code.value for code in Code} - listed == set()


def test_every_finding_is_documented() -> None:
    """docs/mail.md has a table row for everything that a rendering may find fault with."""
    listed = {row[0] for row in rows(document("docs/mail.md"))}
    assert {code.value for code in FindingCode} - listed == set()


def test_every_command_is_documented() -> None:
    """docs/commands.md lists every command, argument and option as the commands describe them."""
    assert document("docs/commands.md") == page(), "Run: python tests/house/commands_page.py"


def test_targets_that_the_readmes_name_exist() -> None:
    """Every ``make`` target that a README or a page of docs names is in the Makefile."""
    targets = set(re.findall(r"^([a-z]+):", document("Makefile"), flags=re.MULTILINE))
    pages = [README, TWIN, *(short(path) for path in (PROJECT_ROOT / "docs").rglob("*.md"))]
    named = {
        (page, target)
        for page in pages
        for target in re.findall(
            r"^(?:\$ )?make ([a-z]+)|`make ([a-z]+)", document(page), re.MULTILINE
        )
        for target in target
        if target
    }
    assert {(page, target) for page, target in named if target not in targets} == set()
    assert {target for page, target in named if page == README} >= {"demo", "test", "check"}


def fences(text: str) -> list[str]:
    """Return the code blocks of a Markdown text."""
    return re.findall(r"^```.*?^```$", text, flags=re.MULTILINE | re.DOTALL)


def levels(text: str) -> list[str]:
    """Return the marks of the headings; a # inside a code block is none."""
    return re.findall(
        r"^(#+) ", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE
    )


def test_the_readmes_are_twins() -> None:
    """Both READMEs have the same headings in number and level, and the same code blocks."""
    ours, twin = document(README), document(TWIN)
    assert levels(ours) == levels(twin)
    assert fences(ours) == fences(twin)


def test_links_lead_somewhere() -> None:
    """Every relative link of the documents names a file that is there."""
    pages = [
        path for folder in (".", "bench", "deploy") for path in (PROJECT_ROOT / folder).glob("*.md")
    ] + list((PROJECT_ROOT / "docs").rglob("*.md"))
    dead = []
    for path in pages:
        targets = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        dead += [
            f"{short(path)}: {target}"
            for target in targets
            if "://" not in target and not (path.parent / target).exists()
        ]
    assert dead == []


def test_decisions_are_numbered_and_listed() -> None:
    """Decisions have numbers without gaps, and their index names each."""
    folder = PROJECT_ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("[0-9]*.md"))
    numbers = [int(name[:4]) for name in names]
    assert numbers[0] == 1
    assert all(after - before == 1 for before, after in pairwise(numbers))
    index = (folder / "README.md").read_text("utf-8")
    assert [name for name in names if f"({name})" not in index] == []
