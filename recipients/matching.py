"""A printed entry becomes the units and groups that it names, or stays unresolved. Pure.

Three rules, in this order of weight:

1. Only what is printed counts. An entry is bound to a subject whose name, alias or former name
   the entry spells, in full or shortened by the part that its first item prints. Near names are
   never bound (:mod:`recipients.suggestions` offers them to a person).
2. All or nothing. Where one item of an entry is unknown, the entry stays unresolved, and says
   which item it is.
3. Two candidates are a question to a person. No use of a name outranks another.

How an entry shortens its items is decided by form (:mod:`recipients.printed_forms`) and by the
longest part that is known, never by which reading succeeds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from recipients import printed_forms
from recipients.directory import Directory, KnownName, NameUse, Subject
from recipients.list_tables import Matched
from recipients.names import key
from runtime.text import translate as _


class Unmatched(StrEnum):
    """Why an entry stays unresolved."""

    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"
    AMBIGUOUS = "ambiguous"


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A subject that an entry names; ``name`` is the subject's official name."""

    subject: Subject
    matched: Matched
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """What a printed entry names: ``targets`` in print order, or a ``reason`` why nothing.

    ``missing`` are the items that no name in the directory spells; ``candidates`` the names
    between which a person must choose.
    """

    printed: str
    targets: tuple[Target, ...] = ()
    reason: Unmatched | None = None
    missing: tuple[str, ...] = ()
    candidates: tuple[KnownName, ...] = ()

    def explain(self) -> str:
        """Return a sentence that says why the entry is unresolved; empty where it is not."""
        if self.reason is Unmatched.AMBIGUOUS:
            names = ", ".join(dict.fromkeys(name.official for name in self.candidates))
            return _("It can mean several: {names}. Choose which is meant.").format(names=names)
        if self.reason is Unmatched.INCOMPLETE:
            missing = ", ".join(self.missing)
            return _("It names several, and these are not in the directory: {missing}.").format(
                missing=missing
            )
        if self.reason is Unmatched.UNKNOWN:
            return _("No unit and no group of the directory has this name.")
        return ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Item:
    """One item of an entry, in full, and what it finds; ``shortened`` where the print shortens."""

    full: str
    found: tuple[KnownName, ...]
    shortened: bool = False


def match(directory: Directory, printed: str) -> Match:
    """Return what the entry ``printed`` names, by the rules at the top of this module."""
    whole = _find(directory, [key(printed)], full=printed)
    parts = printed_forms.split_items(printed)
    if len(parts) < 2:  # noqa: PLR2004 - one item is no enumeration
        return _decide(printed, [whole])
    items = _read_items(directory, [key(part) for part in parts])
    if not whole.found:
        return _decide(printed, items)
    in_parts = _decide(printed, items)
    by_whole = _decide(printed, [whole])
    if in_parts.reason is not Unmatched.INCOMPLETE and _subjects(in_parts) != _subjects(by_whole):
        candidates = (*whole.found, *(name for item in items for name in item.found))
        return Match(printed=printed, reason=Unmatched.AMBIGUOUS, candidates=candidates)
    return by_whole


def _read_items(directory: Directory, keys: Sequence[str]) -> list[_Item]:
    """Find each item: the first by itself, the others with the part of it that governs them."""
    first = keys[0]
    ending = printed_forms.shared_ending(list(keys))
    full_keys = [k + ending if printed_forms.takes_ending(k, ending) else k for k in keys]
    parts = _governing_parts(directory, first, full_keys[1:])
    governed = parts or printed_forms.might_govern(first)
    items = [_find(directory, full_keys[:1], full=full_keys[0], shortened=full_keys[0] != first)]
    for printed, item in zip(keys[1:], full_keys[1:], strict=True):
        spellings = [part + item for part in parts]
        if printed_forms.stands_alone(item, first) or not governed:
            spellings.insert(0, item)
        full = next((s for s in spellings if directory.find(s)), (spellings or [item])[-1])
        items.append(_find(directory, spellings, full=full, shortened=full != printed))
    return items


def _governing_parts(directory: Directory, first: str, others: Sequence[str]) -> list[str]:
    """Return the parts of ``first`` that can govern the other items, longest first.

    That is the longest part that is a known unit's name or, by form, a unit's or place's; also
    where only a shorter one would find every item. Longer parts with which an item is known count
    too, beside it: several that find different units make the item ambiguous. A 各 behind the
    part may govern or not.
    """
    by_form = len(printed_forms.governing_part(first))
    ends = []
    for end in range(len(first) - 1, by_form, -1):
        if directory.knows_unit(first[:end]):
            by_form = end
            break
        if any(directory.find(first[:end] + item) for item in others):
            ends.append(end)
    parts = [first[:end] for end in (*ends, by_form) if end]
    bare = [part.removesuffix("各") for part in parts if part != "各"]
    each = [part + "各" for part in bare if first[len(part) :].startswith("各")]
    return list(dict.fromkeys([*each, *parts, *bare]))


def _find(
    directory: Directory, spellings: Iterable[str], *, full: str, shortened: bool = False
) -> _Item:
    """Return the item with one name for each subject that any of its spellings finds."""
    found: dict[Subject, KnownName] = {}
    for spelling in spellings:
        for name in directory.find(spelling):
            found.setdefault(name.subject, name)
    return _Item(full=full, found=tuple(found.values()), shortened=shortened)


def _decide(printed: str, items: Sequence[_Item]) -> Match:
    """Bind the entry if each of its items finds one subject."""
    missing = tuple(item.full for item in items if not item.found)
    if missing:
        reason = Unmatched.UNKNOWN if len(items) == 1 else Unmatched.INCOMPLETE
        return Match(printed=printed, reason=reason, missing=missing)
    doubtful = tuple(name for item in items if len(item.found) > 1 for name in item.found)
    if doubtful:
        return Match(printed=printed, reason=Unmatched.AMBIGUOUS, candidates=doubtful)
    targets = {item.found[0].subject: _target(item) for item in reversed(items)}
    return Match(printed=printed, targets=tuple(reversed(targets.values())))


def _target(item: _Item) -> Target:
    """Return the target of an item that finds one subject."""
    (name,) = item.found
    if name.subject.is_group:
        matched = Matched.GROUP
    elif item.shortened:
        matched = Matched.PREFIX
    else:
        matched = Matched.EXACT if name.use is NameUse.NAME else Matched.ALIAS
    return Target(subject=name.subject, matched=matched, name=name.official)


def _subjects(found: Match) -> set[Subject]:
    return {target.subject for target in found.targets}
