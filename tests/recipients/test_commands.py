"""``mailer units`` and ``mailer groups``, run as a user runs them."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from mailer.cli import groups, units
from recipients.files import CannotReadFileError, CannotWriteFileError
from recipients.grouping import RuleValueError
from recipients.importing import ImportRefusedError
from recipients.sheets import UnknownFormatError
from runtime.embedded import Addresses

DIRECTORY = """单位名称,别名,标签,邮箱
云湾市财政局,市财政局,市直,cz@yunwan.example
云湾市教育局,,市直,jy@yunwan.example
"""


@pytest.fixture(autouse=True)
def _services(addresses: Addresses, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the commands find this test's own database."""
    monkeypatch.setenv("MAILER_DATABASE_URL", addresses.database_url)
    monkeypatch.setenv("MAILER_REDIS_URL", addresses.redis_url)


def run(app: typer.Typer, *arguments: str | Path) -> str:
    """Run a command; return what it prints, or raise what it raised."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def run_json(app: typer.Typer, *arguments: str | Path) -> Any:  # noqa: ANN401 - as JSON is
    """Run a command with ``--json``."""
    return json.loads(run(app, *arguments, "--json"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a directory file."""
    path = tmp_path / "directory.csv"
    path.write_text(DIRECTORY, "utf-8")
    return path


def test_a_dry_run_shows_and_changes_nothing(file: Path) -> None:
    """The same import without it changes what was shown."""
    shown = run_json(units.app, "import", file, "--dry-run")
    assert [unit["name"] for unit in shown["new"]] == ["云湾市财政局", "云湾市教育局"]
    assert shown["applied"] is False
    assert run_json(units.app, "list") == []
    assert "云湾市财政局" in run(units.app, "import", file)
    listed = run_json(units.app, "list")
    assert [unit["name"] for unit in listed] == ["云湾市财政局", "云湾市教育局"]


def test_a_refused_row_stops_the_import(file: Path) -> None:
    """Unless the others are asked for; the row and the reason are printed in any case."""
    file.write_text(DIRECTORY + "云湾市某局,,,nowhere\n", "utf-8")
    result = CliRunner().invoke(units.app, ["import", str(file), "--json"])
    assert isinstance(result.exception, ImportRefusedError)
    assert json.loads(result.stdout)["refused"][0]["row"] == 4
    assert run_json(units.app, "list") == []
    assert "nowhere" in run(units.app, "import", file, "--skip-refused")
    assert len(run_json(units.app, "list")) == 2


def test_units_are_listed_and_shown(file: Path) -> None:
    """By any of their names; the table and the JSON say the same."""
    run(units.app, "import", file)
    assert "云湾市财政局" in run(units.app, "list", "--search", "ywscz")
    assert run_json(units.app, "list", "--search", "教育")[0]["name"] == "云湾市教育局"
    shown = run_json(units.app, "show", "市财政局")
    assert shown["mailboxes"][0]["normalised"] == "cz@yunwan.example"
    assert shown["tags"] == ["市直"]
    assert "cz@yunwan.example" in run(units.app, "show", str(shown["id"]))


@pytest.mark.parametrize("name", ["out.csv", "out.xlsx"])
def test_an_export_imports_to_nothing_new(file: Path, name: str) -> None:
    """Both formats; the template, too, is a file that imports."""
    run(units.app, "import", file)
    out = file.with_name(name)
    run(units.app, "export", out)
    again = run_json(units.app, "import", out)
    assert (again["new"], again["changed"], len(again["unchanged"])) == ([], [], 2)
    run(units.app, "template", out)
    assert run_json(units.app, "import", out)["refused"] == []


def test_files_that_cannot_be_are_refused(file: Path) -> None:
    """One that is not there, one in no folder, one of no known format."""
    with pytest.raises(CannotReadFileError):
        run(units.app, "import", file.with_name("none.csv"))
    with pytest.raises(CannotWriteFileError):
        run(units.app, "template", file.parent / "none" / "t.csv")
    with pytest.raises(UnknownFormatError):
        run(units.app, "export", file.with_name("t.pdf"))


def test_groups_are_made_changed_and_imported(file: Path) -> None:
    """By options or from a table; what is given replaces what was there."""
    run(units.app, "import", file)
    made = run_json(groups.app, "add", "市直各部门", "--tag", "市直", "--except", "市财政局")
    assert made["units"] == ["云湾市教育局"]
    changed = run_json(
        groups.app, "set", "市直各部门", "--member", "市财政局", "--except", "云湾市教育局"
    )
    assert (changed["rule"], changed["units"]) == ("listed", ["云湾市财政局"])
    assert "云湾市财政局" in run(groups.app, "show", "市直各部门")
    with pytest.raises(RuleValueError):
        run(groups.app, "add", "各局", "--tag", "市直", "--member", "市财政局")
    table = file.with_name("groups.csv")
    table.write_text("name,rule,value\n市直各部门,tag,市直\n", "utf-8")
    assert run_json(groups.app, "import", table, "--dry-run")["applied"] is False
    assert run_json(groups.app, "import", table)["changed"]
    assert "市直各部门" in run(groups.app, "list")
    assert run_json(groups.app, "list")[0]["units"] == ["云湾市财政局", "云湾市教育局"]
