"""Where the embedded services live: any path, no port, nobody else's business."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from runtime.database import Database
from runtime.keeper import state_folder
from tests.runtime.homes import (
    AS_ROOT,
    Homes,
    Running,
    alive,
    held,
    rights,
    short_folder,
    wait_until,
)

# Run by root, which gives up everything it has before it tries; the trial before that shows that
# the addresses are right and only the account is wrong.
_INTRUDER = """
import json, os, sys
import psycopg, redis
told = json.load(sys.stdin)

def attempts():
    outcomes = {}
    def attempt(name, action):
        try:
            action()
        except Exception as error:
            outcomes[name] = f"{type(error).__name__}: {error}"
        else:
            outcomes[name] = "in"
    attempt("postgres", lambda: psycopg.connect(told["database_url"]).close())
    attempt("valkey", lambda: redis.Redis.from_url(told["redis_url"]).ping())
    for name in ("sockets", "data", "state"):
        attempt(name, lambda: os.listdir(told[name]))
    return outcomes

before = attempts()
os.setgroups([])
os.setgid(1)
os.setuid(1)
print(json.dumps([before, attempts()]))
"""


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """Services in a home that nothing was in, for the tests that only look."""
    homes = Homes(folder=short_folder())
    try:
        with held(homes.new("fresh", empty=True)) as running:
            yield running
    finally:
        homes.clear()


@pytest.mark.skipif(not AS_ROOT, reason="SKIPPED: only root can try as another user")
def test_another_user_can_connect_to_nothing(running: Running) -> None:
    """Not even one who knows addresses and passwords: the sockets lie in a closed folder."""
    told = {
        "database_url": running.addresses.database_url,
        "redis_url": running.addresses.redis_url,
        "sockets": str(running.sockets),
        "data": str(running.status.data),
        "state": str(state_folder(running.home)),
    }
    result = subprocess.run(
        [sys.executable, "-c", _INTRUDER],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = json.loads(result.stdout)
    assert set(before.values()) == {"in"}
    assert all("Permission denied" in outcome for outcome in after.values()), after


def test_whoever_reaches_the_sockets_needs_a_password(running: Running) -> None:
    """Neither server takes a connection for granted because it comes from this machine."""
    for role in ("postgres", "jianbao_owner", "jianbao_app"):
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(host=str(running.sockets), user=role, dbname="postgres")
    with (
        redis.Redis(unix_socket_path=str(running.sockets / "valkey.sock")) as client,
        pytest.raises(redis.AuthenticationError),
    ):
        client.ping()


def test_no_port_is_listened_on(running: Running) -> None:
    """The servers have Unix sockets only, in a folder of mode 0700."""
    kinds = {
        connection.family.name
        for process in running.processes
        for connection in process.net_connections("all")
    }
    assert kinds == {"AF_UNIX"}
    assert stat.filemode(running.sockets.stat().st_mode) == "drwx------"
    found = {path.name: stat.filemode(path.stat().st_mode) for path in running.sockets.iterdir()}
    assert found == {
        ".s.PGSQL.5432": "srwx------",
        ".s.PGSQL.5432.lock": "-rw-------",
        "valkey.sock": "srwx------",
    }


def test_services_do_not_run_as_root(running: Running) -> None:
    """They run as nobody where root starts them, with no group of root's; else as who we are."""
    servers = [process for process in running.processes if process != running.keeper]
    assert len(servers) > 2
    for server in servers:
        status = Path(f"/proc/{server.pid}/status").read_text("ascii")
        lines = dict(line.split(":", 1) for line in status.splitlines())
        users = {int(number) for number in lines["Uid"].split()}
        groups = {int(number) for number in (lines["Gid"] + lines["Groups"]).split()}
        if AS_ROOT:
            assert 0 not in users | groups
            assert int(lines["CapEff"], 16) == 0
        else:
            assert users == {os.getuid()}


def test_passwords_show_nowhere(running: Running) -> None:
    """Neither in a command line, which every user sees, nor in a log, nor in an environment."""
    home = running.home
    passwords = json.loads((state_folder(home) / "credentials.json").read_text("utf-8"))
    assert len(passwords) == 4
    secrets = [password.encode() for password in passwords.values()]
    for process in psutil.process_iter():
        for part in ("cmdline", "environ"):
            try:
                shown = Path(f"/proc/{process.pid}/{part}").read_bytes()
            except OSError:
                continue
            assert not any(secret in shown for secret in secrets), (process, part)
    logs = [log.read_bytes() for log in state_folder(home).glob("*.log")]
    assert len(logs) == 3
    assert not any(secret in log for secret in secrets for log in logs)
    for path in (*state_folder(home).glob("*.json"), running.sockets, running.status.data):
        assert path.stat().st_mode & 0o077 == 0, path
    assert not any(
        secret.decode() in shown
        for secret in secrets
        for shown in (repr(running.status), repr(running.addresses), str(running.status))
    )


def test_rights_of_the_folders_above_are_as_before(homes: Homes) -> None:
    """From the home to the root of the file system: mode, owner and group."""
    home = homes.new("a/b/home")
    (homes.folder / "a").chmod(0o751)
    before = rights(home)
    with held(home) as running:
        assert rights(home) == before
        assert running.status.data.is_relative_to(home)
    assert rights(home) == before


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("/".join(["long" * 12] * 5), id="longer than a socket's name may be"),
        pytest.param(
            "简报 'a', \"b\"\t%2F #?&=@:;$(c)", id="full of characters that mean something"
        ),
    ],
)
def test_any_home_will_do(homes: Homes, name: str) -> None:
    """Where the path cannot hold sockets they lie in a closed folder under /tmp, which goes with
    them, and which the next keeper finds again.
    """
    home = homes.new(name)
    with held(home) as running:
        _check(running)
        assert running.sockets.parent == Path("/tmp")  # noqa: S108 - that is what is tested
        assert stat.filemode(running.sockets.stat().st_mode) == "drwx------"
        processes = running.processes
        running.keeper.kill()
        wait_until(lambda: not any(alive(process) for process in processes))
        with held(home) as again:
            assert again.addresses == running.addresses
            _check(again)
            processes = again.processes
    wait_until(lambda: not any(alive(process) for process in processes))
    assert not running.sockets.exists()


def _check(running: Running) -> None:
    database = Database(running.addresses.database_url)
    with database.transaction() as session:
        assert session.connection().exec_driver_sql("SELECT 1").scalar() == 1
    database.close()
    with redis.Redis.from_url(running.addresses.redis_url) as client:
        assert client.ping()


def test_relative_home_and_one_behind_a_link_are_the_same_home(
    homes: Homes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it is written, a home has one keeper."""
    home = homes.new()
    link = homes.folder / "link"
    link.symlink_to(home)
    monkeypatch.chdir(homes.folder)
    with held(home) as running, held(Path("home")) as relative, held(link) as linked:
        assert running.status == relative.status == linked.status
