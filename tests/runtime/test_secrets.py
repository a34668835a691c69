"""The secret key: made once, closed to others, and one key derived for each purpose."""

import os
import threading
from pathlib import Path

import pytest
from pydantic import SecretStr

from runtime.secrets import (
    KEY_FILE,
    NoSecretKeyError,
    OpenSecretKeyError,
    UnreadableSecretKeyError,
    WeakSecretKeyError,
    create_secret_key,
    derive_key,
    read_secret_key,
)
from runtime.settings import Settings
from runtime.unprivileged import HomeNotWritableError


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o277])
def test_key_is_made_once_and_closed_to_others(tmp_path: Path, umask: int) -> None:
    """Mode 0600 whatever the umask; a second time nothing happens."""
    settings = Settings(home=tmp_path / "home")
    (tmp_path / "home").mkdir()
    before = os.umask(umask)
    try:
        path = create_secret_key(settings)
    finally:
        os.umask(before)
    assert path == tmp_path / "home" / KEY_FILE
    assert path.stat().st_mode & 0o177 == 0
    key = read_secret_key(settings)
    assert len(key) >= 43
    assert create_secret_key(settings) is None
    assert read_secret_key(settings) == key
    assert [entry.name for entry in path.parent.iterdir()] == [KEY_FILE]


def test_keys_made_at_once_are_one_key(tmp_path: Path) -> None:
    """Of many that make it, one has made it, and no reader ever sees a part of it."""
    settings = Settings(home=tmp_path)
    made: list[Path | None] = []
    keys: set[bytes] = set()
    barrier = threading.Barrier(8)

    def make() -> None:
        barrier.wait()
        made.append(create_secret_key(settings))
        keys.add(read_secret_key(settings))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 1
    assert len([path for path in made if path]) == 1


def test_key_of_the_settings_goes_before_the_file(tmp_path: Path) -> None:
    """And no file is made then."""
    settings = Settings(home=tmp_path, secret_key=SecretStr("a简" * 20))
    assert create_secret_key(settings) is None
    assert list(tmp_path.iterdir()) == []
    assert read_secret_key(settings) == ("a简" * 20).encode()


def test_missing_key_says_how_to_make_one(tmp_path: Path) -> None:
    """The path, the command and the setting."""
    with pytest.raises(NoSecretKeyError) as refused:
        read_secret_key(Settings(home=tmp_path))
    message = str(refused.value)
    assert str(tmp_path / KEY_FILE) in message
    assert "`mailer init`" in message
    assert "MAILER_SECRET_KEY" in message


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o610])
def test_key_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """With the command that closes it."""
    path = create_secret_key(Settings(home=tmp_path))
    assert path is not None
    path.chmod(mode)
    with pytest.raises(OpenSecretKeyError, match=f"chmod 600 {path}"):
        read_secret_key(Settings(home=tmp_path))


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"\n" + b"x" * 31 + b" \n"])
def test_short_key_is_refused_without_being_shown(tmp_path: Path, content: bytes) -> None:
    """White space around it does not count."""
    path = tmp_path / KEY_FILE
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(WeakSecretKeyError) as refused:
        read_secret_key(Settings(home=tmp_path))
    assert str(path) in str(refused.value)
    assert "xxx" not in str(refused.value)
    with pytest.raises(WeakSecretKeyError, match="MAILER_SECRET_KEY"):
        read_secret_key(Settings(home=tmp_path, secret_key=SecretStr("x" * 31)))


def test_key_file_of_any_bytes_is_a_key(tmp_path: Path) -> None:
    """Who made it with other means may have used other characters."""
    path = tmp_path / KEY_FILE
    path.write_bytes(b"\xff\x00" * 20 + b"\n")
    path.chmod(0o600)
    assert read_secret_key(Settings(home=tmp_path)) == b"\xff\x00" * 20


def test_folder_in_the_place_of_the_key_is_refused(tmp_path: Path) -> None:
    """It cannot be read, and the reason is given."""
    (tmp_path / KEY_FILE).mkdir(mode=0o700)
    with pytest.raises(UnreadableSecretKeyError, match="Is a directory"):
        read_secret_key(Settings(home=tmp_path))


def test_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(HomeNotWritableError, match="MAILER_HOME"):
        create_secret_key(Settings(home=tmp_path / "file" / "home"))


def test_derived_keys_tell_nothing_of_each_other() -> None:
    """Another purpose or another secret gives another key; the same two give the same, always."""
    keys = {derive_key(secret, purpose) for secret in (b"a", b"b") for purpose in ("x", "y", "")}
    assert len(keys) == 6
    assert {len(key) for key in keys} == {32}
    # Links and message ids of last year must verify next year: this value never changes.
    assert derive_key(b"0" * 32, "csrf").hex() == (
        "0438deeb542a4c807a3436807761a86b9825f4131e432b18a4c6077998048816"
    )
