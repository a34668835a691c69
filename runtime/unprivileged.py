"""Where embedded services live, and as whom they run.

PostgreSQL refuses to run as root, and no service should. Started by an ordinary user, services
run as that user under the home. Started by root, they run as an existing unprivileged user; where
that user may not enter the home (a checkout under root's own home) the data lies under
``/var/lib/jianbao`` instead, and the programs are copied beside it. No mode of a folder that we
did not create is ever changed.
"""

import ctypes
import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runtime.refusal import Refusal

SYSTEM_DATA = Path("/var/lib/jianbao")
_PR_SET_PDEATHSIG = 1


class NoSuchServiceUserError(Refusal):
    """There is no user {user} on this machine for the embedded services to run as. Set
    MAILER_EMBEDDED_USER to an existing, unprivileged user.
    """


class PrivilegedServiceUserError(Refusal):
    """MAILER_EMBEDDED_USER is root, and the embedded services must not run as root. Name an
    unprivileged user such as nobody.
    """


class HomeNotWritableError(Refusal):
    """The folder {path} cannot be created or written: {reason}. Give this user the right to it, or
    set MAILER_HOME to another folder.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """A user that services run as."""

    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Placement:
    """The folder of the services' data, and the account to run as (None: as ourselves)."""

    data: Path
    account: Account | None

    def create(self, folder: Path) -> Path:
        """Create ``folder`` (mode 0700, for the services alone) if it is not there; return it."""
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            if self.account is not None:
                os.chown(folder, self.account.uid, self.account.gid)
        except OSError as error:
            raise HomeNotWritableError(path=folder, reason=error.strerror) from error
        return folder

    def program(self, installed: Path, root: Path) -> Path:
        """Return a path of the program ``installed`` that the account can run.

        ``root`` is the folder that must come along when it has to be copied.
        """
        if self.account is None or may_enter(installed.parent, self.account):
            return installed
        copies = self.data.parent / "programs"
        copies.mkdir(mode=0o755, exist_ok=True)
        name = hashlib.sha256(f"{root}:{installed.stat().st_mtime_ns}".encode()).hexdigest()[:12]
        target = copies / f"{root.name}-{name}"
        if not target.exists():
            partial = target.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            shutil.copytree(root, partial, symlinks=True)
            partial.rename(target)
        return target / installed.relative_to(root)


def place(home: Path, user: str) -> Placement:
    """Decide where the data of the embedded services lies and as whom they run."""
    if os.geteuid() != 0:
        return Placement(data=home / "embedded", account=None)
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise NoSuchServiceUserError(user=user) from None
    if entry.pw_uid == 0:
        raise PrivilegedServiceUserError
    account = Account(uid=entry.pw_uid, gid=entry.pw_gid)
    if may_enter(home, account):
        return Placement(data=home / "embedded", account=account)
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for folder in (SYSTEM_DATA, SYSTEM_DATA / digest):
        try:
            folder.mkdir(mode=0o711, exist_ok=True)
        except OSError as error:
            raise HomeNotWritableError(path=folder, reason=error.strerror) from error
    return Placement(data=SYSTEM_DATA / digest / "embedded", account=account)


def may_enter(folder: Path, account: Account) -> bool:
    """Return whether ``account`` may traverse ``folder`` and every folder above it."""
    for step in (folder, *folder.parents):
        status = step.stat()
        if status.st_uid == account.uid:
            allowed = status.st_mode & 0o100
        elif status.st_gid == account.gid:
            allowed = status.st_mode & 0o010
        else:
            allowed = status.st_mode & 0o001
        if not allowed:
            return False
    return True


def start(
    command: Sequence[str | Path], placement: Placement, log: IO[bytes], end: signal.Signals
) -> subprocess.Popen[bytes]:
    """Start a service that gets the signal ``end`` should this process die (on Linux)."""

    def follow_parent() -> None:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(end))

    account = placement.account
    return subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        cwd=placement.data,
        env=service_environment(),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        umask=0o077,
        start_new_session=True,
        preexec_fn=follow_parent,  # noqa: PLW1509 - the keeper has a single thread
    )


def run(command: Sequence[str | Path], placement: Placement) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end under the account of the services."""
    account = placement.account
    return subprocess.run(  # noqa: S603 - our own programs, no shell
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        cwd=placement.data,
        env=service_environment(),
        user=None if account is None else account.uid,
        group=None if account is None else account.gid,
        extra_groups=None if account is None else [],
        umask=0o077,
    )


def service_environment() -> dict[str, str]:
    """Return a small environment: nothing of ours (least of all secrets) reaches a service."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
