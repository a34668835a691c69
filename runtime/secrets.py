"""The secret key, and keys derived from it, each for one purpose."""

import contextlib
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from runtime.refusal import Refusal
from runtime.settings import Settings
from runtime.unprivileged import HomeNotWritableError

KEY_FILE = "secret.key"
_LEAST_CHARACTERS = 32


class NoSecretKeyError(Refusal):
    """There is no secret key at {path}. Run `mailer init`, or set MAILER_SECRET_KEY."""


class WeakSecretKeyError(Refusal):
    """The secret key from {source} is shorter than 32 characters. Use 43 or more random ones:
    `mailer init` makes such a key.
    """


class UnreadableSecretKeyError(Refusal):
    """The secret key {path} cannot be read: {reason}. Run this as the user whose file it is, or
    correct the file's owner.
    """


class OpenSecretKeyError(Refusal):
    """The secret key {path} can be read by other users. Run: chmod 600 {path}"""


def create_secret_key(settings: Settings) -> Path | None:
    """Create the key file (mode 0600) unless a key is there already; return its path if created.

    Raises:
        HomeNotWritableError: it cannot be written.

    """
    path = settings.home / KEY_FILE
    if settings.secret_key is not None or path.exists():
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
            file.flush()
            os.fsync(file.fileno())
            # A link is made whole or not at all, and never over a key that came in between.
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
                return path
    except OSError as error:
        raise HomeNotWritableError(path=path, reason=error.strerror or str(error)) from error
    return None


def read_secret_key(settings: Settings) -> bytes:
    """Return the secret key.

    Raises:
        NoSecretKeyError: none is set and none was made.
        UnreadableSecretKeyError: we cannot read the file.
        OpenSecretKeyError: other users can read the file.
        WeakSecretKeyError: the key is short.

    """
    if settings.secret_key is not None:
        key, source = settings.secret_key.get_secret_value().encode(), "MAILER_SECRET_KEY"
    else:
        path = settings.home / KEY_FILE
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_mode & 0o077:
                    raise OpenSecretKeyError(path=path)
                key, source = file.read().strip(), str(path)
        except FileNotFoundError:
            raise NoSecretKeyError(path=path) from None
        except OSError as error:
            raise UnreadableSecretKeyError(path=path, reason=error.strerror) from error
    if len(key) < _LEAST_CHARACTERS:
        raise WeakSecretKeyError(source=source)
    return key


def derive_key(secret: bytes, purpose: str) -> bytes:
    """Return a 32-byte key for ``purpose``: what is made with one tells nothing of another."""
    return hmac.digest(secret, b"jianbao:" + purpose.encode(), hashlib.sha256)
