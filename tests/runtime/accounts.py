"""Running a command as an ordinary user of this machine, though the tests run as root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.paths import PROJECT_ROOT
from runtime.unprivileged import Account, may_enter

USER = Account(uid=1, gid=1)
"""A user that every system has (daemon or bin); initdb asks for one with a name."""

# In a view of the file system of its own, opens the folders that hide Python or the checkout from
# USER: each is covered by an empty one, and what is needed is shown in it again.
_OPEN = """
set -e
umask 022
stage=$(mktemp -d); count=0
for path in $NEEDED; do
    count=$((count + 1)); mkdir $stage/$count; mount --bind $path $stage/$count
done
for closed in $CLOSED; do mount -t tmpfs -o mode=755 closed $closed; done
count=0
for path in $NEEDED; do
    count=$((count + 1)); mkdir -p $path; mount --move $stage/$count $path; rmdir $stage/$count
done
rmdir $stage
exec "$@"
"""


def as_user() -> list[str]:
    """Return what to put before a command to run it as ``USER``; skip where that is impossible."""
    if os.geteuid() != 0:
        pytest.skip("SKIPPED: only root can become another user (and others test this anyhow)")
    drop = ["setpriv", f"--reuid={USER.uid}", f"--regid={USER.gid}", "--clear-groups"]
    if not shutil.which("setpriv"):
        pytest.skip("SKIPPED: no setpriv (util-linux) to become another user with")
    needed, closed = _hidden()
    if not needed:
        return drop
    opened = [
        *("env", f"NEEDED={' '.join(map(str, needed))}", f"CLOSED={' '.join(map(str, closed))}"),
        *("unshare", "--mount", "sh", "-c", _OPEN, "sh"),
    ]
    trial = subprocess.run([*opened, *drop, sys.executable, "-V"], capture_output=True, check=False)
    if trial.returncode:
        said = trial.stderr.decode(errors="replace").strip()
        pytest.skip(f"SKIPPED: Python is closed to other users and cannot be shown to them: {said}")
    return [*opened, *drop]


def _hidden() -> tuple[list[Path], list[Path]]:
    """Return the folders that a command needs and ``USER`` may not enter, and what hides them."""
    needed = [
        folder
        for folder in {Path(sys.base_prefix).resolve(), PROJECT_ROOT, Path(sys.prefix).resolve()}
        if not may_enter(folder, USER)
    ]
    outermost = [
        folder
        for folder in needed
        if not any(folder != other and folder.is_relative_to(other) for other in needed)
    ]
    closed = {
        next(step for step in reversed(folder.parents) if not may_enter(step, USER))
        for folder in outermost
        if not may_enter(folder.parent, USER)
    }
    return outermost, sorted(closed)
