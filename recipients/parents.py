"""Which superior units an import can set: known ones, and never in a circle. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recipients.names import key, shown
from recipients.unit_columns import Column
from recipients.unit_drafts import RefusedRow, RowError
from recipients.unit_values import DirectoryUnit


class NoSuchParentError(RowError):
    """The superior unit {parent} is neither in the directory nor in the file, or its own row was
    refused. Add it, or correct the name.
    """


class ParentCycleError(RowError):
    """The superior unit {parent} is itself below this unit. Correct one of the two."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """A column of a unit, or of its mailbox ``mailbox``, that the import changes."""

    column: Column
    mailbox: str | None
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedUnit:
    """A unit of the file: as it is (``None`` for a new one), as it is to be, and what differs."""

    row: int
    before: DirectoryUnit | None
    after: DirectoryUnit
    differences: tuple[Difference, ...]


def with_parents(
    planned: Sequence[PlannedUnit], known: Mapping[str, DirectoryUnit]
) -> tuple[list[PlannedUnit], list[RefusedRow]]:
    """Return the units whose superior units are there, with the official names of those.

    A unit that is refused is missing to the units below it, which are then refused as well.
    """
    kept = list(planned)
    refused: list[RefusedRow] = []
    while True:
        official = _official_names(kept, known)
        parents = _parents(kept, known)
        bad = {unit.row: error for unit in kept if (error := _error(unit, official, parents))}
        if not bad:
            break
        refused += [
            RefusedRow(row=unit.row, name=shown(unit.after.name), reason=str(bad[unit.row]))
            for unit in kept
            if unit.row in bad
        ]
        kept = [unit for unit in kept if unit.row not in bad]
    return [
        replace(unit, after=replace(unit.after, parent=official[key(unit.after.parent)]))
        if unit.after.parent
        else unit
        for unit in kept
    ], refused


def _official_names(
    planned: Sequence[PlannedUnit], known: Mapping[str, DirectoryUnit]
) -> dict[str, str]:
    """Return the name of each unit there will be, by the key of its name, old or new."""
    names = {name_key: unit.name for name_key, unit in known.items()}
    for unit in planned:
        names[key(unit.after.name)] = unit.after.name
        if unit.before:
            names[key(unit.before.name)] = unit.after.name
    return names


def _parents(
    planned: Sequence[PlannedUnit], known: Mapping[str, DirectoryUnit]
) -> dict[str, str | None]:
    """Return the parent of each unit, both by the keys of their names, as it will be."""
    now = {key(unit.before.name): key(unit.after.name) for unit in planned if unit.before}
    parents = {
        name_key: now.get(key(unit.parent), key(unit.parent)) if unit.parent else None
        for name_key, unit in known.items()
        if name_key not in now
    }
    for unit in planned:
        parent = unit.after.parent
        parents[key(unit.after.name)] = now.get(key(parent), key(parent)) if parent else None
    return parents


def _error(
    unit: PlannedUnit, official: Mapping[str, str], parents: Mapping[str, str | None]
) -> RowError | None:
    """Return what is wrong with the superior unit, if anything is."""
    if unit.after.parent is None:
        return None
    if key(unit.after.parent) not in official:
        return NoSuchParentError(parent=shown(unit.after.parent))
    start = key(unit.after.name)
    above, seen = parents.get(start), set[str]()
    while above is not None and above not in seen:
        if above == start:
            return ParentCycleError(parent=shown(unit.after.parent))
        seen.add(above)
        above = parents.get(above)
    return None
