"""A whole system of its own for a test: services, inbox, workers, and an issue to many units.

The processes are the real ones, started by the real commands, so that a test can kill any of them.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from mailer.actions.adding import add_issue
from mailer.actions.approving import approve
from mailer.actions.initialising import FirstBulletin, initialise
from mailer.actions.listing import sync_list
from mailer.actions.rendering import render_issue
from mailer.actions.scheduling import send_now
from mailer.actions.submitting import submit
from mailer.deliveries.models import Attempt, Delivery
from mailer.deliveries.progress import Progress, progress
from mailer.inbox.store import Answer, read_store
from mailer.issues.events import Event
from mailer.issues.lookup import get_bulletin
from mailer.reading.limits import Limits
from recipients.groups import Group, GroupRule
from recipients.names import key
from recipients.units import Mailbox, Unit, UnitTag
from runtime import embedded
from runtime.clock import now
from runtime.paths import PROJECT_ROOT
from runtime.process import Runtime, open_runtime
from runtime.settings import PREFIX, Settings

BULLETIN = """云湾市邮政快递行业工作简报

2026年第7期（总第128期）

云湾市邮政管理局办公室编

2026年11月20日

云湾市部署冬季寄递安全工作

近日，云湾市邮政管理局召开冬季寄递安全工作会议，对旺季服务保障作出安排。

会议要求，各企业要落实收寄验视制度，保障末端投递平稳有序。

送：各演示单位
"""


class Site:
    """One system: its home, its processes, and the inbox that is its relay."""

    def __init__(self, home: Path, relay_delay_ms: int) -> None:
        self.home = home
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
        }
        ready = home / "inbox.json"
        self.start(
            "inbox",
            [
                "-m",
                "mailer.inbox.main",
                *("--folder", str(home / "inbox")),
                *("--smtp-port", "0", "--http-port", "0"),
                *("--delay-ms", str(relay_delay_ms)),
                *("--ready-file", str(ready)),
            ],
            group=0,
        )
        wait_until(ready.exists, 20)
        self.relay_port = json.loads(ready.read_text("utf-8"))["smtp_port"]
        self.settings = Settings(
            home=home,
            relay_url=f"smtp://127.0.0.1:{self.relay_port}",
            send_workers=2,
            lease_seconds=3,
            retry_first_seconds=1,
            sweep_seconds=0.2,
            smtp_timeout=10,
            smtp_final_timeout=10,
            language="en",
        )
        self.environment |= {
            PREFIX + "HOME": str(home),
            PREFIX + "RELAY_URL": f"smtp://127.0.0.1:{self.relay_port}",
            PREFIX + "SEND_WORKERS": "2",
            PREFIX + "LEASE_SECONDS": "3",
            PREFIX + "RETRY_FIRST_SECONDS": "1",
            PREFIX + "SWEEP_SECONDS": "0.2",
            PREFIX + "SMTP_TIMEOUT": "10",
            PREFIX + "SMTP_FINAL_TIMEOUT": "10",
        }
        self.runtime: Runtime

    def start(self, name: str, arguments: list[str], *, group: int | None = None) -> None:
        """Start a Python process, in the process group ``group`` (0: one of its own)."""
        with (self.home / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=group,
            )

    def start_mailer(self, name: str, *command: str, group: int | None = None) -> None:
        """Start a ``mailer`` command as a process."""
        self.start(name, ["-m", "mailer.cli.main", *command], group=group)

    def start_workers(self, *, grouped: bool = False) -> None:
        """Start beat, the general worker and both send workers, all in one group if need be."""
        self.start_mailer("beat", "beat", group=0 if grouped else None)
        group = self.processes["beat"].pid if grouped else None
        self.start_mailer("work", "worker", "work", group=group)
        for name in ("send1", "send2"):
            self.start_mailer(name, "worker", "send", group=group)

    def kill(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a process, and wait for its end where the signal ends it."""
        process = self.processes[name]
        process.send_signal(number)
        if number is signal.SIGKILL:
            process.wait(10)

    def issue_to(self, units: int) -> int:
        """Make an approved issue to so many units, and have it sent now; return its number."""
        limits = Limits()
        with self.runtime.database.transaction() as session:
            _add_units(session, units)
            bulletin = get_bulletin(session)
            issue = add_issue(
                session, bulletin, BULLETIN.encode(), "issue.txt", actor="test", limits=limits
            ).issue
            report, _ = sync_list(session, bulletin, issue.id, actor="test", now=now())
            assert not report.unresolved
            submit(session, issue.id, actor="test", now=now())
            assert render_issue(session, issue.id, actor="test", limits=limits)
            approve(session, issue.id, allow_unresolved=None, actor="test", now=now())
            send_now(session, issue.id, actor="test", now=now())
            return issue.id

    def progress(self, issue: int) -> Progress | None:
        """Return how far the issue is; None before it is frozen, or while the database is away."""
        try:
            with self.runtime.database.transaction() as session:
                return progress(session, issue)
        except OperationalError:
            return None

    def sent(self, issue: int) -> int:
        """Return how many deliveries of the issue are accepted."""
        found = self.progress(issue)
        return sum(n for state, n in found.counts.items() if state == "accepted") if found else 0

    def wait_until_final(self, issue: int, seconds: float) -> Progress:
        """Wait until every delivery is final."""

        def final() -> bool:
            found = self.progress(issue)
            return found is not None and found.all_final

        wait_until(final, seconds, explain=lambda: f"{self.progress(issue)}\n{self.tail()}")
        found = self.progress(issue)
        assert found is not None
        return found

    def judge(self) -> "Judgement":
        """Compare what the inbox accepted with what the ledger says."""
        accepted = Counter(
            kept.message_id.strip("<>")
            for kept in read_store(self.home / "inbox")
            if kept.answer is Answer.ACCEPTED
        )
        with self.runtime.database.transaction() as session:
            rows = session.execute(select(Delivery.message_id, Delivery.id, Delivery.state)).all()
            doubts = Counter(
                session.scalars(select(Event.delivery_id).where(Event.kind == "unconfirmed")).all()
            )
            stale = session.scalar(select(func.count()).select_from(Attempt).where(Attempt.stale))
            counts = {
                state.value: n
                for state, n in session.execute(
                    select(Delivery.state, func.count()).group_by(Delivery.state)
                )
            }
        known = {message_id: number for message_id, number, _ in rows}
        return Judgement(
            deliveries=len(rows),
            missing=sum(
                not accepted[message_id] for message_id, _, state in rows if state == "accepted"
            ),
            unknown=sum(message_id not in known for message_id in accepted),
            repeated=sum(n - 1 for n in accepted.values() if n > 1),
            unexplained=sum(
                max(0, n - 1 - doubts[known[message_id]])
                for message_id, n in accepted.items()
                if message_id in known
            ),
            doubts=sum(doubts.values()),
            stale=stale or 0,
            states=counts,
        )

    def tail(self) -> str:
        """Return the last lines that each process wrote."""
        return "\n".join(
            f"--- {path.name}\n" + "\n".join(path.read_text(errors="replace").splitlines()[-15:])
            for path in sorted(self.home.glob("*.log"))
        )

    def stop(self) -> None:
        """End every process that is left."""
        for process in self.processes.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.kill()
        for process in self.processes.values():
            process.wait(10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """The inbox against the ledger, in numbers."""

    deliveries: int
    missing: int
    """Deliveries that the ledger calls accepted and the inbox never accepted."""
    unknown: int
    """Messages in the inbox that the ledger does not know."""
    repeated: int
    """Messages that the inbox accepted beyond the first of each Message-ID."""
    unexplained: int
    """Repeats for which the ledger has no doubt on record."""
    doubts: int
    stale: int
    """Results that came after their lease was lost: kept as evidence."""
    states: dict[str, int]


def _add_units(session: Session, count: int) -> None:
    names = [f"演示单位{number:05d}" for number in range(count)]
    rows = [{"name": name, "key": key(name), "pinyin": name, "initials": name} for name in names]
    ids = session.scalars(insert(Unit).returning(Unit.id), rows).all()
    session.execute(
        insert(Mailbox),
        [
            {"unit_id": unit, "address": f"u{n}@demo.example", "normalised": f"u{n}@demo.example"}
            for n, unit in enumerate(ids)
        ],
    )
    session.execute(insert(UnitTag), [{"unit_id": unit, "tag": "demo"} for unit in ids])
    session.add(
        Group(
            name="各演示单位",
            key=key("各演示单位"),
            pinyin="",
            initials="",
            rule=GroupRule.TAG,
            tag="demo",
        )
    )


def wait_until(
    holds: Callable[[], bool], seconds: float, *, explain: Callable[[], str] = lambda: ""
) -> None:
    """Wait until ``holds`` is true; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {explain()}")
        time.sleep(0.05)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """A system with nothing running but its services and its inbox (20 ms a message)."""
    home = Path(tempfile.mkdtemp(prefix="jianbao-site-"))
    home.chmod(0o711)
    site = Site(home, relay_delay_ms=getattr(request, "param", 20))
    try:
        with open_runtime(site.settings) as runtime:
            site.runtime = runtime
            initialise(
                runtime,
                FirstBulletin(
                    slug="yunwan",
                    name="云湾市邮政快递行业工作简报",
                    from_name="云湾市邮政管理局",
                    from_address="bulletin@yunwan.example",
                ),
                "admin",
                "a long password",
            )
            yield site
            site.stop()
    finally:
        site.stop()
        embedded.stop(home)
        shutil.rmtree(home, ignore_errors=True)
