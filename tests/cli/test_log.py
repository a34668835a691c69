"""``mailer log``: every format, filters, timelines, and the check of the seal."""

import csv
import io
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlalchemy import text

from mailer.cli.context import open_runtime
from mailer.deliveries.states import DeliveryState
from runtime.database import Database
from tests.cli.conftest import Mailer, send_all


def test_the_log_in_each_format(
    mailer: Mailer, approved: int, database: Database, tmp_path: Path
) -> None:
    """A table, JSON, CSV and a workbook; formulas in cells are defused."""
    mailer("issues", "send", approved, "--now")
    send_all(database, DeliveryState.REJECTED)
    with database.transaction() as session:
        session.execute(
            text("UPDATE credits SET unit_name = '=HYPERLINK(\"x.example\")' WHERE ordinal = 0")
        )
        session.execute(text("UPDATE deliveries SET last_reply = '@SUM(1)', last_code = NULL"))
    printed = mailer("log", approved, "--format", "csv").out
    assert printed.startswith("\ufeff")
    rows = list(csv.reader(io.StringIO(printed.removeprefix("\ufeff"))))
    assert rows[0][:4] == ["Block", "Entry", "Unit", "Address"]
    assert len(rows) == 7
    assert "'=HYPERLINK" in rows[1][2]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    book = tmp_path / "log.xlsx"
    assert mailer("log", approved, "--format", "xlsx", "--out", book).code == 0
    sheet = load_workbook(book).active
    assert sheet is not None
    assert sheet.max_row == 7
    assert all(cell.data_type in ("s", "n", "inlineStr") for row in sheet.rows for cell in row)
    assert str(sheet["C2"].value).startswith("'=HYPERLINK")
    as_file = tmp_path / "log.json"
    assert mailer("log", approved, "--format", "json", "--out", as_file).code == 0
    assert as_file.stat().st_size > 100
    assert (
        mailer("log", approved, "--format", "csv", "--out", tmp_path / "no" / "log.csv").code == 1
    )
    assert mailer("log", approved, "--format", "pdf").code == 2


def test_filters_and_the_timeline(mailer: Mailer, approved: int, database: Database) -> None:
    """By state, by unit, entry or address; one delivery's events; each refusal with its reason."""
    mailer("issues", "send", approved, "--now")
    send_all(database, DeliveryState.DEFERRED)

    def found(*filters: str) -> set[str]:
        lines = mailer("log", approved, "--format", "json", *filters).json
        return {line["address"] for line in lines}

    assert len(found("--state", "deferred")) == 5
    assert found("--state", "accepted", "--state", "rejected") == set()
    assert found("--unit", "财政") == {"cz@caizheng.example", "bgs@caizheng.example"}
    assert found("--unit", "OFFICE@wenming") == {"office@wenming.example"}
    assert found("--unit", "%") == set()
    number = mailer("log", approved, "--format", "json").json[0]["id"]
    steps = mailer("log", approved, "--delivery", number, "--format", "json").json
    assert [set(step) for step in steps] == [{"at", "kind", "actor", "data"}] * 4
    assert sorted(step["kind"] for step in steps) == ["attempt", "claimed", "deferred", "frozen"]
    assert "451" in mailer("log", approved, "--delivery", number).out
    for arguments in (
        ["log", approved, "--delivery", 10**25],
        ["log", approved, "--delivery", 4711],
        ["log", approved, "--state", "gone"],
        ["log", "seven"],
        ["log", 4711],
    ):
        assert mailer(*arguments).code == 1


@pytest.mark.usefixtures("approved")
def test_verify_says_that_the_log_is_whole(mailer: Mailer, database: Database) -> None:
    """And refuses with the range where it is not."""
    with database.transaction() as session:
        session.execute(text("SELECT seal_events(1000)"))
    whole = mailer("log", "verify")
    assert whole.code == 0
    assert "whole" in whole.out
    checked = mailer("log", "verify", "--format", "json").json
    assert set(checked) == {"seals", "events", "unsealed", "faults"}
    with open_runtime() as runtime:
        owner = Database(runtime.owner_url)
        with owner.transaction() as session:
            session.execute(text("DELETE FROM events WHERE id = 2"))
        owner.close()
    broken = mailer("log", "verify")
    assert broken.code == 1
    assert "events were sealed" in broken.message
