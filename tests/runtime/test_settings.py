"""Settings: read, checked, explained, and never shown where they are secret."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from runtime import env_file
from runtime.env_file import EnvFileError
from runtime.paths import PROJECT_ROOT
from runtime.settings import (
    PREFIX,
    SETTING_NAMES,
    InvalidSettingError,
    Settings,
    UnknownSettingError,
    load_settings,
    nearest,
    refuse_unknown,
    unknown_names,
)
from runtime.text import LANGUAGES, language

_DOCUMENT = PROJECT_ROOT / "docs" / "settings.md"
_SECRET = "s3cret/of#mine"


@pytest.fixture(autouse=True)
def dot_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``.env`` file that is not there yet, and no setting in the environment."""
    for name in SETTING_NAMES:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)
    path = tmp_path / ".env"
    monkeypatch.setattr(env_file, "PATH", path)
    return path


def _documented_default(name: str) -> str:
    """Return how docs/settings.md writes the default of a setting."""
    if name == "home":
        return "`var` in the checkout"
    if name == "send_workers":
        return "one a core, at most 8"
    value = Settings.model_fields[name].default
    return "–" if value in {None, ""} else f"`{value}`"


def _table() -> str:
    """Return the table that docs/settings.md must hold."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_documented_default(name)} | "
        f"{Settings.model_fields[name].description} |"
        for name in SETTING_NAMES
    ]
    return "\n".join(["| setting | default | meaning |", "| --- | --- | --- |", *rows])


def test_document_lists_every_setting_as_it_is() -> None:
    """Name, default and meaning, in the order of the code; on a difference, copy the table."""
    assert _table() in _DOCUMENT.read_text("utf-8"), f"\n{_table()}\n"


def test_every_setting_says_what_it_means() -> None:
    """One sentence, with an end."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_environment_goes_before_the_file_and_the_file_before_the_default(
    dot_env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As documented; a byte order mark, comments, quotes and ``export`` are no matter."""
    dot_env.write_text(
        "\ufeffMAILER_WEB_PORT=1111  # comment\nexport MAILER_HELO_NAME='bulletin.example'\n"
        'MAILER_EMBEDDED_USER="daemon"\n# MAILER_LEASE_SECONDS=5\n',
        "utf-8",
    )
    monkeypatch.setenv("MAILER_EMBEDDED_USER", "bin")
    settings = load_settings()
    assert settings.web_port == 1111
    assert settings.helo_name == "bulletin.example"
    assert settings.embedded_user == "bin"
    assert settings.lease_seconds == 60
    assert unknown_names() == ()


def test_empty_value_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a container's environment file writes what it does not set."""
    for name in SETTING_NAMES:
        monkeypatch.setenv(PREFIX + name.upper(), "")
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WEB_PORT", "eighty", "it is not a whole number"),
        ("WEB_PORT", "70000", "it is more than 65535"),
        ("WEB_PORT", "1.5", "it is not a whole number"),
        ("RELAY_CONNECTIONS", "0", "it is less than 1"),
        ("SESSION_HOURS", "0", "it is not more than 0.0"),
        ("RELAY_RATE", "fast", "it is not a number"),
        ("RELAY_RATE", "inf", "it is not a number"),
        ("LEASE_SECONDS", "nan", "it is not a number"),
        ("LANGUAGE", "de", "it is not one of 'zh_CN' or 'en'"),
        ("LOG_LEVEL", "loud", "it is not one of 'debug', 'info', 'warning' or 'error'"),
        ("DATABASE_URL", f"mysql://u:{_SECRET}@h/d", "it does not start with postgresql://"),
        ("DATABASE_URL", f"u:{_SECRET}@h/d", "it does not start with postgresql://"),
        ("DATABASE_URL", f"postgresql://u:{_SECRET}@h/d", "it cannot be read as an address"),
        ("DATABASE_OWNER_URL", f"postgresql://u:{_SECRET}@[h/d", "it cannot be read as an address"),
        ("DATABASE_URL", f"postgresql://u@h/d?pass={_SECRET}", "it cannot be read as an address"),
        ("REDIS_URL", f"http://:{_SECRET}@h", "it does not start with redis://, rediss:// or unix"),
        ("REDIS_URL", f"redis://:{_SECRET}@h", "it cannot be read as an address"),
        ("REDIS_URL", "redis://h:port/0", "it cannot be read as an address"),
        ("REDIS_URL", "unix://", "it names no socket"),
        ("BASE_URL", "bulletin.example", "it is not an address such as https://"),
        ("BASE_URL", "https://", "it is not an address such as https://"),
        ("BASE_URL", "https://h:99999", "it is not an address such as https://"),
        ("BASE_URL", "https://h/?a=b", "it is not an address such as https://"),
    ],
)
def test_value_that_cannot_be_used_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    """The sentence names the setting and the fault, and shows no part of the value."""
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(InvalidSettingError) as refused:
        load_settings()
    message = str(refused.value)
    assert message.startswith(
        f"The setting MAILER_{name} has a value that cannot be used: {reason}"
    )
    for part in ("s3cret", "of#mine", "mine"):
        assert part not in message


@pytest.mark.parametrize("chosen", LANGUAGES)
def test_refusals_of_values_read_well_in_every_language(
    monkeypatch: pytest.MonkeyPatch, chosen: str
) -> None:
    """Formatting never fails on a translation."""
    monkeypatch.setenv("MAILER_WEB_PORT", "70000")
    before = language.set(chosen)
    try:
        with pytest.raises(InvalidSettingError) as refused:
            load_settings()
        assert "65535" in str(refused.value)
        assert "{" not in str(refused.value)
    finally:
        language.reset(before)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("DATABASE_URL", "postgresql://app:p%2Fw@db.example:5432/jianbao?sslmode=verify-full"),
        ("DATABASE_URL", "postgresql+psycopg://app@/jianbao?host=%2Frun%2Fpostgresql"),
        ("DATABASE_URL", "postgres://app@a.example:1,b.example:2/jianbao"),
        ("REDIS_URL", "rediss://user:p%40w@redis.example:6380/3"),
        ("REDIS_URL", "unix://:p%40w@/run/redis.sock?db=2"),
        ("BASE_URL", "https://bulletin.example/desk"),
        ("BASE_URL", "http://[::1]:8025"),
    ],
)
def test_usual_addresses_are_taken_as_they_are(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    """Nothing is changed about them."""
    monkeypatch.setenv(PREFIX + name, address)
    value = getattr(load_settings(), name.lower())
    assert (value.get_secret_value() if isinstance(value, SecretStr) else value) == address


def test_unknown_name_is_refused_with_the_nearest_known_one(
    dot_env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the environment or in the file, in whatever case."""
    refuse_unknown()
    dot_env.write_text("mailer_web_prot=1\nOTHER=2\n", "utf-8")
    monkeypatch.setenv("MAILER_SEND_WORKER", "2")
    assert unknown_names() == ("MAILER_SEND_WORKER", "mailer_web_prot")
    with pytest.raises(UnknownSettingError) as refused:
        refuse_unknown()
    assert str(refused.value) == (
        "The environment sets MAILER_SEND_WORKER, which is no setting of Jianbao. "
        "Did you mean MAILER_SEND_WORKERS?"
    )
    assert nearest("mailer_web_prot") == "Did you mean MAILER_WEB_PORT?"
    assert nearest("MAILER_XYZZY") == "`mailer settings` lists all of them."


@pytest.mark.parametrize("lower", [False, True])
def test_every_setting_is_known_by_its_own_name(
    monkeypatch: pytest.MonkeyPatch, *, lower: bool
) -> None:
    """Names are compared without regard to case, as they are read."""
    for name in SETTING_NAMES:
        full = PREFIX + name.upper()
        monkeypatch.setenv(full.lower() if lower else full, "")
    assert unknown_names() == ()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"MAILER_HELO_NAME=简报{_SECRET}\n".encode("gb18030"), "it is not UTF-8 text"),
        (
            f"# fine\nMAILER_WEB_PORT=1\nMAILER_HELO_NAME='{_SECRET}\n".encode(),
            "line 3 is not NAME=value",
        ),
    ],
)
def test_file_that_cannot_be_read_is_refused(dot_env: Path, content: bytes, reason: str) -> None:
    """Which file, which line, and nothing of its content."""
    dot_env.write_bytes(content)
    for read in (load_settings, refuse_unknown):
        with pytest.raises(EnvFileError) as refused:
            read()
        assert str(dot_env) in str(refused.value)
        assert reason in str(refused.value)
        assert "s3cret" not in str(refused.value)


def test_folder_in_the_place_of_the_file_is_refused(dot_env: Path) -> None:
    """The system's own reason is given."""
    dot_env.mkdir()
    with pytest.raises(EnvFileError, match="Is a directory"):
        load_settings()


def test_secrets_are_in_no_form_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither repr nor str, JSON or a dump shows them; they are read by name only."""
    secrets = {
        "DATABASE_URL": "postgresql://app:hush1@h/d",
        "DATABASE_OWNER_URL": "postgresql://owner:hush2@h/d",
        "REDIS_URL": "redis://:hush3@h",
        "SECRET_KEY": "hush4" * 10,
        "RELAY_URL": "smtps://user:hush5@h",
    }
    for name, value in secrets.items():
        monkeypatch.setenv(PREFIX + name, value)
    settings = load_settings()
    forms = [
        repr(settings),
        str(settings),
        settings.model_dump_json(),
        json.dumps(settings.model_dump(mode="json"), default=str),
        str(settings.model_dump()),
    ]
    assert not any("hush" in form for form in forms)
    held = {name: getattr(settings, name.lower()).get_secret_value() for name in secrets}
    assert held == secrets
    secret_fields = {
        name.upper()
        for name, field in Settings.model_fields.items()
        if "SecretStr" in str(field.annotation)
    }
    assert secret_fields == set(secrets), "a new secret belongs into this test"
