"""Message-IDs of deliveries."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.message_ids import message_id

DOMAIN = "water.yunwan.example"


def test_a_retry_repeats_the_id() -> None:
    """The same delivery has the same Message-ID whenever it is asked for."""
    first = message_id(b"secret", "dispatch-1", "a@b.example", DOMAIN)
    assert first == message_id(b"secret", "dispatch-1", "a@b.example", DOMAIN)
    assert re.fullmatch(r"<[A-Za-z0-9_-]{27}@water\.yunwan\.example>", first)
    assert len(first) <= 60


@given(st.lists(st.tuples(st.text(), st.text()), min_size=2, max_size=20, unique=True))
def test_each_delivery_has_its_own_id(deliveries: list[tuple[str, str]]) -> None:
    """Dispatch and address cannot be shifted into each other, and the secret matters."""
    ids = {
        message_id(secret, dispatch, address, DOMAIN)
        for dispatch, address in deliveries
        for secret in (b"one", b"two")
        if all(t.isprintable() for t in (dispatch, address))
    }
    printable = [d for d in deliveries if all(t.isprintable() for t in d)]
    assert len(ids) == 2 * len(printable)


def test_an_empty_secret_is_refused() -> None:
    """Without a secret anybody could compute the ids of others."""
    with pytest.raises(ValueError, match="secret"):
        message_id(b"", "1", "a@b.example", DOMAIN)
