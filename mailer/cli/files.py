"""Files that a person names."""

from pathlib import Path

from runtime.refusal import Refusal


class MissingFileError(Refusal):
    """The file {path} cannot be read: {reason}. Check the path and the right to read it."""


def read_source(path: Path) -> bytes:
    """Return the bytes of a file that a person named.

    Raises:
        MissingFileError: it cannot be read.

    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise MissingFileError(path=path, reason=error.strerror) from None
