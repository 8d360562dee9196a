"""Logs by structlog: JSON for machines, lines for a terminal; the standard library's loggers as well."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import msgspec
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import Processor

_TRACEBACKS = structlog.processors.ExceptionRenderer(
    ExceptionDictTransformer(show_locals=False)  # a variable may hold a key, or what a caller sent
)


def configure_logs(level: str) -> None:
    """Set up logging of this process to standard error.

    Args:
        level: name of the lowest level that is written, such as `info`.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    terminal = sys.stderr.isatty()
    ending: list[Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if terminal
        else [_TRACEBACKS, structlog.processors.JSONRenderer(_json)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpcore", "httpx", "uvicorn.access", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _json(event: object, default: Callable[[object], object]) -> str:
    """Write JSON; `default` makes something plain of what JSON has no form for."""
    return msgspec.json.encode(event, enc_hook=default).decode()
