"""Addresses of Redis, as redis-py and kombu read them, against a real Valkey."""

import itertools
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
from kombu.connection import Connection

from runtime import valkey_server
from runtime.redis_client import broker_url
from tests.runtime.homes import short_folder, wait_until

_PASSWORDS = {"": "p@ss:/?#%[]&+= 简报", "clerk:1": "%40 'quoted' \\ \"twice\""}


class Server:
    """A Valkey with a password, on a socket whose path is odd and on a free port."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "odd name%2F+?#&简" / "valkey.sock"
        self.socket.parent.mkdir()
        self.port = 0
        quoted = {name: _in_configuration(word) for name, word in _PASSWORDS.items()}
        configuration = (
            f"bind 127.0.0.1\nport 0\nunixsocket {_in_configuration(str(self.socket))}\n"
            f"requirepass {quoted['']}\n"
            'save ""\nappendonly no\ndatabases 16\n'
        )
        self.process = subprocess.Popen(
            [valkey_server.program(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
        )
        try:
            self._set_up(configuration)
        except BaseException:
            self.end()
            raise

    def _set_up(self, configuration: str) -> None:
        assert self.process.stdin is not None
        with self.process.stdin as stdin:
            stdin.write(configuration.encode())
        wait_until(self.socket.exists)
        with self.connect() as client:
            wait_until(client.ping)
            client.acl_setuser(
                "clerk:1",
                enabled=True,
                passwords=[f"+{_PASSWORDS['clerk:1']}"],
                categories=["+@all"],
                keys=["*"],
                channels=["*"],
            )
            self.port = next(port for port in itertools.count(20_000) if _listens(client, port))

    def end(self) -> None:
        """Kill the server."""
        self.process.kill()
        self.process.wait()

    def connect(self) -> redis.Redis:
        """Return a client that needs no address to be parsed."""
        return redis.Redis(unix_socket_path=str(self.socket), password=_PASSWORDS[""])


def _in_configuration(word: str) -> str:
    return '"' + "".join(f"\\x{byte:02x}" for byte in word.encode()) + '"'


def _listens(client: redis.Redis, port: int) -> bool:
    try:
        return bool(client.config_set("port", port))
    except redis.ResponseError:
        return False


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server for all addresses."""
    folder = short_folder()
    try:
        server = Server(folder)
        yield server
        server.end()
    finally:
        shutil.rmtree(folder)


def _addresses(server: Server, user: str) -> dict[str, str]:
    name, word = quote(user, safe=""), quote(_PASSWORDS[user], safe="")
    sign_in = f"{name}:{word}@"
    parameters = f"password={word}" + (f"&username={name}" if user else "")
    path = quote(str(server.socket))
    host = f"127.0.0.1:{server.port}"
    return {
        "unix": f"unix://{sign_in}{path}?db=3",
        "unix with parameters": f"unix://{path}?db=3&{parameters}&socket_timeout=5",
        "tcp": f"redis://{sign_in}{host}/3",
        "tcp with a parameter for the database": f"redis://{sign_in}{host}?db=3",
        "tcp with a parameter over the path": f"redis://{sign_in}{host}/1?db=3&socket_timeout=5",
        "tcp with parameters": f"redis://{host}?db=3&{parameters}",
    }


@pytest.mark.parametrize("user", _PASSWORDS)
def test_celery_and_redis_py_reach_the_same_database(server: Server, user: str) -> None:
    """What kombu publishes under the broker's address, redis-py finds under the address itself."""
    for kind, address in _addresses(server, user).items():
        queue = uuid.uuid4().hex
        broker = Connection(broker_url(address), connect_timeout=5)  # type: ignore[no-untyped-call]
        with broker as connection:
            connection.SimpleQueue(queue).put({"kind": kind})
        with redis.Redis.from_url(address) as client:
            assert client.llen(queue) == 1, kind
            assert client.connection_pool.connection_kwargs.get("db") == 3, kind


def test_wrong_password_is_not_let_in(server: Server) -> None:
    """The control of the test above: the server does ask."""
    address = f"redis://:wrong@127.0.0.1:{server.port}/3"
    with redis.Redis.from_url(address) as client, pytest.raises(redis.AuthenticationError):
        client.ping()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("redis://cache.example", "redis://cache.example"),
        ("redis://cache.example:6380/2", "redis://cache.example:6380/2"),
        ("redis://[::1]:6380?db=2", "redis://[::1]:6380/2"),
        (
            "rediss://:p%40w@cache.example/1?ssl_cert_reqs=required&health_check_interval=3",
            "rediss://:p%40w@cache.example/1?ssl_cert_reqs=required",
        ),
        ("unix:///run/redis.sock", "redis+socket:///run/redis.sock?virtual_host=0"),
        ("unix://:w@/run/r.sock?db=2", "redis+socket://:w@/run/r.sock?virtual_host=2"),
    ],
)
def test_addresses_for_celery(address: str, expected: str) -> None:
    """A table: scheme, sign-in, database and TLS; the rest is redis-py's own."""
    assert broker_url(address) == expected
