"""The store: what it keeps is there, whatever broke."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.inbox.store import (
    Answer,
    Arrival,
    MessageStore,
    count_by_message_id,
    find_message_id,
    read_message,
    read_store,
)

NOW = datetime(2026, 4, 15, 1, 30, 2, 123456, tzinfo=UTC)


def arrival(number: int = 0, answer: Answer = Answer.ACCEPTED) -> Arrival:
    """Return an envelope."""
    return Arrival(
        mail_from="b@office.example",
        rcpt_to=(f"u{number}@unit.example", "办公室@unit.example"),
        received_at=NOW + timedelta(seconds=number),
        answer=answer,
        envid=f"e{number}" if number else None,
    )


def mail(number: int) -> bytes:
    """Return a message with its number in the Message-ID."""
    return f"Message-ID: <{number}@office.example>\r\n\r\n正文 {number}\r\n".encode()


def fill(folder: Path, numbers: range, started_at: datetime = NOW) -> Path:
    """Keep messages in one run; return its file."""
    with MessageStore(folder, started_at=started_at) as store:
        kept = [store.append(arrival(number), mail(number)) for number in numbers]
    return kept[0].path


def test_messages_are_got_back(tmp_path: Path) -> None:
    """Envelope, times, identifiers and bytes, over several runs, oldest first."""
    fill(tmp_path, range(3))
    fill(tmp_path, range(3, 5), NOW + timedelta(hours=1))
    found = list(read_store(tmp_path))
    assert [kept.message_id for kept in found] == [
        f"<{number}@office.example>" for number in range(5)
    ]
    assert [read_message(kept) for kept in found] == [mail(number) for number in range(5)]
    assert read_message(found[0], limit=11) == b"Message-ID:"
    last = found[4]
    assert (last.mail_from, last.rcpt_to) == ("b@office.example", arrival(4).rcpt_to)
    assert (last.received_at, last.envid) == (arrival(4).received_at, "e4")
    assert last.size == last.length == len(mail(4))


def test_a_store_knows_earlier_runs(tmp_path: Path) -> None:
    """Opening a folder again shows what is in it; a run without messages leaves no file."""
    fill(tmp_path, range(2))
    with MessageStore(tmp_path, started_at=NOW + timedelta(hours=1)) as store:
        assert [kept.message_id for kept in store.messages] == [
            "<0@office.example>",
            "<1@office.example>",
        ]
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_appended_is_there_before_append_returns(tmp_path: Path) -> None:
    """Another reader sees each message at once: nothing waits in a buffer of this process."""
    with MessageStore(tmp_path, started_at=NOW) as store:
        for number in range(20):
            kept = store.append(arrival(number), mail(number))
            found = list(read_store(tmp_path))
            assert found[-1] == kept
            assert read_message(found[-1]) == mail(number)


def test_every_torn_end_is_left_out(tmp_path: Path) -> None:
    """Wherever the last record was cut, the ones before it are read and it is not."""
    path = fill(tmp_path, range(3))
    whole = path.read_bytes()
    last = list(read_store(tmp_path))[2]
    begin = list(read_store(tmp_path))[1]
    end_of_second = begin.offset + begin.length
    for cut in range(end_of_second, len(whole)):
        path.write_bytes(whole[:cut])
        assert len(list(read_store(tmp_path))) == 2
    path.write_bytes(whole[: last.offset + 1] + b"\0" * (len(whole) - last.offset - 1))
    assert len(list(read_store(tmp_path))) == 2


@settings(max_examples=60)
@given(noise=st.binary(max_size=60))
def test_noise_behind_the_end_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    """Blocks that a crashed file system left behind are not taken for messages."""
    folder = tmp_path_factory.mktemp("noise")
    path = fill(folder, range(2))
    path.write_bytes(path.read_bytes() + noise)
    assert len(list(read_store(folder))) == 2


def test_only_envelopes_are_kept_on_request(tmp_path: Path) -> None:
    """For benches: the size is known, the bytes are not kept."""
    with MessageStore(tmp_path, started_at=NOW, bodies=False) as store:
        store.append(arrival(), mail(0))
    (kept,) = read_store(tmp_path)
    assert (kept.size, kept.length, read_message(kept)) == (len(mail(0)), 0, b"")
    assert kept.message_id == "<0@office.example>"


def test_repeats_are_counted_by_message_id(tmp_path: Path) -> None:
    """All, or only those that were answered."""
    with MessageStore(tmp_path, started_at=NOW) as store:
        store.append(arrival(), mail(0))
        store.append(arrival(answer=Answer.NONE), mail(0))
        store.append(arrival(), mail(1))
    found = list(read_store(tmp_path))
    assert count_by_message_id(found) == {"<0@office.example>": 2, "<1@office.example>": 1}
    assert count_by_message_id(found, answer=Answer.ACCEPTED)["<0@office.example>"] == 1


@pytest.mark.parametrize(
    ("data", "message_id"),
    [
        (b"Message-ID: <a@b>\r\n\r\n", "<a@b>"),
        (b"Subject: x\r\nmessage-id:<a@b>\r\n\r\n", "<a@b>"),
        (b"Message-ID:\r\n <a@b>\r\n\r\n", "<a@b>"),
        (b"Subject: x\r\n\r\nMessage-ID: <a@b>\r\n", ""),
        (b"X-Message-ID: <a@b>\r\n\r\n", ""),
        (b"Message-ID: <a@b>", "<a@b>"),
        (b"Message-ID: none\r\n\r\n", ""),
        (b"", ""),
        (b"Message-ID: <\xff@b>\r\n\r\n", "<\ufffd@b>"),
    ],
)
def test_the_message_id_is_found(data: bytes, message_id: str) -> None:
    """In the headers only, folded or not."""
    assert find_message_id(data) == message_id
