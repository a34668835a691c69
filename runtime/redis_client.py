"""Addresses of Redis or Valkey, as redis-py and as Celery write them."""

from urllib.parse import parse_qs, quote, urlencode, urlsplit


def broker_url(redis_url: str) -> str:
    """Return ``redis_url``, which redis-py understands, as Celery's kombu wants it.

    A Unix socket has a scheme of its own there; the database is the path, or ``virtual_host``; the
    sign-in stands before an ``@``. Of other parameters only those of TLS are passed on: kombu
    would hand the rest to the connection as text.
    """
    parts = urlsplit(redis_url)
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    user = parts.username or quote(given.get("username", ""), safe="")
    password = parts.password or quote(given.get("password", ""), safe="")
    sign_in = f"{user}:{password}@" if user or password else ""
    if parts.scheme == "unix":
        query = urlencode({"virtual_host": given.get("db", "0")})
        return f"redis+socket://{sign_in}{parts.path}?{query}"
    host = parts.netloc.rpartition("@")[2]
    path = f"/{given['db']}" if "db" in given else parts.path
    query = urlencode({name: value for name, value in given.items() if name.startswith("ssl_")})
    return f"{parts.scheme}://{sign_in}{host}{path}{'?' if query else ''}{query}"
