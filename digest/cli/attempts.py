"""`digest attempts`: each SMTP try, and what the server said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.log_filter import Address, Csv, Edition, Limit, Since, Until, read_filter
from digest.cli.options import Json, one_of, the_database, whole_number
from digest.cli.screen import print_counts, print_csv, print_json, print_json_lines, print_table
from digest.model.delivery import Outcome

if TYPE_CHECKING:
    from digest.store.log import LoggedAttempt


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(attempts)


def attempts(
    delivery: Annotated[
        int | None,
        typer.Argument(
            parser=whole_number(1), metavar="ID", help="One delivery's id, as `digest deliveries` prints it."
        ),
    ] = None,
    edition: Edition = "",
    outcome: Annotated[
        Outcome | None,
        typer.Option(parser=one_of(Outcome), metavar="OUTCOME", help=f"One of: {', '.join(Outcome)}."),
    ] = None,
    address: Address = "",
    since: Since = None,
    until: Until = None,
    limit: Limit = None,
    as_json: Json = False,
    as_csv: Csv = False,
) -> None:
    """Show each SMTP try with the server's words, newest first.

    Those of one delivery stand first to last.
    """
    from digest.store import log
    from digest.store.editions import require_edition
    from digest.store.engine import reading

    which = read_filter(
        edition=edition,
        state=outcome,
        address=address,
        since=since,
        until=until,
        limit=limit,
        whole=as_json or as_csv,
    )
    with reading(the_database()) as connection:
        require_edition(connection, edition)
        found = log.attempts(connection, delivery, which)
        if as_json and delivery is not None:
            print_json([each.as_json() for each in found])
        elif as_json:
            print_json_lines(each.as_json() for each in found)
        elif as_csv:
            print_csv(log.LoggedAttempt.__slots__, found)
        else:
            _print_table(found)
            if delivery is None:
                print_counts(log.count_outcomes(connection, which))


def _print_table(found: Iterable[LoggedAttempt]) -> None:
    print_table(
        ["delivery", "try", "address", "outcome", "phase", "reply", "enhanced", "text", "server", "finished (UTC)"],
        (
            [
                str(each.delivery_id),
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
        ),
        narrow=("delivery", "address", "outcome", "reply", "text"),
        empty="No attempts match. What is planned, and why it was not tried: digest deliveries",
    )
