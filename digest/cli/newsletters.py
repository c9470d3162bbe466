"""`digest newsletters`: what one can subscribe to, from TOML files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.options import Json, the_database
from digest.cli.screen import complain, print_json, print_table, say

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.command()
def apply(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A TOML file; subscribers/example.toml shows every setting.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change and change nothing.")] = False,
) -> None:
    """Apply newsletters, streams, topics and sources from a TOML file.

    Twice is the same as once. A file with any mistake changes nothing.
    """
    from datetime import UTC, datetime

    from digest.pipeline.newsletters.apply_newsletters import apply_file
    from digest.settings import read_settings

    postal = read_settings().postal_address
    done = apply_file(
        the_database(make=not dry_run), file, postal_address=postal, dry_run=dry_run, now=datetime.now(UTC)
    )
    for warning in done.warnings:
        complain(warning, prefix="warning: ")
    for change in done.changes:
        say(change)
    if not done.changes:
        typer.echo("Nothing to change: the database already says what the file says.")
    elif dry_run:
        typer.echo("Nothing was changed (--dry-run).")


@app.command(name="list")
def list_newsletters(as_json: Json = False) -> None:
    """List newsletters and streams, and how many subscribe to each."""
    from digest.pipeline.newsletters.frequencies import frequency_words
    from digest.scheduling.cadence import frequency_text
    from digest.store.engine import reading
    from digest.store.guarding import paused_newsletters
    from digest.store.newsletters import load_newsletters
    from digest.store.specs import newsletter_as_json
    from digest.store.subscriptions import count_active

    with reading(the_database()) as connection:
        found = load_newsletters(connection)
        active = count_active(connection)
        paused = paused_newsletters(connection)
    if as_json:
        print_json(
            [
                {
                    "slug": slug,
                    **newsletter_as_json(each),
                    "active": active.get(slug, 0),
                    "paused_because": paused.get(slug, ""),
                }
                for slug, each in found.items()
            ]
        )
        return
    print_table(
        ["newsletter", "name", "sender", "when", "zone", "active"],
        [
            [
                slug,
                each.name,
                each.sender.address,
                each.stream.window.kind.value
                if each.stream
                else f"{frequency_words(frequency_text(each.schedule.frequency))} {each.schedule.at:%H:%M}",
                each.schedule.zone or "each reader's own",
                str(active.get(slug, 0)),
            ]
            for slug, each in found.items()
        ],
        empty="No newsletters yet. Copy subscribers/example.toml, edit it, then: digest newsletters apply FILE.toml",
    )
    for slug, why in paused.items():
        complain(f"{slug} is paused: {why}. See who they are, then: digest resume {slug}", prefix="note: ")
