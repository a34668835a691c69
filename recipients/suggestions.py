"""Near names for an entry that stays unresolved: offered to a person, never bound. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from recipients.directory import Directory, KnownName, Subject
from recipients.names import key

_LEAST_LIKENESS = 0.45
_LOOKED_AT = 40
"""How many names, those with most letters in common, are compared in earnest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A subject with a near name; ``likeness`` is between 0 and 1."""

    subject: Subject
    name: str
    likeness: float


@dataclass(frozen=True, kw_only=True, slots=True)
class NearNames:
    """The names of a directory, found by the letters that they hold."""

    names: Sequence[tuple[str, KnownName]]
    by_letter: Mapping[str, Sequence[int]]

    @classmethod
    def of(cls, directory: Directory) -> "NearNames":
        """Index every name of ``directory``."""
        names = [(k, name) for k, found in directory.by_key.items() for name in found]
        by_letter: dict[str, list[int]] = defaultdict(list)
        for number, (name_key, _name) in enumerate(names):
            for letter in set(name_key):
                by_letter[letter].append(number)
        return cls(names=names, by_letter=dict(by_letter))

    def near(self, printed: str, *, limit: int = 5) -> list[Suggestion]:
        """Return at most ``limit`` subjects whose names resemble ``printed``, best first."""
        wanted = key(printed)
        letters = sorted(set(wanted) & set(self.by_letter), key=lambda c: len(self.by_letter[c]))
        common: Counter[int] = Counter()
        for letter in letters:
            numbers = self.by_letter[letter]
            if common and len(numbers) > len(self.names) / 3:
                break  # 市, 局, 公司: in so many names that they tell nothing
            common.update(numbers)
        best: dict[Subject, Suggestion] = {}
        for number, _count in common.most_common(_LOOKED_AT):
            name_key, name = self.names[number]
            likeness = _likeness(wanted, name_key)
            known = best.get(name.subject)
            if likeness >= _LEAST_LIKENESS and (known is None or known.likeness < likeness):
                best[name.subject] = Suggestion(
                    subject=name.subject, name=name.official, likeness=round(likeness, 2)
                )
        return sorted(best.values(), key=lambda s: (-s.likeness, s.name))[:limit]


def _likeness(a: str, b: str) -> float:
    """Return how alike two keys are; an abbreviation (省文旅厅) is like its full name."""
    short, long = sorted((a, b), key=len)
    ratio = SequenceMatcher(None, short, long, autojunk=False).ratio()
    letters = iter(long)
    if len(short) > 1 and all(letter in letters for letter in short):
        return max(ratio, 0.6 + 0.4 * len(short) / len(long))
    return ratio
