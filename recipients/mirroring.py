"""Which stored entries a newly printed set of blocks keeps, adds and drops. Pure."""

from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass

from recipients.columns import PRINTED_LENGTH
from recipients.directory import Subject
from recipients.list_tables import KIND_LENGTH, BlockRole, Matched
from recipients.names import key, tidy_line


@dataclass(frozen=True, kw_only=True, slots=True)
class PrintedBlock:
    """A block as read: the kind as printed (报, 送 …), its role, the entries in print order."""

    kind: str
    role: BlockRole
    entries: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredBlock:
    """A block of the list as it is."""

    id: int
    kind: str
    role: BlockRole
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredEntry:
    """An entry of the list as it is, with the kind of its block and its targets in order."""

    id: int
    block_id: int
    kind: str
    position: int
    printed: str
    targets: tuple[tuple[Subject, Matched], ...]

    @property
    def by_person(self) -> bool:
        """Return whether a person bound the entry, so that no reading may overrule it."""
        return any(matched is Matched.PERSON for _subject, matched in self.targets)


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedBlock:
    """A block as it is to be: in the place of ``old`` or new, its entries kept or new likewise."""

    old: StoredBlock | None
    printed: PrintedBlock
    kept: tuple[StoredEntry | None, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class MirrorPlan:
    """The blocks in print order, and what is printed no longer."""

    blocks: tuple[PlannedBlock, ...]
    dropped_blocks: tuple[StoredBlock, ...]
    dropped_entries: tuple[StoredEntry, ...]


def tidy_blocks(blocks: Sequence[PrintedBlock]) -> list[PrintedBlock]:
    """Return the blocks with their texts as they are stored.

    Raises:
        recipients.names.UnusableNameError: an entry is empty, has control characters, or is longer
            than 1,000 characters.

    """
    return [
        PrintedBlock(
            kind=tidy_line(block.kind, limit=KIND_LENGTH),
            role=block.role,
            entries=tuple(tidy_line(entry, limit=PRINTED_LENGTH) for entry in block.entries),
        )
        for block in blocks
    ]


def plan_mirror(
    blocks: Sequence[StoredBlock], entries: Sequence[StoredEntry], printed: Sequence[PrintedBlock]
) -> MirrorPlan:
    """Plan how the stored ``blocks`` and ``entries`` become the ``printed`` blocks.

    A block is kept for the block of the same kind (the first for the first, and so on). An entry
    is kept where its text is printed again, blanks and widths aside: in a block of its own kind if
    it is there, else in another, since what a name means does not depend on its block.
    """
    same_kind: dict[str, deque[StoredBlock]] = defaultdict(deque)
    for block in blocks:
        same_kind[key(block.kind)].append(block)
    kept = _keep_entries(entries, printed)
    planned = [
        PlannedBlock(
            old=same_kind[key(block.kind)].popleft() if same_kind[key(block.kind)] else None,
            printed=block,
            kept=tuple(kept.get((n, m)) for m in range(len(block.entries))),
        )
        for n, block in enumerate(printed)
    ]
    kept_ids = {entry.id for entry in kept.values()}
    return MirrorPlan(
        blocks=tuple(planned),
        dropped_blocks=tuple(block for left in same_kind.values() for block in left),
        dropped_entries=tuple(entry for entry in entries if entry.id not in kept_ids),
    )


def _keep_entries(
    entries: Sequence[StoredEntry], printed: Sequence[PrintedBlock]
) -> dict[tuple[int, int], StoredEntry]:
    """Return the stored entry for each place (block, entry) that prints its text again."""
    places = [
        ((n, m), key(block.kind), key(text))
        for n, block in enumerate(printed)
        for m, text in enumerate(block.entries)
    ]
    kept: dict[tuple[int, int], StoredEntry] = {}
    free = list(entries)
    for any_block in (False, True):
        waiting: dict[tuple[str, str], deque[StoredEntry]] = defaultdict(deque)
        for entry in free:
            waiting["" if any_block else key(entry.kind), key(entry.printed)].append(entry)
        for place, kind, text in places:
            candidates = waiting["" if any_block else kind, text]
            if place not in kept and candidates:
                kept[place] = candidates.popleft()
        taken = {entry.id for entry in kept.values()}
        free = [entry for entry in free if entry.id not in taken]
    return kept
