"""Fixtures of the SMTP tests; see tests/smtp/servers.py for what they talk to."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from runtime.text import language
from tests.smtp.scripted import ScriptedServers
from tests.smtp.servers import Aiosmtpd, Certificate, Client, Inboxes


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Messages in their source language, whatever the catalogue holds."""
    token = language.set("en")
    yield
    language.reset(token)


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """Both event loops that we promise to run on."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
async def inboxes(tmp_path: Path) -> AsyncIterator[Inboxes]:
    """Inboxes of ours."""
    async with AsyncExitStack() as stack:
        yield Inboxes(tmp_path / "inbox", stack)


@pytest.fixture
async def scripted() -> AsyncIterator[ScriptedServers]:
    """Servers that do what the test says."""
    servers = ScriptedServers()
    yield servers
    await servers.stop()


@pytest.fixture
def aiosmtpd() -> Iterator[Aiosmtpd]:
    """Servers that we did not write."""
    servers = Aiosmtpd()
    yield servers
    servers.stop()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """Our side."""
    client = Client()
    yield client
    await client.close()


def _make_certificate(folder: Path, name: str) -> Certificate:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(
        [*command, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return Certificate(certificate, context)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for localhost."""
    return _make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="session")
def other_certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate for another host's name."""
    return _make_certificate(tmp_path_factory.mktemp("tls"), "other.example")


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    with socket.socket() as unbound:
        unbound.bind(("127.0.0.1", 0))
        port: int = unbound.getsockname()[1]
        return port
