"""Tables on disk: read whole, and written whole or not at all."""

import os
import tempfile
from pathlib import Path

from recipients.sheets import MOST_BYTES, Sheet, TableTooLargeError, read_sheet
from runtime.refusal import Refusal


class CannotReadFileError(Refusal):
    """The file {path} cannot be read: {reason}. Check its name and your rights to it."""


class CannotWriteFileError(Refusal):
    """The file {path} cannot be written: {reason}. Choose another place."""


def load_sheet(path: Path) -> Sheet:
    """Read a table.

    Raises:
        CannotReadFileError: the file is not there or not readable.
        recipients.sheets.UnreadableTableError: it is no table.

    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CannotReadFileError(path=path, reason=error.strerror) from error
    if len(data) > MOST_BYTES:
        raise TableTooLargeError(name=path.name)
    return read_sheet(data, path.name)


def save(path: Path, data: bytes) -> None:
    """Write a file; one that was there stays as it was until the new one is complete.

    Raises:
        CannotWriteFileError: the folder is not there or not writable, or the disk is full.

    """
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            try:
                file.write(data)
                file.flush()
                umask = os.umask(0)
                os.umask(umask)
                Path(file.name).chmod(0o666 & ~umask)  # as any new file, not as a secret one
                Path(file.name).replace(path)
            except OSError:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise CannotWriteFileError(path=path, reason=error.strerror) from error
