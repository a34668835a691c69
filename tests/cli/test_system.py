"""Setting up, settings, accounts, bulletins; and what every command has in common."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.embedded import Addresses
from runtime.paths import PROJECT_ROOT
from runtime.settings import SETTING_NAMES
from tests.cli.conftest import PASSWORD, Mailer
from tests.issues.office import source


def test_init_twice(empty: Mailer, tmp_path: Path) -> None:
    """The second run changes nothing and says so; key and password are made once."""
    options = ["--bulletin", "yunwan", "--name", "云湾市工作简报"]
    options += ["--from-address", "bulletin@yunwan.example"]
    first = empty("init", *options, "--json").json
    assert set(first) >= {"revision", "key_file", "bulletin", "admin", "password"}
    assert (first["bulletin"], first["admin"]) == ("yunwan", "admin")
    assert len(first["password"]) >= 12
    key = tmp_path / "home" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes()
    second = empty("init", *options, "--json").json
    assert {k: second[k] for k in ("key_file", "bulletin", "admin", "password")} == dict.fromkeys(
        ("key_file", "bulletin", "admin", "password")
    )
    assert key.read_bytes() == kept
    assert "up to date" in empty("init").out
    assert [user["name"] for user in empty("users", "list", "--json").json] == ["admin"]


@pytest.mark.parametrize(
    "options",
    [
        ["--bulletin", "Yun Wan"],
        ["--from-address", "nobody"],
        ["--name", "简报\r\nBcc: x@y.example"],
        ["--admin", "the admin"],
        ["--password-stdin"],
    ],
)
def test_init_with_bad_values(empty: Mailer, options: list[str]) -> None:
    """Refused with the reason; a second try with good ones succeeds."""
    refused = empty("init", *options, stdin="short\n")
    assert refused.code == 1
    assert refused.message
    assert empty("users", "list", "--json").json == []
    assert empty("init", "--from-address", "a@yunwan.example").code == 0


def test_commands_before_init_say_what_to_do(
    empty: Mailer, services: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty database is no fault: the message names the command."""
    nothing = services.owner_url.replace("@/jianbao?", "@/postgres?")
    monkeypatch.setenv("MAILER_DATABASE_URL", nothing)
    for command in (["issues", "list"], ["users", "list"], ["bulletins", "list"]):
        refused = empty(*command)
        assert refused.code == 1
        assert "mailer init" in refused.message


def test_users_by_commands(mailer: Mailer) -> None:
    """Added, listed, given another password and role; refused with reasons."""
    added = mailer("users", "add", "li", "--role", "editor", "--json", stdin=PASSWORD + "\n")
    assert (added.code, added.json["name"], added.json["role"]) == (0, "li", "editor")
    assert PASSWORD not in added.out + added.err
    listed = mailer("users", "list", "--json").json
    assert [set(user) for user in listed] == [{"name", "role", "active", "since"}] * 2
    assert "li" in mailer("users", "list").out
    assert mailer("users", "password", "li", stdin="another long winter\n").code == 0
    assert mailer("users", "role", "li", "approver").code == 0
    assert mailer("users", "list", "--json").json[1]["role"] == "approver"
    for arguments, stdin, told in (
        (["users", "add", "li"], PASSWORD, "already"),
        (["users", "add", "Li Ming"], PASSWORD, "user name"),
        (["users", "add", "wang"], "short", "at least 10"),
        (["users", "add", "wang"], "", "at least 10"),
        (["users", "add", "wang", "--role", "boss"], PASSWORD, "viewer, editor"),
        (["users", "password", "nobody"], PASSWORD, "no user nobody"),
        (["users", "role", "admin", "viewer"], "", "last admin"),
        (["users", "role", "li", "boss"], "", "no role boss"),
    ):
        refused = mailer(*arguments, stdin=stdin)
        assert (refused.code, told in refused.message) == (1, True), refused
    assert mailer("users", "add", "wang", stdin=b"\xff\xfe not utf-8 \xff\n").code == 1
    assert len(mailer("users", "list", "--json").json) == 2


def test_bulletins_by_commands(mailer: Mailer) -> None:
    """Added, shown, changed; each bad value is refused with what would do."""
    added = mailer(
        *("bulletins", "add", "shuili", "--name", "水利简报"),
        *("--from-address", "b@water.example", "--json"),
    )
    assert added.code == 0
    keys = {"slug", "name", "publisher", "from_name", "from_address", "reply_to", "contact"}
    keys |= {"theme", "zone", "doubt_policy", "lifetime_hours", "second_person"}
    assert set(added.json) == keys
    assert [b["slug"] for b in mailer("bulletins", "list", "--json").json] == ["yunwan", "shuili"]
    for name, value, shown in (
        ("name", "水利工作简报", "水利工作简报"),
        ("from_address", "Bulletin@水利.example", "Bulletin@xn--2nqv5s.example"),
        ("reply_to", "answer@water.example", "answer@water.example"),
        ("reply_to", "", None),
        ("lifetime_hours", "24", 24),
        ("second_person", "yes", True),
        ("zone", "Asia/Urumqi", "Asia/Urumqi"),
    ):
        assert mailer("bulletins", "set", "shuili", name, value).code == 0
        found = mailer("bulletins", "show", "shuili", "--json").json[name]
        assert found == shown or name == "from_address"
    for name, value in (
        ("name", "x" * 5000),
        ("name", "简报\r\nBcc: x@y.example"),
        ("from_name", "=?utf-8?b?QmNjOg==?="),
        ("contact", "x" * 5000),
        ("from_address", "nobody"),
        ("theme", "nonsense"),
        ("zone", "Mars/Olympus"),
        ("doubt_policy", "maybe"),
        ("lifetime_hours", "0"),
        ("second_person", "perhaps"),
        ("slug", "other"),
        ("__class__", "x"),
    ):
        refused = mailer("bulletins", "set", "shuili", name, value)
        assert (refused.code, bool(refused.message)) == (1, True), name
    assert (
        mailer("bulletins", "add", "shuili", "--name", "x", "--from-address", "a@b.example").code
        == 1
    )
    assert mailer("issues", "add", "nowhere.txt").code == 1


def test_settings_mask_secrets(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every one with value, source and meaning; nothing secret in it."""
    monkeypatch.setenv("MAILER_RELAY_URL", "smtps://office:geheim-pass@mail.yunwan.example")
    monkeypatch.setenv("MAILER_SECRET_KEY", "topsecret" * 6)
    rows = mailer("settings", "--json").json
    assert {row["name"] for row in rows} == {"MAILER_" + name.upper() for name in SETTING_NAMES}
    assert all(set(row) == {"name", "value", "source", "meaning"} for row in rows)
    assert all(row["meaning"] for row in rows)
    printed = str(rows) + mailer("settings").out
    for secret in ("geheim-pass", "topsecret", "postgresql://"):
        assert secret not in printed
    (language,) = [row for row in rows if row["name"] == "MAILER_LANGUAGE"]
    assert (language["value"], language["source"]) == ("en", "environment")


def test_a_misspelt_setting_is_refused(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the nearest name that there is; a value that does not fit, with the reason."""
    monkeypatch.setenv("MAILER_RELAY_ULR", "smtp://mail.example")
    for command in (["issues", "list"], ["settings"], ["users", "list"], ["embedded", "status"]):
        refused = mailer(*command)
        assert refused.code == 1
        assert "MAILER_RELAY_URL" in refused.message
    monkeypatch.delenv("MAILER_RELAY_ULR")
    monkeypatch.setenv("MAILER_SEND_WORKERS", "many")
    refused = mailer("issues", "list")
    assert refused.code == 1
    assert "MAILER_SEND_WORKERS" in refused.message


_RELAYS = (
    ("", "", "MAILER_RELAY_URL"),
    ("smtp://mail.yunwan.example", "", "MAILER_BASE_URL"),
    ("smtp://mail.yunwan.example", "http://localhost:8025", "MAILER_BASE_URL"),
    ("http://mail.yunwan.example", "", "smtp"),
    ("smtp://", "", "smtp"),
    ("smtp://127.0.0.1:99999", "", "65535"),
)


def test_no_sending_without_a_relay_that_can_be_used(
    mailer: Mailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None set, one that is not local while links lead nowhere, one that is no address."""
    file = tmp_path / "a.txt"
    file.write_bytes(source())
    issue = mailer("issues", "add", file, "--json").json["id"]
    for relay, base, told in _RELAYS:
        for name, value in (("MAILER_RELAY_URL", relay), ("MAILER_BASE_URL", base)):
            monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name, raising=False)
        for command in (
            ["issues", "send", issue, "--now"],
            ["issues", "schedule", issue, "--at", "2026-12-01T09:00"],
        ):
            refused = mailer(*command)
            assert refused.code == 1
            assert told in refused.message
    assert mailer("issues", "show", issue, "--json").json["state"] == "draft"


def test_a_database_that_is_away(mailer: Mailer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that names the setting, and never the password."""
    monkeypatch.setenv(
        "MAILER_DATABASE_URL", "postgresql://u:geheim@127.0.0.1:1/x?connect_timeout=2"
    )
    refused = mailer("issues", "list")
    assert refused.code == 1
    assert "MAILER_DATABASE_URL" in refused.message
    assert "geheim" not in refused.message


def test_redis_that_is_away_costs_nothing(
    mailer: Mailer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that cannot be published is found again by the sweep."""
    monkeypatch.setenv("MAILER_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setattr("mailer.cli.watching._RENDER_SECONDS", 0.1)
    file = tmp_path / "a.txt"
    file.write_bytes(source())
    issue = mailer("issues", "add", file, "--json").json["id"]
    assert mailer("issues", "submit", issue).code == 0


_USAGE = (
    ("--help", 0),
    ("issues --help", 0),
    ("issues add", 2),
    ("issues add --colour red", 2),
    ("nonsense", 2),
    ("issues nonsense", 2),
    ("log", 2),
    ("read", 2),
    ("users role li", 2),
)


def test_usage(mailer: Mailer) -> None:
    """0 for help, 2 for wrong usage."""
    for line, code in _USAGE:
        assert mailer(*line.split()).code == code, line


def run(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command as a process."""
    return subprocess.run(
        [sys.executable, "-m", "mailer.cli.main", *arguments],
        cwd=PROJECT_ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("MAILER_")} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_as_a_process_in_both_languages(tmp_path: Path) -> None:
    """Chinese by default, English where asked for; exit codes as the contract says."""
    file = tmp_path / "简报.txt"
    file.write_bytes(source(number=7))
    home = {"MAILER_HOME": str(tmp_path)}
    chinese = run("read", str(file), **home)
    assert chinese.returncode == 0
    assert "云湾市工作简报" in chinese.stdout.decode()
    missing = run("read", str(tmp_path / "none.txt"), **home)
    english = run("read", str(tmp_path / "none.txt"), **home, MAILER_LANGUAGE="en")
    assert missing.returncode == english.returncode == 1
    assert "cannot be read" in english.stderr.decode()
    assert "cannot be read" not in missing.stderr.decode()
    assert "none.txt" in missing.stderr.decode()


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 in a path: a sentence, and no traceback."""
    name = bytes(tmp_path) + b"/\xff\xfe.txt"
    refused = run("read", name, MAILER_HOME=str(tmp_path), MAILER_LANGUAGE="en")
    assert refused.returncode == 1
    assert b"Traceback" not in refused.stderr
    assert b"fault of" not in refused.stderr
