"""Addresses of Redis or Valkey, as redis-py and as Celery write them."""

from urllib.parse import urlsplit


def broker_url(redis_url: str) -> str:
    """Return ``redis_url`` in the form that Celery wants: a Unix socket has its own scheme there."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    sign_in, _, _ = parts.netloc.rpartition("@")
    database = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair).get("db")
    return (
        f"redis+socket://{sign_in}{'@' if sign_in else ''}{parts.path}?virtual_host={database or 0}"
    )
