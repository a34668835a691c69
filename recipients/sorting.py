"""Sort and search keys of Chinese names, since the database has no Chinese collation."""

import functools
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class SortKeys:
    """Pinyin without tones ("yun wan shi"), and its initials ("yws"), both in lower case."""

    pinyin: str
    initials: str


@functools.lru_cache(maxsize=1024)
def sort_keys(name: str) -> SortKeys:
    """Return the keys of ``name``; what is not Han stays as it is."""
    from pypinyin import lazy_pinyin  # noqa: PLC0415 - 0.2 s that most commands need not spend

    syllables = [syllable.strip().lower() for syllable in lazy_pinyin(name)]
    words = [syllable for syllable in syllables if syllable]
    return SortKeys(pinyin=" ".join(words), initials="".join(word[0] for word in words))
