"""Measure the whole product: from a directory and a bulletin to the last stored answer.

The real commands run as processes of their own (`mailer beat`, `mailer worker work`, and
`mailer worker send` as often as is set) on the embedded PostgreSQL and Valkey; a local inbox that
keeps envelopes only is the relay. Beside it, in the same run and against the same inbox, Python's
smtplib sends as many ready-made mails over one connection: no ledger, no rendering, one process.

    python bench/sending.py [--count 5000] [--workers N] [--connections 10]
"""

import argparse
import contextlib
import json
import os
import shutil
import smtplib
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from sqlalchemy import func, select

from mailer.actions.adding import add_issue
from mailer.actions.approving import approve
from mailer.actions.initialising import FirstBulletin, initialise
from mailer.actions.listing import sync_list
from mailer.actions.previewing import preview_issue
from mailer.actions.scheduling import send_now
from mailer.actions.submitting import submit
from mailer.deliveries.models import Attempt
from mailer.deliveries.progress import progress
from mailer.inbox.store import Answer, read_store
from mailer.issues.lookup import get_bulletin, get_issue
from mailer.reading.limits import Limits
from recipients.group_importing import apply_groups, plan_groups
from recipients.importing import apply_import, plan_import
from recipients.sheets import read_sheet
from runtime import embedded
from runtime.clock import now
from runtime.paths import PROJECT_ROOT, shipped
from runtime.process import Runtime, open_runtime
from runtime.settings import PREFIX, Settings

GROUP = "各测量单位"
_START_SECONDS = 60.0
_SEND_SECONDS = 1800.0


class Stage:
    """A system of its own in a temporary home, and the processes that run in it."""

    def __init__(self, home: Path, processes: ExitStack) -> None:
        self.home = home
        self._processes = processes
        self.pids: dict[str, int] = {}
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(PREFIX)
        }

    def start(self, name: str, *arguments: str) -> None:
        """Start a Python process that ends with the bench; its output goes to a file."""
        log = self._processes.enter_context((self.home / f"{name}.log").open("ab"))
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=PROJECT_ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        self._processes.callback(_end, process)
        self.pids[name] = process.pid

    def start_inbox(self) -> int:
        """Start the inbox; return its SMTP port."""
        ready = self.home / "inbox.json"
        self.start(
            "inbox",
            *("-m", "mailer.inbox.main", "--no-bodies"),
            *("--folder", str(self.home / "inbox"), "--ready-file", str(ready)),
        )
        wait_until(ready.exists, _START_SECONDS, "the inbox to listen")
        return int(json.loads(ready.read_text("utf-8"))["smtp_port"])

    def start_workers(self, settings: Settings) -> None:
        """Start beat, the general worker and the send workers; wait until they are ready."""
        self.environment |= {
            PREFIX + "HOME": str(self.home),
            PREFIX + "RELAY_URL": settings.relay_url.get_secret_value(),  # type: ignore[union-attr]
            PREFIX + "SEND_WORKERS": str(settings.send_workers),
            PREFIX + "RELAY_CONNECTIONS": str(settings.relay_connections),
        }
        senders = [f"send{number}" for number in range(1, settings.send_workers + 1)]
        self.start("beat", "-m", "mailer.cli.main", "beat")
        self.start("work", "-m", "mailer.cli.main", "worker", "work")
        for name in senders:
            self.start(name, "-m", "mailer.cli.main", "worker", "send")
        logs = [self.home / f"{name}.log" for name in ("work", *senders)]
        wait_until(
            lambda: all("ready." in log.read_text(errors="replace") for log in logs),
            _START_SECONDS,
            "the workers to be ready",
        )


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(15)
    process.kill()
    process.wait()


def wait_until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until ``holds`` is true; end the bench after so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            sys.exit(f"Waited {seconds:g} s for {what}.")
        time.sleep(0.02)


@contextmanager
def system(options: argparse.Namespace) -> Iterator[tuple[Stage, Runtime]]:
    """Yield a stage with an initialised database, its workers and its inbox."""
    home = Path(tempfile.mkdtemp(prefix="jianbao-bench-"))
    home.chmod(0o711)
    try:
        with ExitStack() as processes:
            stage = Stage(home, processes)
            settings = Settings(
                _env_file=None,
                home=home,
                relay_url=f"smtp://127.0.0.1:{stage.start_inbox()}",
                relay_connections=options.connections,
                send_workers=options.workers,
            )
            runtime = processes.enter_context(open_runtime(settings))
            first = FirstBulletin(
                slug="bench",
                name="云湾市邮政快递行业工作简报",
                from_name="云湾市邮政管理局办公室",
                from_address="bulletin@yunwan.example",
            )
            initialise(runtime, first, "admin", "a password of the bench")
            stage.start_workers(settings)
            yield stage, runtime
    finally:
        embedded.stop(home)
        embedded.erase(home, Settings(_env_file=None).embedded_user)
        shutil.rmtree(home, ignore_errors=True)


def prepare(runtime: Runtime, count: int, figures: dict[str, float]) -> int:
    """Import ``count`` units, add the sample bulletin to all of them; return the issue's number."""
    database = runtime.database
    rows = [f"测量单位{n:05d},unit{n}@office.example,测量\n" for n in range(count)]
    units = "".join(["单位名称,邮箱,标签\n", *rows]).encode()
    groups = f"集合名称,规则,值\n{GROUP},标签,测量\n".encode()
    began = time.perf_counter()
    with database.transaction() as session:
        apply_import(session, plan_import(session, read_sheet(units, "units.csv")))
        apply_groups(session, plan_groups(session, read_sheet(groups, "groups.csv")))
    figures["import units s"] = time.perf_counter() - began
    sample = (shipped("templates") / "demo" / "bulletin.txt").read_text("utf-8")
    text = sample[: sample.rindex("\n报：")] + f"\n送：{GROUP}\n"
    with database.transaction() as session:
        bulletin = get_bulletin(session)
        issue = add_issue(
            session, bulletin, text.encode(), "issue.txt", actor="bench", limits=Limits()
        ).issue.id
        sync_list(session, bulletin, issue, actor="bench", now=now())
    with database.transaction() as session:
        submit(session, issue, actor="bench", now=now())

    def rendered() -> bool:
        with database.transaction() as session:
            return get_issue(session, issue).rendition_id is not None

    wait_until(rendered, _START_SECONDS, "a worker to render the issue")
    began = time.perf_counter()
    with database.transaction() as session:
        approve(session, issue, allow_unresolved=None, actor="bench", now=now())
    figures["approve s"] = time.perf_counter() - began
    return issue


def cpu_seconds(pid: int, program: str = "") -> float:
    """Return the CPU time of a process and all below it, of one program only if it is named.

    What has ended below a process counts as its own.
    """
    top = psutil.Process(pid)
    total = 0.0
    for process in (top, *top.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.name().startswith(program):
                total += sum(process.cpu_times()[:4])
    return total


def cpu_by_part(stage: Stage) -> dict[str, float]:
    """Return the CPU seconds that each part has used so far."""
    status = embedded.running(stage.home)
    keeper = status.pid if status else 0
    senders = [pid for name, pid in stage.pids.items() if name.startswith("send")]
    return {
        "send workers": sum(cpu_seconds(pid) for pid in senders),
        "work and beat": cpu_seconds(stage.pids["work"]) + cpu_seconds(stage.pids["beat"]),
        "PostgreSQL": cpu_seconds(keeper, "postgres"),
        "Valkey": cpu_seconds(keeper, "valkey"),
        "inbox (the sink)": cpu_seconds(stage.pids["inbox"]),
    }


def send(stage: Stage, runtime: Runtime, issue: int, figures: dict[str, float]) -> None:
    """Send the issue; measure from the order to the last stored answer."""

    def final() -> bool:
        with runtime.database.transaction() as session:
            counts = progress(session, issue)
        return counts is not None and counts.all_final

    before = cpu_by_part(stage)
    ordered = time.perf_counter()
    with runtime.database.transaction() as session:
        send_now(session, issue, actor="bench", now=now())
    wait_until(final, _SEND_SECONDS, "every delivery to be final")
    figures["from the order to the last stored answer s"] = time.perf_counter() - ordered
    after = cpu_by_part(stage)
    with runtime.database.transaction() as session:
        counts = progress(session, issue)
        times = select(func.min(Attempt.at), func.max(Attempt.finished_at))
        first, last = session.execute(times).one()
    if counts is None or set(counts.counts) != {"accepted"}:
        sys.exit(f"Not every delivery was accepted: {counts}")
    figures["messages/s, first MAIL to last answer"] = counts.total / (last - first).total_seconds()
    for part, seconds in after.items():
        figures[f"CPU ms/message: {part}"] = (seconds - before[part]) * 1000 / counts.total
    figures["CPU ms/message: all but the sink"] = sum(
        figures[f"CPU ms/message: {part}"] for part in list(after)[:-1]
    )


def send_by_smtplib(port: int, message: bytes, count: int, figures: dict[str, float]) -> None:
    """Send ``message`` as often over one connection, as a simple script would."""
    with smtplib.SMTP("127.0.0.1", port) as client:
        wall, cpu = time.perf_counter(), time.process_time()
        for number in range(count):
            client.sendmail("bulletin@yunwan.example", [f"unit{number}@office.example"], message)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    figures["smtplib messages/s"] = count / wall
    figures["smtplib CPU ms/message"] = cpu * 1000 / count


def measure(options: argparse.Namespace) -> dict[str, float]:
    """Run it all; return the figures by name."""
    figures: dict[str, float] = {"deliveries": options.count, "send workers": options.workers}
    with system(options) as (stage, runtime):
        issue = prepare(runtime, options.count, figures)
        with runtime.database.transaction() as session:
            message = preview_issue(session, issue, unit=None, limits=Limits(), now=now()).message
        figures["message KB"] = len(message) / 1024
        send(stage, runtime, issue, figures)
        kept = list(read_store(stage.home / "inbox"))
        accepted = {one.message_id for one in kept if one.answer is Answer.ACCEPTED}
        if not len(kept) == len(accepted) == options.count:
            sys.exit(f"The inbox has {len(accepted)} messages, {len(kept)} with repeats.")
        port = int(json.loads((stage.home / "inbox.json").read_text("utf-8"))["smtp_port"])
        send_by_smtplib(port, message, options.count, figures)
    figures["Jianbao / smtplib, messages/s"] = (
        figures["messages/s, first MAIL to last answer"] / figures["smtplib messages/s"]
    )
    figures["Jianbao / smtplib, CPU"] = (
        figures["CPU ms/message: all but the sink"] / figures["smtplib CPU ms/message"]
    )
    return figures


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument(
        "--workers", type=int, default=Settings.model_fields["send_workers"].default
    )
    parser.add_argument("--connections", type=int, default=10)
    for name, figure in measure(parser.parse_args()).items():
        print(f"{name:<44}{figure:>12,.2f}")


if __name__ == "__main__":
    main()
