"""What several commands share: options, reading a moment, the doors to the installation."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.screen import complain

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Engine

    from digest.pipeline.installation import Installation

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
At = Annotated[
    str,
    typer.Option(
        "--at", metavar="TIME", help='As if the clock showed TIME, like "2026-11-23T07:00 Asia/Seoul" (default now).'
    ),
]


class ExitError(Exception):
    """Ends the program with a status after everything was said."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def moment(text: str) -> datetime:
    """Return the instant that *text* names, now for "": ISO 8601 with an offset, or followed by an IANA zone.

    A time without either is taken as UTC, and stderr says so. Raises BadParameter.
    """
    if not text:
        return datetime.now(UTC)
    written, zone = _time_and_zone(text.strip())
    try:
        at = datetime.fromisoformat(written)
        if zone and at.tzinfo is None:
            at = at.replace(tzinfo=_zone(zone))
        elif zone:
            raise typer.BadParameter(f"{text!r} has both an offset and a zone; leave out one of them")
        elif at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
            complain(f"{at:%Y-%m-%d %H:%M} UTC was taken; write +09:00 or Asia/Seoul after it", prefix="note: ")
        return at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(
            f'{text!r} is not a time; write it like 2026-11-23T07:00+09:00 or "2026-11-23T07:00 Asia/Seoul"'
        ) from None


def _time_and_zone(text: str) -> tuple[str, str]:
    """Split off a last word that starts with a letter; in "2026-11-23 07:00" the last word is still the time."""
    written, _, last = text.rpartition(" ")
    return (written.strip(), last) if written and last[0].isalpha() else (text, "")


def _zone(name: str) -> ZoneInfo:
    from digest.errors import BadInput
    from digest.pipeline.places import read_zone
    from digest.scheduling.cadence import zone_of

    try:
        return zone_of(read_zone(name))
    except BadInput as wrong:
        raise typer.BadParameter(str(wrong)) from None


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
