"""A unit with everything that the directory says of it, as a value. Pure."""

from dataclasses import dataclass

from recipients.units import Channel, MailboxUse, UnitLevel


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryMailbox:
    """A mailbox; ``id`` is ``None`` while it is not stored."""

    id: int | None
    address: str
    normalised: str
    person: str = ""
    post: str = ""
    use: MailboxUse = MailboxUse.RECEIVE
    active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class DirectoryUnit:
    """A unit; ``parent`` is its parent's name. Names and tags are in the order of their keys."""

    id: int | None
    name: str
    aliases: tuple[str, ...] = ()
    former_names: tuple[str, ...] = ()
    parent: str | None = None
    level: UnitLevel | None = None
    tags: tuple[str, ...] = ()
    channel: Channel = Channel.EMAIL
    note: str = ""
    active: bool = True
    mailboxes: tuple[DirectoryMailbox, ...] = ()
