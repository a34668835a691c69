"""How much of a file is read before it is refused."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds that keep a hostile or mistaken file from filling the memory."""

    size: int = 50 * MIB
    """Bytes of the file itself."""
    pages: int = 500
    """Pages of a PDF or OFD."""
    expanded: int = 200 * MIB
    """Bytes that all parts of a ZIP-based file may have together when they are unpacked."""
    parts: int = 5000
    """Parts (members) of a ZIP-based file."""
    letters: int = 2_000_000
    """Letters of text: some twenty seconds of reading at the most."""


DEFAULT_LIMITS = Limits()
