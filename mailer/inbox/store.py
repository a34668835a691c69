"""What the inbox keeps: one file a run, to which each message is appended before it is answered.

A record is a fixed head (mark, lengths, CRC-32), a JSON object that describes the message, and its
bytes. It is written by one ``write`` that has returned before the 250 goes out, so a killed inbox
has lost nothing that it accepted; a torn record at the end, from a full disk or a machine that
went down, is left out when reading. (Surviving a power failure would take an fsync a message. An
inbox for demonstrations, tests and benches does not pay for that.)

The JSON objects are the index: reading them skips the bytes in between.
"""

import json
import os
import re
import struct
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Self

_HEAD = struct.Struct(">4sIII")  # mark, length of the JSON, length of the message, CRC of both
_MARK = b"JBI1"
_SUFFIX = ".inbox"
_MESSAGE_ID = re.compile(
    rb"^message-id:[ \t]*(?:\r\n[ \t]+)?(<[^>\r\n]*>)", re.IGNORECASE | re.MULTILINE
)
_HEADERS_LIMIT = 65_536


class Answer(StrEnum):
    """What the inbox said to the final dot of a message that it kept."""

    ACCEPTED = "accepted"
    NONE = "none"
    """Nothing: it hung, or closed. The client must take the message for unconfirmed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """What is known of a message beside its bytes."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    received_at: datetime
    answer: Answer = Answer.ACCEPTED
    envid: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept(Arrival):
    """The index entry of a message. ``size`` is that of the message, in octets."""

    message_id: str
    size: int
    path: Path
    offset: int
    """Where the message's bytes begin in ``path``."""
    length: int
    """How many bytes are kept: ``size``, or zero where bodies are not."""


class MessageStore:
    """The messages of one folder: those of earlier runs, and a new file for this one."""

    def __init__(self, folder: Path, *, started_at: datetime, bodies: bool = True) -> None:
        """Open ``folder``, creating it if need be. Without ``bodies`` only the index is kept."""
        folder.mkdir(parents=True, exist_ok=True)
        self.messages: list[Kept] = list(read_store(folder))
        """Every message, oldest first."""
        self._bodies = bodies
        stamp = started_at.strftime("%Y%m%dT%H%M%S.%f")
        self._path = folder / f"{stamp}-{os.getpid()}{_SUFFIX}"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._end = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, arrival: Arrival, data: bytes) -> Kept:
        """Keep a message. When this returns, it survives the death of this process.

        Raises:
            OSError: it could not be written in full; nothing is kept.

        """
        body = data if self._bodies else b""
        description = {
            "mail_from": arrival.mail_from,
            "rcpt_to": arrival.rcpt_to,
            "received_at": arrival.received_at.isoformat(),
            "answer": arrival.answer,
            "envid": arrival.envid,
            "message_id": find_message_id(data),
            "size": len(data),
        }
        index = json.dumps(description, ensure_ascii=False).encode()
        check = zlib.crc32(body, zlib.crc32(index))
        self._write(_HEAD.pack(_MARK, len(index), len(body), check) + index + body)
        kept = _entry(description, self._path, self._end - len(body), len(body))
        self.messages.append(kept)
        return kept

    def close(self) -> None:
        """Close this run's file; remove it if nothing came."""
        os.close(self._file)
        if self._end == 0:
            self._path.unlink(missing_ok=True)

    def _write(self, record: bytes) -> None:
        try:
            written = os.write(self._file, record)
            while written < len(record):
                written += os.write(self._file, record[written:])
        except OSError:
            # Half a record in the middle would end every later reading there.
            os.ftruncate(self._file, self._end)
            raise
        self._end += len(record)


def read_store(folder: Path) -> Iterator[Kept]:
    """Yield the index of every message kept in ``folder``, oldest run first.

    May be called from any process, also while the inbox runs.
    """
    for path in sorted(folder.glob(f"*{_SUFFIX}")):
        with path.open("rb") as file:
            yield from _read_file(path, file)


def read_message(kept: Kept, *, limit: int | None = None) -> bytes:
    """Return the bytes of a message, the first ``limit`` at most; empty where none are kept."""
    with kept.path.open("rb") as file:
        file.seek(kept.offset)
        return file.read(kept.length if limit is None else min(limit, kept.length))


def count_by_message_id(messages: Sequence[Kept], *, answer: Answer | None = None) -> Counter[str]:
    """Return how often each Message-ID was kept, of all or only of those with ``answer``."""
    return Counter(kept.message_id for kept in messages if answer is None or kept.answer is answer)


def find_message_id(data: bytes) -> str:
    """Return the Message-ID with its angle brackets; empty where the headers have none."""
    end = data.find(b"\r\n\r\n", 0, _HEADERS_LIMIT)
    match = _MESSAGE_ID.search(data, 0, end + 2 if end >= 0 else _HEADERS_LIMIT)
    return match[1].decode("utf-8", "replace") if match else ""


def _read_file(path: Path, file: BinaryIO) -> Iterator[Kept]:
    size = path.stat().st_size
    while len(head := file.read(_HEAD.size)) == _HEAD.size:
        mark, index_length, length, check = _HEAD.unpack(head)
        index = file.read(index_length)
        offset = file.tell()
        if mark != _MARK or len(index) < index_length or offset + length > size:
            return
        following = offset + length
        # Only the last record can be torn, so only its bytes are worth reading for the check.
        if following == size and zlib.crc32(file.read(length), zlib.crc32(index)) != check:
            return
        yield _entry(json.loads(index), path, offset, length)
        file.seek(following)


def _entry(description: dict[str, Any], path: Path, offset: int, length: int) -> Kept:
    return Kept(
        mail_from=description["mail_from"],
        rcpt_to=tuple(description["rcpt_to"]),
        received_at=datetime.fromisoformat(description["received_at"]),
        answer=Answer(description["answer"]),
        envid=description["envid"],
        message_id=description["message_id"],
        size=description["size"],
        path=path,
        offset=offset,
        length=length,
    )
