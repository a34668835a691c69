"""The directory in memory: every name by which an active unit or a group can be found. Pure.

:func:`recipients.directory_loading.load_directory` reads it from the database.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recipients.names import key


class NameUse(StrEnum):
    """What a name is to the unit or group that it finds."""

    NAME = "name"
    ALIAS = "alias"
    FORMER = "former"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Subject:
    """What an entry can stand for: a unit or a group, by its id."""

    is_group: bool
    id: int


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownName:
    """One name of one subject; ``official`` is the subject's own name, for people to read."""

    subject: Subject
    text: str
    use: NameUse
    official: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Directory:
    """Names by key. A key with names of two subjects is ambiguous, whatever their uses."""

    by_key: Mapping[str, Sequence[KnownName]]

    @classmethod
    def of(cls, names: Iterable[KnownName]) -> "Directory":
        """Build the directory of ``names``."""
        by_key: dict[str, list[KnownName]] = defaultdict(list)
        for name in names:
            by_key[key(name.text)].append(name)
        return cls(by_key=dict(by_key))

    def find(self, name_key: str) -> Sequence[KnownName]:
        """Return one name for each subject that ``name_key`` finds; its own name comes first."""
        found: dict[Subject, KnownName] = {}
        for name in self.by_key.get(name_key, ()):
            if name.subject not in found or name.use is NameUse.NAME:
                found[name.subject] = name
        return sorted(found.values(), key=lambda name: name.subject)

    def knows_unit(self, name_key: str) -> bool:
        """Return whether ``name_key`` finds a unit."""
        return any(not name.subject.is_group for name in self.by_key.get(name_key, ()))
