"""The embedded services survive the death of any of their processes, and so do the data."""

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from runtime import embedded
from runtime.embedded import Addresses
from runtime.keeper import state_folder
from runtime.settings import Settings
from tests.runtime.homes import Homes, Running, alive, answer, held, look, wait_until


def _answers(addresses: Addresses) -> bool:
    try:
        with psycopg.connect(addresses.database_url) as connection:
            connection.execute("SELECT 1")
        with redis.Redis.from_url(addresses.redis_url) as client:
            client.ping()
    except (psycopg.OperationalError, redis.RedisError):
        return False
    return True


def _write(running: Running) -> None:
    with psycopg.connect(running.addresses.owner_url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")


def _kept(addresses: Addresses) -> bool:
    with psycopg.connect(addresses.owner_url) as connection:
        return connection.execute("SELECT number FROM kept").fetchone() == (1,)


@pytest.fixture
def strangers(homes: Homes) -> Iterator[list[psutil.Process]]:
    """Programs of others: one has the name of PostgreSQL's, both run as the services do."""
    account = {} if os.geteuid() else {"user": 65534, "group": 65534, "extra_groups": []}
    sleep = shutil.which("sleep")
    assert sleep is not None
    namesake = homes.folder / "postgres"
    shutil.copy(sleep, namesake)
    started = [
        subprocess.Popen([program, "600"], cwd="/", **account)  # type: ignore[call-overload]
        for program in (sleep, namesake)
    ]
    yield [psutil.Process(process.pid) for process in started]
    for process in started:
        process.kill()
        process.wait()


def test_killed_keeper_takes_the_servers_along(homes: Homes) -> None:
    """The kernel ends them; the next command starts a keeper, and the data are there."""
    home = homes.new()
    with held(home) as running:
        _write(running)
        processes = running.processes
        running.keeper.kill()
        wait_until(lambda: not any(alive(process) for process in processes))
        with held(home) as again:
            assert again.status.pid != running.status.pid
            assert again.addresses == running.addresses
            assert _kept(running.addresses)


def test_holder_can_revive_what_it_holds(homes: Homes) -> None:
    """Who holds the services for long looks from time to time, and goes on with its addresses."""
    home = homes.new()
    with held(home) as running:
        assert not embedded.revive(Settings(home=home))
        running.keeper.kill()
        wait_until(lambda: not any(map(alive, (running.keeper, running.postgres, running.valkey))))
        assert embedded.revive(Settings(home=home))
        assert _answers(running.addresses)
        assert not embedded.revive(Settings(home=home))
        assert look(home).keeper.pid != running.keeper.pid


def test_everything_killed_at_once_is_recovered(
    homes: Homes, strangers: list[psutil.Process]
) -> None:
    """Lock, socket and status files of the dead are cleared up, though their numbers are given
    to others; who has the number now is left alone.
    """
    home = homes.new()
    for stranger in strangers:
        with held(home) as running:
            if not (home / "written").exists():
                _write(running)
                (home / "written").touch()
            _kill_at_once(running)
        lock_file = home / "embedded" / "postgres" / "postmaster.pid"
        lines = lock_file.read_text("ascii").splitlines()
        lines[0] = str(stranger.pid)
        lock_file.write_text("\n".join(lines) + "\n", "ascii")
        assert (running.sockets / ".s.PGSQL.5432.lock").exists()
        assert (state_folder(home) / "status.json").exists()
        with held(home) as again:
            assert _kept(again.addresses)
            assert alive(stranger)


def test_killed_postgres_is_started_again_while_it_is_used(homes: Homes) -> None:
    """Also while a child of the killed one still computes, which must not touch the data then."""
    with held(homes.new()) as running:
        _write(running)
        ended = threading.Event()

        def compute() -> None:
            try:
                with psycopg.connect(running.addresses.database_url) as connection:
                    connection.execute("SELECT count(*) FROM generate_series(1, 100000000000)")
            except psycopg.OperationalError:
                ended.set()

        thread = threading.Thread(target=compute)
        thread.start()
        wait_until(lambda: _is_computing(running))
        children = running.postgres.children()
        running.postgres.kill()
        thread.join(30)
        assert ended.is_set()
        wait_until(lambda: _answers(running.addresses))
        assert _kept(running.addresses)
        assert not any(alive(child) for child in children)
        now = look(running.home)
        assert now.postgres.pid != running.postgres.pid
        assert (now.keeper.pid, now.valkey.pid) == (running.keeper.pid, running.valkey.pid)


def _kill_at_once(running: Running) -> None:
    processes = [running.keeper, running.postgres, running.valkey]
    for process in processes:
        process.suspend()
    for process in reversed(processes):
        process.kill()
    wait_until(lambda: not any(alive(process) for process in processes))


def _is_computing(running: Running) -> bool:
    with psycopg.connect(running.addresses.owner_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'jianbao_app'"
        ).fetchone()
    return row == (1,)


def test_killed_valkey_is_started_again_while_it_is_used(homes: Homes) -> None:
    """Under the same address, empty."""
    with held(homes.new()) as running:
        with redis.Redis.from_url(running.addresses.redis_url) as client:
            client.set("key", "value")
        running.valkey.kill()
        wait_until(lambda: not alive(running.valkey))
        wait_until(lambda: _answers(running.addresses))
        with redis.Redis.from_url(running.addresses.redis_url) as client:
            assert client.get("key") is None
        assert look(running.home).postgres.pid == running.postgres.pid


def test_server_that_cannot_start_again_is_tried_until_it_can(homes: Homes) -> None:
    """Who holds the services has nobody else to wait for: the keeper does not give up."""
    home = homes.new()
    with held(home) as running:
        version = home / "embedded" / "postgres" / "PG_VERSION"
        version.write_text("9\n", "ascii")
        running.postgres.send_signal(signal.SIGKILL)
        log = state_folder(home) / "keeper.log"
        wait_until(lambda: "Cannot start again" in log.read_text("utf-8"))
        assert "next try" in log.read_text("utf-8")
        version.write_text("18\n", "ascii")
        wait_until(lambda: _answers(running.addresses))
        assert alive(running.keeper)


def test_forgotten_servers_are_ended_before_new_ones_start(homes: Homes) -> None:
    """Servers that the kernel did not end with their keeper: they are found by what they serve."""
    home = homes.new()
    with held(home) as running:
        _write(running)
        servers = [running.postgres, running.valkey]
        for server in servers:
            server.suspend()  # so that the signal of the keeper's death finds nobody at home
        running.keeper.kill()
        running.keeper.wait(10)
        command = homes.command(home)
        for server in servers:
            server.resume()
        sockets = Path(str(answer(command)["sockets"]))
        assert not any(alive(server) for server in servers)
        assert sockets == running.sockets
        assert _answers(running.addresses)
        assert _kept(running.addresses)
