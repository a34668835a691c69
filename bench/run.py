"""Run the benches, one after the other: what `make bench` does.

python bench/run.py [NAME…]         those named (rendering, smtp_client, sending), or all
make bench ARGS=sending
"""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> int:
    """Run what is named; return 1 where a bench failed."""
    known = sorted(path.stem for path in FOLDER.glob("*.py") if path != Path(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    names = parser.parse_args().names or known
    unknown = sorted(set(names) - set(known))
    if unknown:
        parser.error(f"there is no bench {', '.join(unknown)}; there are: {', '.join(known)}")
    # A figure from a busy machine is not one to compare with.
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()},"
        f" load {os.getloadavg()[0]:.1f}"
    )
    failed = []
    for name in names:
        print(f"\n== {name} ==", flush=True)
        if subprocess.run([sys.executable, str(FOLDER / f"{name}.py")], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nFailed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
