"""The embedded services come with the first command that uses them and go with the last."""

import fcntl
import os
import signal
import threading
from pathlib import Path

import psutil
import psycopg
import redis

from runtime import embedded
from runtime.keeper import state_folder
from tests.runtime.homes import (
    Homes,
    alive,
    answer,
    held,
    leave,
    look,
    wait_until,
    wait_until_gone,
)


def _keepers(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            arguments = process.cmdline()
        except psutil.Error:
            continue
        if "runtime.keeper" in arguments and str(home) in arguments:
            found.append(process)
    return found


def test_both_services_answer_while_a_command_works(homes: Homes) -> None:
    """Both answer at their addresses, and nothing of them is left when the command is done."""
    with held(homes.new(empty=True)) as running:
        with psycopg.connect(running.addresses.database_url) as connection:
            row = connection.execute("SELECT current_user, current_database()").fetchone()
            assert row == ("jianbao_app", "jianbao")
        with psycopg.connect(running.addresses.owner_url) as connection:
            row = connection.execute("SELECT current_user").fetchone()
            assert row == ("jianbao_owner",)
        with redis.Redis.from_url(running.addresses.redis_url) as client:
            assert client.set("key", "value")
        processes = running.processes
        assert len(processes) > 3
    wait_until_gone(running, processes)


def test_second_command_finds_the_running_services(homes: Homes) -> None:
    """It starts nothing; the services stay until the last of both has gone."""
    home = homes.new()
    first = homes.command(home)
    keeper = answer(first)["keeper"]
    with held(home) as running:
        assert running.status.pid == keeper
        processes = running.processes
        leave(first)
        with psycopg.connect(running.addresses.database_url) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert look(home).status == running.status
    wait_until_gone(running, processes)


def test_killed_command_leaves_nothing_behind(homes: Homes) -> None:
    """The kernel lets go of a killed command's hold, and the services stop."""
    home = homes.new()
    command = homes.command(home)
    answer(command)
    running = look(home)
    processes = running.processes
    command.kill()
    wait_until_gone(running, processes)


def test_commands_that_start_at_once_share_one_keeper(homes: Homes) -> None:
    """Three at the same moment, in a home that nothing was ever in: one keeper, one database."""
    home = homes.new(empty=True)
    commands = [homes.command(home) for _ in range(3)]
    keepers = {answer(command)["keeper"] for command in commands}
    assert len(keepers) == 1
    assert [process.pid for process in _keepers(home)] == list(keepers)


def test_data_survives_a_restart(homes: Homes) -> None:
    """What was committed is there at the next start, under the same address and password."""
    home = homes.new()
    with held(home) as before:
        with psycopg.connect(before.addresses.owner_url) as connection:
            connection.execute("CREATE TABLE kept AS SELECT '简报' AS word")
        processes = before.processes
    wait_until_gone(before, processes)
    with held(home) as after, psycopg.connect(before.addresses.owner_url) as connection:
        assert after.keeper.pid != before.keeper.pid
        assert connection.execute("SELECT word FROM kept").fetchone() == ("简报",)


def test_keeper_that_is_told_twice_to_stop_ends_in_good_order(homes: Homes) -> None:
    """The second signal does not cut the first one's work short."""
    home = homes.new()
    with held(home) as running:
        processes = running.processes
        for _ in range(2):
            running.keeper.send_signal(signal.SIGTERM)
        wait_until_gone(running, processes)
    assert "database system is shut down" in (state_folder(home) / "postgres.log").read_text(
        "utf-8"
    )


def test_command_that_comes_while_the_services_stop_waits_and_starts_them(homes: Homes) -> None:
    """It never gets the addresses of services that are going."""
    home = homes.new()
    with held(home) as running:
        processes = running.processes
        stopping = threading.Thread(target=embedded.stop, args=[home])
        stopping.start()
        wait_until(lambda: _is_locked(state_folder(home) / "start.lock") or not stopping.is_alive())
        with held(home) as again:
            assert again.keeper.pid != running.keeper.pid
            assert not any(alive(process) for process in processes)
            with psycopg.connect(again.addresses.database_url) as connection:
                assert connection.execute("SELECT 1").fetchone() == (1,)
        stopping.join()


def _is_locked(path: Path) -> bool:
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def test_stopping_by_force_stops_them_whoever_holds(homes: Homes) -> None:
    """``stop`` says whether there was something to stop."""
    home = homes.new()
    assert not embedded.stop(home)
    with held(home) as running:
        assert embedded.in_use(home)
        processes = running.processes
        assert embedded.stop(home)
        wait_until_gone(running, processes)
        assert embedded.running(home) is None
    assert not embedded.in_use(home)


def test_starter_killed_during_the_first_start_leaves_no_half_made_database(homes: Homes) -> None:
    """Killed while initdb works, whichever process it hits: the next command has a whole one."""
    home = homes.new(empty=True)
    data = home / "embedded"
    for _ in range(2):
        command = homes.command(home)
        wait_until(lambda: any(data.glob("postgres.partial-*/base")))
        for keeper in _keepers(home):
            os.kill(keeper.pid, signal.SIGKILL)
        command.kill()
        assert not (data / "postgres").exists()
    with held(home) as running, psycopg.connect(running.addresses.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert list(data.glob("postgres.partial-*")) == []


def test_next_command_takes_over_a_keeper_whose_starter_was_killed(homes: Homes) -> None:
    """The keeper that a killed command has begun to start serves the next one, or makes way."""
    home = homes.new()
    command = homes.command(home)
    wait_until(lambda: _keepers(home))
    command.kill()
    with held(home) as running, psycopg.connect(running.addresses.database_url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
        assert len(_keepers(home)) == 1
