"""What a process makes sure of before it starts to work."""

import socket

import structlog

from mailer.actions.revisions import DatabaseNotReadyError, head, standing
from runtime import process
from runtime.logs import configure_logs
from runtime.process import Runtime
from runtime.refusal import Refusal
from runtime.settings import load_settings, nearest, unknown_names
from runtime.text import language


class PortTakenError(Refusal):
    """Port {port} on {host} is taken by another program. Stop that, or set MAILER_WEB_PORT to a
    free port.
    """


def start_process() -> Runtime:
    """Open this process for good. Unknown names are logged only: versions may run side by side."""
    settings = load_settings()
    configure_logs(settings)
    language.set(settings.language)
    for name in unknown_names():
        structlog.get_logger("settings").warning("unknown", name=name, hint=nearest(name))
    runtime = process.current()
    require_current_database(runtime)
    return runtime


def require_current_database(runtime: Runtime) -> None:
    """Raise :class:`DatabaseNotReadyError` unless the database is up to date."""
    with runtime.database.engine.connect() as connection:
        found = standing(connection)
    if found != head():
        raise DatabaseNotReadyError(found=found or "-", wanted=head())


def require_free_port(host: str, port: int) -> None:
    """Raise :class:`PortTakenError` if nobody could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise PortTakenError(port=port, host=host) from None
