"""`digest alerts`: what those who run an installation must hear of."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.options import Json, the_database, the_installation, the_user, whole_number
from digest.cli.screen import on_one_line, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command(name="list")
def list_alerts(
    over: Annotated[bool, typer.Option("--all", help="Also those that are over or put aside, latest first.")] = False,
    as_json: Json = False,
) -> None:
    """List what is wrong, as of the last look (each minute)."""
    from digest.store.alerts import browse_alerts, open_alerts
    from digest.store.engine import reading

    with reading(the_database()) as connection:
        found = open_alerts(connection)
        if over:
            found += browse_alerts(connection).rows
    if as_json:
        print_json(
            [
                {
                    "id": each.alert_id,
                    "kind": each.cause.kind,
                    "subject": each.cause.subject,
                    "newsletter": each.cause.newsletter or None,
                    "says": each.cause.says,
                    "count": each.cause.count,
                    "state": each.state,
                    "first_at": each.first_at.isoformat(),
                    "last_at": each.last_at.isoformat(),
                }
                for each in found
            ]
        )
        return
    print_table(
        ["id", "state", "since (UTC)", "what"],
        ([str(a.alert_id), a.state.value, f"{a.first_at:%Y-%m-%d %H:%M}", on_one_line(a.cause.says)] for a in found),
        empty="Nothing is wrong.",
    )


@app.command()
def close(
    alert_id: Annotated[int, typer.Argument(parser=whole_number(1), metavar="ID", help="See: digest alerts list")],
    by: Annotated[str, typer.Option("--as", metavar="NAME", help="Who has seen it (default: you).")] = "",
) -> None:
    """Put an alert aside: you have seen it."""
    from digest.pipeline.staff.watch import put_aside

    found = put_aside(the_installation(), alert_id, by=by or the_user())
    say(on_one_line(f"Put aside while it lasts: {found.cause.says}"))
