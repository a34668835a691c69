"""The pages as a process of `mailer up`: ``python -m mailer.web.main``."""

import sys

from mailer.actions.starting import require_free_port, start_process
from mailer.web.server import page_server
from runtime.refusal import Refusal


def main() -> int:
    """Run until SIGTERM or Ctrl-C; return the exit code."""
    try:
        runtime = start_process()
        require_free_port(runtime.settings.web_host, runtime.settings.web_port)
        page_server(runtime).run()
    except Refusal as refusal:
        print(refusal, file=sys.stderr)  # noqa: T201 - the supervisor passes it on
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
