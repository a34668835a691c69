"""A group with everything that the directory says of it, as a value. Pure."""

from dataclasses import dataclass

from recipients.groups import GroupRule


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryGroup:
    """A group. ``value`` is what its rule needs: the name of the parent, the tag, or for a listed
    group nothing, since ``members`` are the names of its units. Names are in the order of their
    keys; ``id`` is ``None`` while the group is not stored.
    """

    id: int | None
    name: str
    rule: GroupRule
    aliases: tuple[str, ...] = ()
    value: str | None = None
    members: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    note: str = ""
