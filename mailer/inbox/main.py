"""The inbox as a process: the SMTP server and its pages, until SIGTERM or Ctrl-C.

``python -m mailer.inbox.main --folder DIR --smtp-port 0 --http-port 0 --ready-file READY.json``
"""

import argparse
import json
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import uvicorn
import uvloop

from mailer.inbox.behaviours import Behaviours, read_behaviours
from mailer.inbox.pages import inbox_app
from mailer.inbox.server import InboxPortError, InboxServer
from mailer.inbox.store import MessageStore
from runtime.clock import now
from runtime.refusal import Refusal
from runtime.text import LANGUAGES, language

_GRACE = 2
"""Seconds that open pages get to finish when the process is told to stop."""


class InboxFolderError(Refusal):
    """The inbox cannot keep its messages in {path}: {reason}. Choose another folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class InboxOptions:
    """How to run an inbox. Port 0 is any free one; ``delay_ms`` holds back each 250 to a dot.

    ``ready_file`` gets ``{"smtp_port", "http_port", "pid"}`` once both ports listen.
    """

    folder: Path
    host: str = "127.0.0.1"
    smtp_port: int = 0
    http_port: int = 0
    delay_ms: int = 0
    keep_bodies: bool = True
    ready_file: Path | None = None


def run_inbox(options: InboxOptions, behaviours: Behaviours) -> None:
    """Run until SIGTERM or SIGINT, then end the sessions and return.

    Raises:
        InboxFolderError, InboxPortError: it cannot start.

    """
    uvloop.run(_run(options, behaviours))


async def _run(options: InboxOptions, behaviours: Behaviours) -> None:
    try:
        store = MessageStore(options.folder, started_at=now(), bodies=options.keep_bodies)
    except OSError as error:
        raise InboxFolderError(path=options.folder, reason=error.strerror) from None
    with store, _listen(options) as web:
        server = InboxServer(
            store,
            behaviours,
            host=options.host,
            port=options.smtp_port,
            delay=options.delay_ms / 1000,
        )
        pages = uvicorn.Server(
            uvicorn.Config(
                inbox_app(store, hosts=(options.host,)),
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_GRACE,
            )
        )
        # uvicorn takes both signals while it serves and raises them again when it is done; this
        # handler has it stop when they come before that, and makes the end an orderly one after.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, pages.handle_exit)
        await server.start()
        if options.ready_file is not None:
            _write_ready_file(
                options.ready_file, smtp_port=server.port, http_port=web.getsockname()[1]
            )
        await pages.serve(sockets=[web])
        await server.stop()


def _listen(options: InboxOptions) -> socket.socket:
    """Return a listening socket for the pages."""
    try:
        return socket.create_server((options.host, options.http_port))
    except OSError as error:
        raise InboxPortError(
            host=options.host, port=options.http_port, reason=error.strerror
        ) from None


def _write_ready_file(path: Path, *, smtp_port: int, http_port: int) -> None:
    """Write the ports in one step: whoever waits for the file never reads half of it."""
    ports = {"smtp_port": smtp_port, "http_port": http_port, "pid": os.getpid()}
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False) as file:
        json.dump(ports, file)
    Path(file.name).replace(path)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the inbox as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mailer.inbox.main", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="where messages are kept")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--smtp-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--http-port", type=int, default=0, help="0: any free one")
    parser.add_argument("--behaviours", type=Path, help="JSON object: address to behaviour")
    parser.add_argument("--delay-ms", type=int, default=0, help="wait before answering a dot")
    parser.add_argument("--no-bodies", action="store_true", help="keep envelopes only, for benches")
    parser.add_argument("--ready-file", type=Path, help="gets the ports when listening")
    parser.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0], help="of the pages")
    options = parser.parse_args(arguments)
    language.set(options.language)
    try:
        behaviours = read_behaviours(options.behaviours) if options.behaviours else Behaviours()
        run_inbox(
            InboxOptions(
                folder=options.folder,
                host=options.host,
                smtp_port=options.smtp_port,
                http_port=options.http_port,
                delay_ms=options.delay_ms,
                keep_bodies=not options.no_bodies,
                ready_file=options.ready_file,
            ),
            behaviours,
        )
    except Refusal as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - a command's way to say why it will not
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
