"""The secret key, and keys derived from it, each for one purpose."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path

from runtime.refusal import Refusal
from runtime.settings import Settings

KEY_FILE = "secret.key"
_LEAST_CHARACTERS = 32


class NoSecretKeyError(Refusal):
    """There is no secret key at {path}. Run `mailer init`, or set MAILER_SECRET_KEY."""


class WeakSecretKeyError(Refusal):
    """The secret key from {source} is shorter than 32 characters. Use 43 or more random ones:
    `mailer init` makes such a key.
    """


class OpenSecretKeyError(Refusal):
    """The secret key {path} can be read by other users. Run: chmod 600 {path}"""


def create_secret_key(settings: Settings) -> Path | None:
    """Create the key file (mode 0600) unless a key is there already; return its path if created."""
    path = settings.home / KEY_FILE
    if settings.secret_key is not None or path.exists():
        return None
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(32) + "\n")
    return path


def read_secret_key(settings: Settings) -> bytes:
    """Return the secret key.

    Raises:
        NoSecretKeyError: none is set and none was made.
        OpenSecretKeyError: other users can read the file.
        WeakSecretKeyError: the key is short.

    """
    if settings.secret_key is not None:
        key, source = settings.secret_key.get_secret_value(), "MAILER_SECRET_KEY"
    else:
        path = settings.home / KEY_FILE
        if not path.exists():
            raise NoSecretKeyError(path=path)
        if path.stat().st_mode & 0o077:
            raise OpenSecretKeyError(path=path)
        key, source = path.read_text("ascii").strip(), str(path)
    if len(key) < _LEAST_CHARACTERS:
        raise WeakSecretKeyError(source=source)
    return key.encode()


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for ``purpose``: what is made with one tells nothing of another."""
    return hmac.digest(secret, b"jianbao:" + purpose.encode(), hashlib.sha256)
