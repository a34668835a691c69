"""The server that the pages run on."""

import socket

import uvicorn

from mailer.web.app import create_app
from mailer.web.desk import Desk
from runtime.process import Runtime

_GRACE = 3
"""Seconds that open requests get to finish when the server is told to stop."""


class PageServer(uvicorn.Server):
    """A server that ends the live counts before it waits for open requests: they last for hours."""

    def __init__(self, config: uvicorn.Config, desk: Desk) -> None:
        super().__init__(config)
        self.desk = desk

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop."""
        self.desk.streams.stop()
        await super().shutdown(sockets)


def page_server(runtime: Runtime) -> PageServer:
    """Return the server of ``runtime``'s pages; its ``run()`` returns after SIGTERM or Ctrl-C."""
    app = create_app(runtime)
    config = uvicorn.Config(
        app,
        host=runtime.settings.web_host,
        port=runtime.settings.web_port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
    )
    return PageServer(config, app.state.desk)
