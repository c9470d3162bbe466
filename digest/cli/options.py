"""What several commands share: options, reading a moment, the doors to the installation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from digest.pipeline.installation import Installation

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
At = Annotated[
    str, typer.Option("--at", metavar="TIME", help="As if the clock showed TIME (ISO 8601 with zone; default now).")
]


class ExitError(Exception):
    """Ends the program with a status after everything was said."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def moment(text: str) -> datetime:
    """Return the instant that *text* names, now for ""; a time without zone is UTC. Raises BadParameter."""
    if not text:
        return datetime.now(UTC)
    try:
        at = datetime.fromisoformat(text)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a time; write it like 2026-11-23T07:00+09:00") from None


def the_database() -> Engine:
    """Return the configured database; no other setting is needed."""
    from digest import log
    from digest.app import open_database
    from digest.settings import read_settings

    log.configure()
    return open_database(read_settings())


def the_installation() -> Installation:
    """Return the installation for commands that make links but send nothing."""
    from digest import log
    from digest.app import open_installation
    from digest.settings import COMPOSING, read_settings

    log.configure()
    return open_installation(read_settings(needs=COMPOSING))
