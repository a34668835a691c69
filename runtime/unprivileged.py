"""Where embedded services live, and as whom they run.

PostgreSQL refuses to run as root, and no service should. Started by an ordinary user, services
run as that user under the home. Started by root, they run as an existing unprivileged user; where
that user may not enter the home (a checkout under root's own home) the data lies under
``/var/lib/jianbao`` instead, and the programs are copied beside it. Data that is there already
stays where it is and with its owner. No mode of a folder that we did not create is ever changed.

The services own the folder of their data, and root works in it. Whoever breaks into a service must
gain nothing by that: root follows no link there, and its logs and passwords lie elsewhere.
"""

import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
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


class DataOutOfReachError(Refusal):
    """The embedded data {data} belongs to user number {uid}, who may no longer enter the folder
    that it lies in. Give everybody the right to pass through the folders above it (chmod o+x).
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
        """Create ``folder`` (mode 0700, for the services alone) if it is not there; return it.

        Raises:
            HomeNotWritableError: it cannot be created, or something else stands in its place.

        """
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                self.give(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise HomeNotWritableError(path=folder, reason=error.strerror) from error
        return folder

    def give(self, handle: int) -> None:
        """Make the services the owner of an open file or folder."""
        if self.account is not None:
            os.fchown(handle, self.account.uid, self.account.gid)

    def program(self, installed: Path, root: Path) -> Path:
        """Return a path of the program ``installed`` that the account can run.

        ``root`` is the folder that must come along when it has to be copied. Copies of earlier
        versions are removed.
        """
        if self.account is None or (
            may_enter(installed.parent, self.account)
            and _allows(installed.stat(), self.account, 0o1)
        ):
            return installed
        copies = self.data.parent / "programs"
        _create_passable(copies)
        state = f"{root}:{installed.stat().st_mtime_ns}:{installed.stat().st_size}"
        name = hashlib.sha256(state.encode()).hexdigest()[:12]
        target = copies / f"{root.name}-{name}"
        with (copies / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                for earlier in copies.glob(f"{root.name}-*"):
                    shutil.rmtree(earlier)
                partial = target.with_suffix(".partial")
                shutil.copytree(root, partial, symlinks=True)
                _open_to_all(partial)
                partial.rename(target)
        return target / installed.relative_to(root)


def place(home: Path, user: str) -> Placement:
    """Decide where the data of the embedded services lies and as whom they run.

    Raises:
        NoSuchServiceUserError: we are root, and ``user`` does not exist.
        PrivilegedServiceUserError: we are root, and so is ``user``.
        DataOutOfReachError: we are root, and there is data that its owner cannot reach.
        HomeNotWritableError: a folder cannot be created.

    """
    home = home.resolve()
    inside = home / "embedded"
    if os.geteuid() != 0:
        return Placement(data=inside, account=None)
    account = _account(user)
    folder = system_folder(home)
    for data in (inside, folder / "embedded"):
        owner = _owner(data)
        if owner is not None:
            if not may_enter(data, owner):
                raise DataOutOfReachError(data=data, uid=owner.uid)
            return Placement(data=data, account=owner)
    if may_enter(home, account):
        return Placement(data=inside, account=account)
    for step in (SYSTEM_DATA, folder):
        _create_passable(step)
    return Placement(data=folder / "embedded", account=account)


def system_folder(home: Path) -> Path:
    """Return where the services of a home lie that they may not enter."""
    return SYSTEM_DATA / hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]


def _account(user: str) -> Account:
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise NoSuchServiceUserError(user=user) from None
    if entry.pw_uid == 0:
        raise PrivilegedServiceUserError
    return Account(uid=entry.pw_uid, gid=entry.pw_gid)


def _owner(data: Path) -> Account | None:
    """Return whose ``data`` is, or None where there is none, or none that was given away yet."""
    try:
        status = data.lstat()
    except FileNotFoundError:
        return None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid == 0:
        return None
    return Account(uid=status.st_uid, gid=status.st_gid)


def may_enter(folder: Path, account: Account) -> bool:
    """Return whether ``account`` may traverse ``folder`` and every folder above it."""
    real = folder.resolve()
    steps = {folder, *folder.parents, real, *real.parents}
    return all(_allows(step.stat(), account, 0o1) for step in steps)


def _allows(status: os.stat_result, account: Account, right: int) -> bool:
    """Return whether a mode gives ``account`` a right (4 read, 2 write, 1 execute or traverse)."""
    if status.st_uid == account.uid:
        right <<= 6
    elif status.st_gid == account.gid:
        right <<= 3
    return bool(status.st_mode & right)


def _create_passable(folder: Path) -> None:
    """Create a folder of ours that everybody may pass through, whatever the umask."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    except OSError as error:
        raise HomeNotWritableError(path=folder, reason=error.strerror) from error
    folder.chmod(0o711)


def _open_to_all(copy: Path) -> None:
    """Let everybody read our copy and run its programs: a umask of root's may forbid both."""
    for folder, _, files in os.walk(copy):
        Path(folder).chmod(0o755)
        for name in files:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def start(
    command: Sequence[str | Path],
    placement: Placement,
    log: IO[bytes],
    end: signal.Signals,
    stdin: IO[bytes] | int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a service that gets the signal ``end`` should this process die (on Linux)."""
    keeper = os.getpid()

    def follow_parent() -> None:
        _follow(keeper, end)

    account = placement.account
    return subprocess.Popen(  # noqa: S603 - our own programs, no shell
        [str(part) for part in command],
        stdin=stdin,
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
    keeper = os.getpid()

    def follow_parent() -> None:
        _follow(keeper, signal.SIGTERM)

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
        preexec_fn=follow_parent,
    )


def _follow(parent: int, end: signal.Signals) -> None:
    """Have the kernel send ``end`` to this process when ``parent`` dies (on Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(end))
        if os.getppid() != parent:
            os._exit(1)  # it died before we asked


def service_environment() -> dict[str, str]:
    """Return a small environment: nothing of ours (least of all secrets) reaches a service."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
