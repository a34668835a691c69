"""Passwords: hashed with Argon2id, never stored or shown."""

from pwdlib import PasswordHash

from runtime.refusal import Refusal

SHORTEST = 10
LONGEST = 256
_HASHER = PasswordHash.recommended()


class ShortPasswordError(Refusal):
    """The password has {length} characters; at least {shortest} are needed."""


class LongPasswordError(Refusal):
    """The password has {length} characters; at most {longest} are possible."""


def hash_password(password: str) -> str:
    """Return the hash under which a password is kept.

    Raises:
        ShortPasswordError: it is easily guessed.
        LongPasswordError: hashing it would take long.

    """
    if len(password) < SHORTEST:
        raise ShortPasswordError(length=len(password), shortest=SHORTEST)
    if len(password) > LONGEST:
        raise LongPasswordError(length=len(password), longest=LONGEST)
    return _HASHER.hash(password)


def password_matches(password: str, hashed: str) -> bool:
    """Return whether ``password`` is the one that ``hashed`` was made from."""
    return len(password) <= LONGEST and _HASHER.verify(password, hashed)


NOBODY = _HASHER.hash("nobody has this password")
"""Checked when there is no such user, so that the time of an answer tells nothing."""
