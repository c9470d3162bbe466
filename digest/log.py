"""Log lines are events in the past tense with fields, once per unit of work.

Pretty on a terminal, JSON otherwise. No address stands in one: a log is not a subscriber list.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog


def configure(*, json: bool | None = None, level: int = logging.INFO) -> None:
    """Send log lines to stderr, as JSON unless stderr is a terminal (or *json* says so)."""
    as_json = not sys.stderr.isatty() if json is None else json
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def get_logger() -> Any:
    """Return a logger: `log.info("edition_planned", edition=..., ready=412)`."""
    return structlog.get_logger()
