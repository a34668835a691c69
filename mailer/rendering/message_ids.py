"""Message-IDs that a retry repeats and that nobody can guess or turn into another token."""

import base64
import hashlib
import hmac

_PURPOSE = b"jianbao message-id 1"
"""Part of the key: links and return paths derive their keys from other purposes, so that none of
these tokens yields another, although all come from one secret."""
_TOKEN_BYTES = 20


def message_id(secret: bytes, dispatch_key: str, address: str, domain: str) -> str:
    """Return the msg-id (RFC 5322 3.6.4, with its angle brackets) of one delivery.

    The same dispatch and normalised address always give the same id, so a mail that was sent
    twice in doubt is recognised as one. ``domain`` is the sender's, as A-labels. The id is
    30 characters and the domain: at most 60 where the domain has at most 30.
    """
    if not secret:
        raise ValueError("the secret is empty")
    key = hmac.digest(secret, _PURPOSE, hashlib.sha256)
    # The length keeps ("a", "bc") and ("ab", "c") apart.
    material = f"{len(dispatch_key)}:{dispatch_key}:{address}".encode()
    token = hmac.digest(key, material, hashlib.sha256)[:_TOKEN_BYTES]
    return f"<{base64.urlsafe_b64encode(token).rstrip(b'=').decode()}@{domain}>"
