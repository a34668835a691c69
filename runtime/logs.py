"""Log lines: readable ones for people, JSON for machines."""

import logging
import sys

import structlog

from runtime.settings import Settings


def configure_logs(settings: Settings) -> None:
    """Send every log line of this process to standard error in the form that is set."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=settings.log_format == "json"),
    ]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.log_format == "json"
        else _readable
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    # These tell of every message, one a second at least; what went wrong is told all the same.
    for name in ("celery.worker.strategy", "celery.app.trace", "celery.beat"):
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _readable(_logger: object, _method: str, event: structlog.typing.EventDict) -> str:
    """Return a line for people. (structlog's own console renderer loads Rich to do as much.)"""
    head = f"{event.pop('timestamp', '')[:19]} {event.pop('level', '').upper():<7}"
    event.pop("logger", None)
    fault = event.pop("exception", None)
    text = str(event.pop("event", ""))
    rest = "".join(f" {name}={value!r}" for name, value in event.items())
    return f"{head} {text}{rest}" + (f"\n{fault}" if fault else "")
