"""`digest deliveries`: who got what, when, and what the server said last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.log_filter import Address, Csv, Edition, Limit, Since, Until, read_filter
from digest.cli.options import Json, one_of, the_database
from digest.cli.screen import counted, print_counts, print_csv, print_json, print_json_lines, print_table, shortened
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from digest.store.log import Filter

_WORDS = 80  # letters of what was said last; `digest attempts` has all


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(deliveries)


def deliveries(
    edition: Edition = "",
    state: Annotated[
        DeliveryState | None,
        typer.Option(parser=one_of(DeliveryState), metavar="STATE", help=f"One of: {', '.join(DeliveryState)}."),
    ] = None,
    address: Address = "",
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    retry: Annotated[
        bool,
        typer.Option(
            "--retry",
            help="Plan anew for readers whose delivery expired, or was refused and"
            " corrected; with --state in_doubt send those once more.",
        ),
    ] = False,
    as_json: Json = False,
    as_csv: Csv = False,
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

    which = read_filter(
        edition=edition,
        state=state,
        address=address,
        since=since,
        until=until,
        limit=limit,
        whole=as_json or as_csv,
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
    if which.state == DeliveryState.IN_DOUBT:
        typer.echo(f"{counted(count, 'delivery', 'deliveries')} will be sent once more at the next send.")
        return
    why = "" if count else ": none of them expired, or was refused and its address corrected since"
    typer.echo(f"{counted(count, 'delivery', 'deliveries')} will be planned anew at the next send{why}.")


def _print_json(connection: Connection, which: Filter) -> None:
    from digest.store import log

    print_json_lines(each.as_json() for each in log.deliveries(connection, which))


def _print_csv(connection: Connection, which: Filter) -> None:
    from digest.store import log

    print_csv(log.LoggedDelivery.__slots__, log.deliveries(connection, which))


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
                f"{each.reason} with {each.part_of}" if each.reason == "together" and each.part_of else each.reason,
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
    print_counts(log.count_states(connection, which))
