"""The inbox as a process: how it starts, survives, and ends."""

import contextlib
import json
import signal
import smtplib
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from mailer.inbox.store import count_by_message_id, read_message, read_store
from tests.inbox.conftest import InboxProcesses

START = b"EHLO me\r\nMAIL FROM:<b@office.example>\r\nRCPT TO:<a@unit.example>\r\nDATA\r\n"


def send(port: int, message_id: str, size: int = 10) -> None:
    """Send one message by the standard library."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        body = f"Message-ID: <{message_id}>\r\n\r\n" + "x" * size + "\r\n"
        client.sendmail("b@office.example", ["a@unit.example"], body)


def test_it_serves_mail_and_pages_and_ends_when_told(processes: InboxProcesses) -> None:
    """SIGTERM and Ctrl-C end it with 0 and without a word, open sessions or not."""
    for number, stop in enumerate((signal.SIGTERM, signal.SIGINT)):
        inbox = processes.start()
        send(inbox.smtp_port, f"{number}@office.example")
        page = httpx.get(f"http://127.0.0.1:{inbox.http_port}/", timeout=10)
        assert f"{number + 1} message" in page.text
        with socket.create_connection(("127.0.0.1", inbox.smtp_port), timeout=10) as idle:
            assert idle.recv(100).startswith(b"220 ")
            inbox.process.send_signal(stop)
            assert inbox.process.wait(10) == 0
            assert idle.recv(100).startswith(b"421 ")
        assert inbox.process.communicate()[1] == ""


def test_the_pages_are_chinese_unless_told_otherwise(processes: InboxProcesses) -> None:
    """The language is an option of the process, and holds for every request."""
    for choice, lang in ((("--language", "zh_CN"), "zh-CN"), ((), "en")):
        inbox = processes.start(*choice)
        page = httpx.get(f"http://127.0.0.1:{inbox.http_port}/", timeout=10)
        assert f'<html lang="{lang}">' in page.text
        assert ("Local inbox" in page.text) is (lang == "en")


def test_every_250_survives_kill_9(processes: InboxProcesses) -> None:
    """Killed in the middle of traffic, it has each message whose acceptance a client has read."""
    inbox = processes.start()
    accepted: list[str] = []
    enough = threading.Event()

    def work(name: int) -> None:
        with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=10) as client:
            for number in range(100_000):
                message_id = f"<{name}.{number}@office.example>"
                body = f"Message-ID: {message_id}\r\n\r\n{'x' * 3000}\r\n"
                client.sendmail("b@office.example", ["a@unit.example"], body)
                accepted.append(message_id)
                if len(accepted) >= 300:
                    enough.set()

    def run(name: int) -> None:
        with contextlib.suppress(smtplib.SMTPException, OSError):  # this is the kill
            work(name)

    threads = [threading.Thread(target=run, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    inbox.process.kill()
    for thread in threads:
        thread.join(30)
    counts = count_by_message_id(list(read_store(inbox.folder)))
    assert set(accepted) <= set(counts)
    assert max(counts.values()) == 1
    # At most the message that each client had not heard of yet is there besides.
    assert len(counts) <= len(accepted) + 4


def test_killed_clients_leave_no_trace(processes: InboxProcesses) -> None:
    """A client killed in mid-message is forgotten; its half is not kept; others go on."""
    inbox = processes.start()
    script = (
        "import socket,sys,time\n"
        f"s=socket.create_connection(('127.0.0.1',{inbox.smtp_port}))\n"
        f"s.sendall({START!r})\n"
        "s.sendall(b'Message-ID: <half@office.example>\\r\\n\\r\\n' + b'x'*100000)\n"
        "print('sent',flush=True)\ntime.sleep(60)\n"
    )
    clients = [
        subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) for _ in range(5)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == b"sent\n"
        client.kill()
        client.communicate()
    send(inbox.smtp_port, "whole@office.example")
    assert [kept.message_id for kept in read_store(inbox.folder)] == ["<whole@office.example>"]
    assert inbox.process.poll() is None


def test_a_full_disk_is_answered_and_survived(processes: InboxProcesses) -> None:
    """A message that cannot be written is refused for now; others before and after are kept."""
    inbox = processes.start(file_limit=51_200)
    send(inbox.smtp_port, "1@office.example", 1000)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        send(inbox.smtp_port, "2@office.example", 100_000)
    assert refused.value.smtp_code == 452
    send(inbox.smtp_port, "3@office.example", 1000)
    found = list(read_store(inbox.folder))
    assert [kept.message_id for kept in found] == ["<1@office.example>", "<3@office.example>"]
    assert read_message(found[1]).endswith(b"x\r\n")


def test_behaviours_and_delay_come_from_the_command_line(
    processes: InboxProcesses, tmp_path: Path
) -> None:
    """The file that names addresses is read, and the delay holds back the answer."""
    path = tmp_path / "behaviours.json"
    path.write_text(json.dumps({"a@unit.example": "reject"}))
    inbox = processes.start("--behaviours", str(path), "--delay-ms", "20", "--no-bodies")
    with smtplib.SMTP("127.0.0.1", inbox.smtp_port, timeout=10) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.sendmail("b@office.example", ["a@unit.example"], "x")
        client.sendmail("b@office.example", ["b@unit.example"], "x")
    (kept,) = read_store(inbox.folder)
    assert (kept.size, kept.length) == (3, 0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--smtp-port", "{taken}"], "Choose another port"),
        (["--http-port", "{taken}"], "Choose another port"),
        (["--behaviours", "{home}/missing.json"], "missing.json is no JSON object"),
        (["--behaviours", "{home}/bad.json"], "knows no behaviour 'explode'"),
        (["--folder", "/dev/null/x"], "Choose another folder"),
    ],
)
def test_it_says_why_it_does_not_start(
    processes: InboxProcesses, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    """One sentence on standard error, exit code 1, no traceback."""
    (tmp_path / "bad.json").write_text('{"a@unit.example": "explode"}')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        words = [word.format(taken=port, home=tmp_path) for word in arguments]
        process = processes.launch(*words)
        _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert sentence in error
    assert "Traceback" not in error


def test_the_folder_is_private(processes: InboxProcesses) -> None:
    """Mail is for whoever runs the inbox: other users cannot read the files."""
    inbox = processes.start()
    send(inbox.smtp_port, "1@office.example")
    (path,) = inbox.folder.glob("*.inbox")
    assert path.stat().st_mode & 0o077 == 0
