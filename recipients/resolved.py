"""What a distribution list resolves to: units and addresses in print order, and the problems."""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum

from recipients.list_tables import BlockRole, Matched
from recipients.units import Channel, MailboxUse
from runtime.text import translate as _


class ProblemKind(StrEnum):
    """Why a list does not reach everybody whom it names."""

    UNRESOLVED_ENTRY = "unresolved-entry"
    EMPTY_GROUP = "empty-group"
    INACTIVE_UNIT = "inactive-unit"
    NO_MAILBOX = "no-mailbox"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A problem of one entry; ``name`` is the group or unit that it is about, if it is."""

    kind: ProblemKind
    block: str
    entry_id: int
    printed: str
    unit_id: int | None = None
    name: str | None = None

    def explain(self) -> str:
        """Return a sentence for people: what is wrong, and what to do."""
        return self._text().format(block=self.block, printed=self.printed, name=self.name)

    def _text(self) -> str:
        match self.kind:
            case ProblemKind.UNRESOLVED_ENTRY:
                return _(
                    "The entry “{printed}” under {block} is bound to no unit. Choose whom it means."
                )
            case ProblemKind.EMPTY_GROUP:
                return _(
                    "The group “{name}”, for the entry “{printed}” under {block}, has no units. "
                    "Add some, or choose other units for the entry."
                )
            case ProblemKind.INACTIVE_UNIT:
                return _(
                    "The unit “{name}”, for the entry “{printed}” under {block}, is no longer in "
                    "use. Choose which unit takes its place."
                )
            case ProblemKind.NO_MAILBOX:
                return _(
                    "The unit “{name}”, for the entry “{printed}” under {block}, has no mailbox "
                    "that receives. Give it one, or set its channel to paper."
                )


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedMailbox:
    """Where to send: ``address`` for RCPT TO, ``normalised`` to compare and to store."""

    id: int
    address: str
    normalised: str
    use: MailboxUse
    person: str
    post: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedUnit:
    """A unit, and its mailboxes that get the bulletin: none where its channel is paper."""

    id: int
    name: str
    channel: Channel
    mailboxes: tuple[ResolvedMailbox, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedTarget:
    """What an entry names: one unit, or a group (then ``group_id`` and ``group``) and its units."""

    matched: Matched
    matched_by: str
    group_id: int | None
    group: str | None
    units: tuple[ResolvedUnit, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedEntry:
    """A printed entry; a unit that several of its targets name stands in the first only."""

    id: int
    printed: str
    targets: tuple[ResolvedTarget, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedBlock:
    """A block with its entries, in print order."""

    id: int
    kind: str
    role: BlockRole
    entries: tuple[ResolvedEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolvedList:
    """A list in print order, its problems, and the digest that an approval binds."""

    id: int
    name: str
    blocks: tuple[ResolvedBlock, ...]
    problems: tuple[Problem, ...]

    @property
    def digest(self) -> str:
        """Return the SHA-256, in hex, of everything that says who gets the bulletin and where.

        Ids of blocks, entries and mailboxes are not in it: syncing the same blocks again changes
        nothing. Persons and posts are not in it either.
        """
        content = [
            [block.kind, block.role, [[entry.printed, _content(entry)] for entry in block.entries]]
            for block in self.blocks
        ]
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _content(entry: ResolvedEntry) -> list[object]:
    return [
        [unit.id, unit.name, unit.channel, [[m.address, m.use] for m in unit.mailboxes]]
        for target in entry.targets
        for unit in target.units
    ]
