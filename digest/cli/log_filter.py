"""What narrows the log: the options that `digest deliveries` and `digest attempts` share, and the filter they make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import moment, whole_number

if TYPE_CHECKING:
    from digest.store.log import Filter

_SHOWN = 200

Edition = Annotated[
    str, typer.Option(metavar="EDITION", help="An edition like daily/2026-11-23, its id, or a newsletter.")
]
Address = Annotated[str, typer.Option(metavar="EMAIL", help="One reader's address.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Not before TIME (ISO 8601).")]
Until = Annotated[str | None, typer.Option(metavar="TIME", help="Before TIME (ISO 8601).")]
Limit = Annotated[
    int | None,
    typer.Option(parser=whole_number(0), metavar="N", help=f"At most so many lines; 0: all (the table: {_SHOWN})."),
]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


def read_filter(
    *,
    edition: str,
    state: str | None,
    address: str,
    since: str | None,
    until: str | None,
    limit: int | None,
    whole: bool,
) -> Filter:
    """Return the filter of these options; without a limit the *whole* log, or as much as a table has.

    Raises BadParameter for what is no time.
    """
    from digest.store.log import Filter

    return Filter(
        edition=edition,
        state=state or "",
        address=address,
        since=moment(since) if since is not None else None,
        until=moment(until) if until is not None else None,
        limit=(limit if limit is not None else 0 if whole else _SHOWN) or None,
    )
