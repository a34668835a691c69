"""Whatever dies, and whenever: nothing is lost, and nothing is repeated without a doubt on record.

The inbox writes down each message before it answers. It is the judge: its count by Message-ID is
held against the ledger. Run with ``-s`` to see the counts.
"""

import os
import random
import signal
import time
from collections.abc import Callable

import pytest
import redis
from sqlalchemy import func, select

from mailer.deliveries.models import Delivery
from mailer.deliveries.progress import Progress
from runtime import embedded
from runtime.settings import Settings

from .conftest import Judgement, Site, wait_until

UNITS = 2000
WINDOW = Settings.model_fields["in_doubt_window"].default
SECONDS = 90


def finish(site: Site, issue: int, told: str) -> tuple[Progress, Judgement]:
    """Wait for the end, print the counts, and assert what must hold whatever happened."""
    found = site.wait_until_final(issue, SECONDS)
    verdict = site.judge()
    print(f"\n{told}: {verdict}")  # noqa: T201 - the counts are what this test is for
    assert verdict.missing == 0
    assert verdict.unknown == 0
    assert verdict.unexplained == 0
    assert verdict.states == {"accepted": UNITS}
    assert {state.value: n for state, n in found.counts.items()} == verdict.states
    return found, verdict


def after(site: Site, issue: int, accepted: int) -> None:
    """Wait until so many deliveries are accepted."""
    wait_until(lambda: site.sent(issue) >= accepted, SECONDS, explain=site.tail)


def test_without_faults_each_mail_goes_once(site: Site) -> None:
    """Two workers share an issue; the inbox gets each message once."""
    issue = site.issue_to(UNITS)
    site.start_workers()
    _, verdict = finish(site, issue, "no fault")
    assert verdict.repeated == verdict.doubts == verdict.stale == 0


def test_ten_kills_of_a_worker(site: Site) -> None:
    """Ten SIGKILLs at random instants leave at most a window of doubts each, and lose nothing."""
    chance = random.Random(20261120)  # noqa: S311 - the same instants every time
    issue = site.issue_to(UNITS)
    site.start_workers()
    for kill in range(10):
        after(site, issue, (kill + 1) * UNITS // 14)
        time.sleep(chance.uniform(0, 0.05))
        name = chance.choice(["send1", "send2"])
        site.kill(name, signal.SIGKILL)
        site.start_mailer(name, "worker", "send")
    _, verdict = finish(site, issue, "ten SIGKILLs to a worker")
    assert verdict.doubts <= 10 * WINDOW


def test_terminating_the_whole_group_leaves_nothing_claimed(site: Site) -> None:
    """SIGTERM to every process of a group: open transactions end, nothing is in doubt."""
    issue = site.issue_to(UNITS)
    site.start_workers(grouped=True)
    after(site, issue, UNITS // 4)
    os.killpg(site.processes["beat"].pid, signal.SIGTERM)
    for name in ("beat", "work", "send1", "send2"):
        site.processes[name].wait(15)
    with site.runtime.database.transaction() as session:
        claimed = session.scalar(
            select(func.count()).select_from(Delivery).where(Delivery.state == "claimed")
        )
    assert claimed == 0
    assert site.sent(issue) < UNITS
    site.start_workers()
    _, verdict = finish(site, issue, "SIGTERM to the process group (0 claimed rows after it)")
    assert verdict.repeated == verdict.doubts == verdict.stale == 0


@pytest.mark.parametrize("fault", ["FLUSHALL", "SIGKILL"])
def test_losing_redis_costs_a_pause(site: Site, fault: str) -> None:
    """Redis emptied, or killed with all that it knew: the ledger goes on where it was."""
    issue = site.issue_to(UNITS)
    site.start_workers()
    after(site, issue, UNITS // 4)
    with redis.Redis.from_url(site.runtime.redis_url) as client:
        process = int(client.info("server")["process_id"])
        if fault == "FLUSHALL":
            client.flushall()
        else:
            os.kill(process, signal.SIGKILL)
    _, verdict = finish(site, issue, f"{fault} of Valkey")
    assert verdict.repeated == verdict.doubts == 0


def test_immediate_stop_of_postgres(site: Site) -> None:
    """PostgreSQL stops at once in mid-send and comes back: results in hand are stored then."""
    issue = site.issue_to(UNITS)
    site.start_workers()
    after(site, issue, UNITS // 4)
    status = embedded.running(site.home)
    assert status is not None
    pid = int((status.data / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
    os.kill(pid, signal.SIGQUIT)
    wait_until(_gone(pid), 10)
    _, verdict = finish(site, issue, "immediate stop and restart of PostgreSQL")
    assert verdict.doubts <= 2 * WINDOW


def test_a_stopped_worker_wakes_up_late(site: Site) -> None:
    """A worker stopped for longer than its lease changes no state when it wakes up."""
    issue = site.issue_to(UNITS)
    site.start_workers()
    after(site, issue, UNITS // 4)
    site.kill("send1", signal.SIGSTOP)
    time.sleep(site.settings.lease_seconds * 1.5)
    site.kill("send1", signal.SIGCONT)
    _, verdict = finish(site, issue, "SIGSTOP beyond the lease, then SIGCONT")
    assert verdict.doubts <= WINDOW


def _gone(pid: int) -> Callable[[], bool]:
    def check() -> bool:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        return False

    return check
