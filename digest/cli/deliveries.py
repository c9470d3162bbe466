"""`digest deliveries` and `digest attempts`: who got what, when, and what the server said."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import Json, moment, one_of, the_database, whole_number
from digest.cli.screen import counted, on_one_line, print_json, print_json_lines, print_table, shortened
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from digest.store.log import Filter, LoggedAttempt, LoggedDelivery

_SHOWN = 200
_WORDS = 80  # letters of what was said last; `digest attempts` has all


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(deliveries)
    app.command()(attempts)


def deliveries(
    edition: Annotated[
        str, typer.Option(metavar="EDITION", help="An edition like daily/2026-11-23, its id, or a newsletter.")
    ] = "",
    state: Annotated[
        DeliveryState | None,
        typer.Option(parser=one_of(DeliveryState), metavar="STATE", help=f"One of: {', '.join(DeliveryState)}."),
    ] = None,
    address: Annotated[str, typer.Option(metavar="EMAIL", help="One reader's address.")] = "",
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Not before TIME (ISO 8601).")] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Before TIME (ISO 8601).")] = None,
    limit: Annotated[
        int | None,
        typer.Option(parser=whole_number(0), metavar="N", help=f"At most so many lines; 0: all (the table: {_SHOWN})."),
    ] = None,
    retry: Annotated[
        bool,
        typer.Option("--retry", help="Plan anew for readers whose delivery expired, or was refused and corrected."),
    ] = False,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Show who got what and when, newest first.

    Skipped readers stand in the log with their reason.
    """
    if retry and limit is not None:
        raise typer.BadParameter(
            "--retry takes all deliveries that match; narrow it with --edition, --state or --address, not with --limit"
        )
    from digest.store.editions import require_edition
    from digest.store.engine import reading
    from digest.store.log import Filter

    which = Filter(
        edition=edition,
        state=state or "",
        address=address,
        since=moment(since) if since is not None else None,
        until=moment(until) if until is not None else None,
        limit=(limit if limit is not None else 0 if as_json or as_csv else _SHOWN) or None,
    )
    engine = the_database()
    with reading(engine) as connection:
        require_edition(connection, edition)
    if retry:
        _plan_anew(engine, which, as_json=as_json)
        return
    with reading(engine) as connection:
        (_print_json if as_json else _print_csv if as_csv else _print_table)(connection, which)


def _plan_anew(engine: Engine, which: Filter, *, as_json: bool) -> None:
    from digest.store import log

    with engine.begin() as connection:
        count = log.retry_failed(connection, which, datetime.now(UTC))
    if as_json:
        print_json({"planned_anew": count})
        return
    why = "" if count else ": none of them expired, or was refused and its address corrected since"
    typer.echo(f"{counted(count, 'delivery', 'deliveries')} will be planned anew at the next send{why}.")


def _print_json(connection: Connection, which: Filter) -> None:
    from digest.store import log

    print_json_lines(each.as_json() for each in log.deliveries(connection, which))


def _print_csv(connection: Connection, which: Filter) -> None:
    from digest.store import log

    _write_csv(
        log.LoggedDelivery.__slots__,
        (
            {**each.as_json(), **_to_the_second(each), "items": " | ".join(each.items)}
            for each in log.deliveries(connection, which)
        ),
    )


def _write_csv(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    from digest.pipeline.formulas import neutralised

    writer, columns = csv.writer(sys.stdout), list(names)
    writer.writerow(columns)
    for row in rows:
        cells = (on_one_line(str(row[name])) if row[name] is not None else "" for name in columns)
        writer.writerow([neutralised(cell) for cell in cells])


def _to_the_second(each: LoggedDelivery | LoggedAttempt) -> dict[str, str]:
    """Return the times of a line as spreadsheets know them."""
    found = {name: getattr(each, name) for name in each.__slots__}
    return {name: at.isoformat(timespec="seconds") for name, at in found.items() if isinstance(at, datetime)}


def _print_table(connection: Connection, which: Filter) -> None:
    from digest.store import log

    print_table(
        ["id", "edition", "address", "state", "reason", "slot (UTC)", "tries", "last words", "subject"],
        [
            [
                str(each.delivery_id),
                each.edition,
                each.address,
                each.state,
                each.reason,
                f"{each.slot_at:%Y-%m-%d %H:%M}",
                str(each.attempts),
                shortened(each.reply, _WORDS),
                each.subject,
            ]
            for each in log.deliveries(connection, which)
        ],
        narrow=("id", "address", "state", "reason"),
        empty="No deliveries match. Plan and send with: digest send NEWSLETTER",
    )
    counts = log.count_states(connection, which)
    if counts:
        typer.echo(", ".join(f"{name} {number}" for name, number in counts.items()))


def attempts(
    delivery: Annotated[
        int,
        typer.Argument(
            parser=whole_number(1), metavar="ID", help="The id of a delivery, as `digest deliveries` prints it."
        ),
    ],
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Show each SMTP try of one delivery, with the server's words."""
    from digest.store import log
    from digest.store.engine import reading

    with reading(the_database()) as connection:
        found = log.attempts(connection, delivery)
    if as_json:
        print_json([each.as_json() for each in found])
        return
    if as_csv:
        _write_csv(log.LoggedAttempt.__slots__, ({**each.as_json(), **_to_the_second(each)} for each in found))
        return
    print_table(
        ["try", "address", "outcome", "phase", "reply", "enhanced", "text", "server", "finished (UTC)"],
        [
            [
                str(each.attempt_no),
                each.recipient,
                each.outcome,
                each.phase,
                str(each.reply_code or ""),
                each.enhanced,
                each.text,
                each.server,
                f"{each.finished_at:%Y-%m-%d %H:%M:%S}",
            ]
            for each in found
        ],
        narrow=("try", "outcome", "reply", "text"),
        empty="No attempt yet: the message has not been tried.",
    )
