"""A command that holds the embedded services of a home: run as a process of its own by tests.

It prints one line of JSON, the addresses or the refusal, and leaves when its input ends.
"""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from runtime import embedded
from runtime.refusal import Refusal
from runtime.settings import Settings
from runtime.text import language


def main() -> None:
    """Hold the services of the home that the first argument names."""
    language.set("en")
    home = Path(sys.argv[1])
    try:
        with embedded.services(Settings(home=home)) as addresses:
            status = embedded.running(home)
            assert status is not None
            _tell({"uid": os.getuid(), "keeper": status.pid, "sockets": str(status.sockets)})
            _tell(asdict(addresses))
            sys.stdin.read()
    except Refusal as refusal:
        _tell({"refused": type(refusal).__name__, "message": str(refusal)})


def _tell(value: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
