"""Reading a bulletin file as a careful clerk would: bytes in, an IssueDocument out."""

from pathlib import Path

from mailer.reading.assembly import assemble
from mailer.reading.errors import FileNotReadable, FileTooLarge, FileWithoutText
from mailer.reading.limits import DEFAULT_LIMITS, MIB, Limits
from mailer.reading.lines import Grid, Line
from mailer.reading.model import IssueDocument
from mailer.reading.readers.detect import read_source


def read_file(path: Path, limits: Limits = DEFAULT_LIMITS) -> IssueDocument:
    """Read a bulletin file (.txt, .docx, .pdf, .ofd, .html, told by content).

    Raises a subclass of :class:`~mailer.reading.errors.UnreadableFile` where no text can be had.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limits.size + 1)
            size = path.stat().st_size
    except OSError as error:
        raise FileNotReadable(name=path.name, reason=error.strerror or str(error)) from error
    if len(data) > limits.size:
        found = max(size, len(data))
        raise FileTooLarge(
            name=path.name, found=-(-found // MIB), unit="MiB", limit=limits.size // MIB
        )
    return read_bytes(data, path.name, limits)


def read_bytes(data: bytes, name: str, limits: Limits = DEFAULT_LIMITS) -> IssueDocument:
    """Read the bytes of a bulletin file; ``name`` is used in messages only.

    Raises a subclass of :class:`~mailer.reading.errors.UnreadableFile` where no text can be had.
    """
    source = read_source(data, name, limits)
    if not any(isinstance(item, Line | Grid) for item in source.items):
        raise FileWithoutText(name=name)
    return assemble(source)
