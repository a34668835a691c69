"""Every setting, read from ``MAILER_…`` environment variables and ``.env``.

This is the one place where a setting is declared: its name, type, default and meaning.
``mailer settings`` prints them, docs/settings.md lists them, and a test holds the two together.
"""

import difflib
import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict

from runtime import env_file
from runtime.paths import PROJECT_ROOT
from runtime.refusal import Refusal
from runtime.text import translate as _

PREFIX = "MAILER_"


class UnknownSettingError(Refusal):
    """The environment sets {name}, which is no setting of Jianbao. {hint}

    Commands refuse an unknown name, since a misspelt setting is a setting that does not hold.
    """


class InvalidSettingError(Refusal):
    """The setting {name} has a value that cannot be used: {reason}. Correct it, or unset it for its
    default.
    """


class Settings(BaseSettings):
    """What can be set. Secrets are masked wherever settings are printed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=env_file.PATH,
        env_file_encoding=env_file.ENCODING,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
    )

    home: Path = Field(
        default=PROJECT_ROOT / "var" if env_file.IN_CHECKOUT else Path("var"),
        description="Folder for everything that Jianbao keeps: embedded data, secret key, logs.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL of the application's role; empty: the embedded one is started.",
    )
    database_owner_url: SecretStr | None = Field(
        default=None,
        description="PostgreSQL of the owner role, for migrations; empty: as database_url.",
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey for tasks and rate limits; empty: the embedded one is started.",
    )
    embedded_user: str = Field(
        default="nobody",
        description="Existing user that the embedded services run as when Jianbao is started by root.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Key from which tokens are derived; empty: the file secret.key in the home.",
    )
    relay_url: SecretStr | None = Field(
        default=None,
        description="Relay that takes the mail: smtp://, smtps:// or smtp+starttls://, with user and password inside.",
    )
    relay_ca_file: Path | None = Field(
        default=None,
        description="Certificates that the relay's own is checked against; empty: those of the system.",
    )
    relay_rate: float = Field(
        default=0,
        ge=0,
        description="Most messages a second to the relay, all workers together; 0: no limit.",
    )
    relay_connections: int = Field(
        default=10,
        ge=1,
        le=200,
        description="Connections to the relay that a send worker keeps open.",
    )
    helo_name: str = Field(
        default="", description="Name given to the relay in EHLO; empty: this machine's own name."
    )
    base_url: str = Field(
        default="http://127.0.0.1:8025",
        description="Address under which recipients and staff reach the pages.",
    )
    web_host: str = Field(default="127.0.0.1", description="Address that the pages listen on.")
    web_port: int = Field(
        default=8025, ge=0, le=65535, description="Port that the pages listen on; 0: any free one."
    )
    language: Literal["zh_CN", "en"] = Field(
        default="zh_CN", description="Language of commands and logs for people."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="Form of the log lines: readable, or one JSON object each."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written."
    )
    send_workers: int = Field(
        default=max(1, min(os.cpu_count() or 1, 8)),
        ge=1,
        le=64,
        description="Worker processes that send; one a core is a good number.",
    )
    in_doubt_window: int = Field(
        default=64,
        ge=1,
        le=5000,
        description="Most deliveries that a worker holds without a stored result: the doubts that a crash can leave.",
    )
    lease_seconds: float = Field(
        default=60,
        ge=2,
        le=3600,
        description="Time after which a silent worker's deliveries are taken for doubtful.",
    )
    send_seconds: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Time after which a send task ends and queues itself again.",
    )
    sweep_seconds: float = Field(
        default=1,
        ge=0.1,
        le=60,
        description="Pause between two looks for due issues, retries and expired leases.",
    )
    smtp_timeout: float = Field(
        default=60, ge=1, le=600, description="Longest wait for an answer of the relay, in seconds."
    )
    smtp_final_timeout: float = Field(
        default=600,
        ge=1,
        le=3600,
        description="Longest wait for the answer to a whole message, in seconds (RFC 5321 section 4.5.3.2.6).",
    )
    retry_first_seconds: float = Field(
        default=300,
        ge=1,
        le=86400,
        description="Pause before the first retry of a deferred delivery; later ones double, up to four hours.",
    )
    max_source_bytes: int = Field(
        default=50 * 1024 * 1024,
        ge=1024,
        description="Largest file that is read as an issue, in bytes.",
    )
    session_hours: float = Field(
        default=12, gt=0, le=720, description="Time after which a sign-in to the pages ends."
    )

    @field_validator("database_url", "database_owner_url")
    @classmethod
    def _names_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from runtime.addresses import check_postgres  # noqa: PLC0415 - few commands need it

            check_postgres(value.get_secret_value())
        return value

    @field_validator("redis_url")
    @classmethod
    def _names_redis(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            from runtime.addresses import check_redis  # noqa: PLC0415 - few commands need it

            check_redis(value.get_secret_value())
        return value

    @field_validator("base_url")
    @classmethod
    def _names_the_pages(cls, value: str) -> str:
        from runtime.addresses import check_pages  # noqa: PLC0415 - few commands need it

        check_pages(value)
        return value


SETTING_NAMES = tuple(Settings.model_fields)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        InvalidSettingError: a value does not fit its setting.
        EnvFileError: the ``.env`` file cannot be read.

    """
    env_file.names(env_file.PATH)
    try:
        return Settings(_env_file=env_file.PATH)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = PREFIX + "_".join(str(part) for part in first["loc"]).upper()
        raise InvalidSettingError(name=name, reason=_reason(first)) from None


def _reason(error: ErrorDetails) -> str:
    """Return what is wrong with a value, without the value: it may be a secret."""
    limits = error.get("ctx", {})
    texts = {
        "int_parsing": _("it is not a whole number"),
        "float_parsing": _("it is not a number"),
        "finite_number": _("it is not a number"),
        "greater_than_equal": _("it is less than {ge}"),
        "greater_than": _("it is not more than {gt}"),
        "less_than_equal": _("it is more than {le}"),
        "literal_error": _("it is not one of {expected}"),
        "value_error": "{error}",
    }
    text = texts.get(error["type"])
    return text.format(**limits) if text else error["msg"]


def unknown_names() -> tuple[str, ...]:
    """Return the ``MAILER_…`` names of the environment and ``.env`` that are no settings, sorted.

    As for the settings themselves, ``mailer_…`` is the same name.

    Raises:
        EnvFileError: the ``.env`` file cannot be read.

    """
    known = {PREFIX + name.upper() for name in SETTING_NAMES}
    names = {*os.environ, *env_file.names(env_file.PATH)}
    ours = (name for name in names if name.upper().startswith(PREFIX))
    return tuple(sorted(name for name in ours if name.upper() not in known))


def refuse_unknown() -> None:
    """Raise :class:`UnknownSettingError` for the first unknown ``MAILER_…`` name.

    Raises:
        UnknownSettingError: with the nearest known name as its hint.

    """
    for name in unknown_names():
        raise UnknownSettingError(name=name, hint=nearest(name))


def nearest(name: str) -> str:
    """Return a sentence that names the known setting most like ``name``, or where all are listed."""
    known = [known.upper() for known in SETTING_NAMES]
    # Without the prefix, which would make every name resemble every other.
    close = difflib.get_close_matches(name.upper().removeprefix(PREFIX), known, n=1, cutoff=0.6)
    if close:
        return _("Did you mean {name}?").format(name=PREFIX + close[0])
    return _("`mailer settings` lists all of them.")
