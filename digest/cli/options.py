"""What several commands share: options, reading a moment, the doors to the installation."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from digest.cli.screen import complain

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy import Engine

    from digest.pipeline.installation import Installation

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at", metavar="TIME", help='As if the clock showed TIME, like "2026-11-23T07:00 Asia/Seoul" (default now).'
    ),
]
_DIGITS = re.compile(r"[+-]?[0-9]{1,19}")
_LARGEST = 2**63 - 1  # what the database counts to
_FIRST_YEAR, _LAST_YEAR = 1970, 2200
_Word = TypeVar("_Word", bound=StrEnum)


class ExitError(Exception):
    """Ends the program with a status after everything was said."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(str(status))


def moment(text: str) -> datetime:
    """Return the instant that *text* names: ISO 8601 with an offset, or followed by an IANA zone.

    A time without either is taken as UTC, and stderr says so. Raises BadParameter.
    """
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


def clock_at(text: str | None) -> datetime:
    """Return what the clock is to show: the instant of *text*, now when there is none.

    Raises BadParameter, also for a time so far away that the days around it are in no calendar.
    """
    if text is None:
        return datetime.now(UTC)
    at = moment(text)
    if not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise typer.BadParameter(f"{text!r} is too far away; name a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    return at


def _time_and_zone(text: str) -> tuple[str, str]:
    """Split off a last word that starts with a letter; in "2026-11-23 07:00" the last word is still the time."""
    written, _, last = text.rpartition(" ")
    return (written.strip(), last) if written and last[0].isalpha() else (text, "")


def _zone(name: str) -> ZoneInfo:
    from digest.errors import BadInput
    from digest.pipeline.newsletters.places import read_zone
    from digest.scheduling.zones import zone_of

    try:
        return zone_of(read_zone(name))
    except BadInput as wrong:
        raise typer.BadParameter(str(wrong)) from None


def whole_number(least: int, most: int | None = None) -> Callable[[Any], int]:
    """Return what reads a whole number from *least* to *most*, and says so when it is none."""

    def read(value: Any) -> int:
        text = str(value)
        if _DIGITS.fullmatch(text) and least <= int(text) <= (most if most is not None else _LARGEST):
            return int(text)
        limits = f"from {least} to {most}" if most is not None else f"from {least} on"
        raise typer.BadParameter(f"{text!r} is not a whole number {limits}")

    return read


def one_of(kind: type[_Word]) -> Callable[[Any], _Word]:
    """Return what reads a word of *kind*, and lists all of them when it is none."""

    def read(value: Any) -> _Word:
        try:
            return kind(str(value))
        except ValueError:
            raise typer.BadParameter(f"{str(value)!r} is not one of: {', '.join(kind)}") from None

    return read


def the_database(*, make: bool = False) -> Engine:
    """Return the configured database; no other setting is needed."""
    from digest import log
    from digest.app import open_database
    from digest.settings import read_settings

    log.configure()
    return open_database(read_settings(), make=make)


def the_installation() -> Installation:
    """Return the installation for commands that make links but send nothing."""
    from digest import log
    from digest.app import open_installation
    from digest.settings import COMPOSING, read_settings

    log.configure()
    return open_installation(read_settings(needs=COMPOSING))


def the_user() -> str:
    """Return who runs the program, as the system knows them."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"
