"""``mailer issues``: an issue's life by commands."""

import email
import email.policy
import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from mailer.actions.sweeping import sweep
from mailer.cli import watching
from mailer.cli.context import open_runtime
from runtime.clock import now
from runtime.database import Database
from runtime.secrets import read_secret_key
from tests.cli.conftest import Mailer, send_all
from tests.issues.office import add_units, source

SUMMARY = {
    "id",
    "bulletin",
    "name",
    "title",
    "number",
    "year",
    "total",
    "date",
    "state",
    "reason",
    "due",
    "due_at",
    "source",
    "sha256",
    "submitted_by",
    "approved_by",
}
DELIVERY = {
    "id",
    "issue",
    "dispatch",
    "purpose",
    "address",
    "state",
    "attempts",
    "message_id",
    "last_code",
    "last_status",
    "last_reply",
    "due_at",
    "accepted_at",
    "finished_at",
    "credits",
}


def test_a_life_by_commands(mailer: Mailer, approved: int, database: Database) -> None:
    """Added, synced, submitted, approved, scheduled, sent: each command says where it stands."""
    shown = mailer("issues", "show", approved, "--json").json
    assert set(shown) == SUMMARY | {"counts", "document"}
    assert (shown["state"], shown["number"], shown["counts"]) == ("approved", 7, {})
    tomorrow = (now() + timedelta(days=1)).isoformat(timespec="minutes")
    scheduled = mailer("issues", "schedule", approved, "--at", tomorrow, "--json").json
    assert (scheduled["state"], set(scheduled)) == ("scheduled", SUMMARY)
    assert datetime.fromisoformat(scheduled["due_at"]) == datetime.fromisoformat(tomorrow)
    sent = mailer("issues", "send", approved, "--now", "--json")
    assert sent.code == 0
    assert set(sent.json) == SUMMARY | {"counts"}
    assert sent.json["state"] == "scheduled"
    send_all(database)
    listed = mailer("issues", "list", "--json").json
    assert [set(issue) for issue in listed] == [SUMMARY]
    assert listed[0]["state"] == "sent"
    assert listed[0]["approved_by"].startswith("cli:")
    log = mailer("log", approved, "--format", "json").json
    assert [set(line) for line in log] == [DELIVERY] * 5
    assert {line["state"] for line in log} == {"accepted"}
    assert set(log[0]["credits"][0]) == {"block", "entry", "unit", "unit_id"}
    assert mailer("log", approved).out.count("accepted by the server") == 6
    assert mailer("issues", "show", approved).code == 0


def test_waiting_shows_the_end(mailer: Mailer, approved: int, database: Database) -> None:
    """--until-final comes back when the issue is sent, with the counts."""
    sender = threading.Timer(0.5, send_all, [database])
    sender.start()
    done = mailer("issues", "send", approved, "--now", "--until-final", "--json")
    sender.join()
    assert done.code == 0
    assert (done.json["state"], done.json["counts"]) == ("sent", {"accepted": 5})


def test_waiting_for_what_is_not_on_its_way_is_refused(mailer: Mailer, file: Path) -> None:
    """Nobody waits for ever for a draft."""
    issue = mailer("issues", "add", file, "--json").json["id"]
    for option in ("--wait", "--until-final"):
        refused = mailer("issues", "send", issue, option)
        assert refused.code == 1
        assert f"mailer issues send {issue} --now" in refused.message


def test_pause_resume_cancel(mailer: Mailer, approved: int) -> None:
    """Each with its reason; refused where the state does not allow it, with what is allowed."""
    assert mailer("issues", "pause", approved).code == 1
    mailer("issues", "send", approved, "--now")
    with open_runtime() as runtime:
        sweep(runtime.database, runtime.settings, read_secret_key(runtime.settings), now())
    paused = mailer("issues", "pause", approved, "--reason", "a wrong figure", "--json").json
    assert set(paused) == SUMMARY
    assert (paused["state"], paused["reason"]) == ("paused", "a wrong figure")
    assert mailer("issues", "resume", approved, "--json").json["state"] == "sending"
    assert mailer("issues", "cancel", approved, "--json").json["state"] == "cancelled"
    refused = mailer("issues", "resume", approved)
    assert refused.code == 1
    assert f"Issue {approved} is cancelled" in refused.message


def test_refusals_of_an_issue(mailer: Mailer, file: Path, tmp_path: Path) -> None:
    """A missing file, a marked one, the same twice, an issue that does not exist, a bad time."""
    missing = mailer("issues", "add", tmp_path / "none.txt")
    assert missing.code == 1
    assert "none.txt" in missing.message
    marked = tmp_path / "marked.txt"
    marked.write_bytes(source(mark="机密"))
    assert mailer("issues", "add", marked).code == 1
    issue = mailer("issues", "add", file, "--json").json["id"]
    again = mailer("issues", "add", file)
    assert again.code == 1
    assert f"issue {issue}" in again.message
    assert mailer("issues", "show", 99).code == 1
    assert mailer("issues", "show", 10**12).code == 1
    assert mailer("issues", "show", "seven").code == 2
    assert mailer("issues", "add", file, "--bulletin", "none").code == 1
    early = mailer("issues", "schedule", issue, "--at", "2026-11-30T09:00")
    assert early.code == 1
    assert "is draft" in early.message
    assert mailer("issues", "schedule", issue, "--at", "soon").code == 1
    assert mailer("issues", "schedule", issue).code == 2


def test_a_submitted_issue_waits_for_a_worker(
    mailer: Mailer, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody renders: the command says so and does not wait for ever."""
    monkeypatch.setattr(watching, "_RENDER_SECONDS", 0.1)
    issue = mailer("issues", "add", file, "--json").json["id"]
    done = mailer("issues", "submit", issue)
    assert done.code == 0
    assert "not rendered yet" in done.out
    assert mailer("issues", "submit", issue).code == 1
    refused = mailer("issues", "approve", issue)
    assert refused.code == 1
    assert "mailer up" in refused.message


@pytest.mark.usefixtures("worker")
def test_what_cannot_be_rendered_says_why(mailer: Mailer, file: Path, database: Database) -> None:
    """The issue is a draft again, and the command fails with the reason."""
    issue = mailer("issues", "add", file, "--json").json["id"]
    with database.transaction() as session:
        session.execute(text("UPDATE bulletins SET theme = 'gone'"))
    failed = mailer("issues", "submit", issue)
    assert failed.code == 1
    assert "gone" in failed.out
    shown = mailer("issues", "submit", issue, "--json")
    assert (shown.code, shown.json["state"], shown.json["rendered"]) == (1, "draft", False)


def test_preview_writes_three_files(mailer: Mailer, approved: int, tmp_path: Path) -> None:
    """The message, and both of its parts; as a unit would get it; a bad folder is refused."""
    out = tmp_path / "out" / "deeper"
    assert mailer("issues", "preview", approved, "--out", out, "--as", "市财政局").code == 0
    assert {path.name for path in out.iterdir()} == {"message.eml", "message.html", "message.txt"}
    message = email.message_from_bytes(
        (out / "message.eml").read_bytes(), policy=email.policy.default
    )
    assert "cz@caizheng.example" in str(message["To"])
    assert "市财政局" in (out / "message.txt").read_text("utf-8")
    assert "市财政局" in (out / "message.html").read_text("utf-8")
    stranger = mailer("issues", "preview", approved, "--out", out, "--as", "市水利局")
    assert stranger.code == 1
    assert "市水利局" in stranger.message
    taken = tmp_path / "file"
    taken.write_text("in the way")
    assert mailer("issues", "preview", approved, "--out", taken / "x").code == 1


@pytest.mark.usefixtures("worker")
def test_a_list_that_is_not_resolved(mailer: Mailer, file: Path, database: Database) -> None:
    """Approval lists what is missing; resolving it, or a reason, lets it through."""
    with database.transaction() as session:
        add_units(session, {"市财政局": ["cz@caizheng.example"]})
    issue = mailer("issues", "add", file, "--json").json["id"]
    synced = mailer("lists", "sync", "yunwan", "--from", issue, "--json").json
    assert set(synced) >= {"kept", "added", "dropped", "resolved", "unresolved", "reopened"}
    assert len(synced["unresolved"]) == 4
    mailer("issues", "submit", issue)
    refused = mailer("issues", "approve", issue)
    assert refused.code == 1
    assert "市委办公室" in refused.message
    bound = mailer("lists", "resolve", "yunwan", "市委办公室", "--unit", "市财政局", "--json").json
    assert len(bound["unresolved"]) == 3
    assert mailer("lists", "resolve", "yunwan", "市委办公室", "--unit", "无此局").code == 1
    allowed = mailer("issues", "approve", issue, "--allow-unresolved", "by hand", "--json")
    assert (allowed.code, allowed.json["state"]) == (0, "approved")
