"""`digest articles review`: put on record that a person read an article."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.options import Json, the_database
from digest.cli.rulings import Id
from digest.cli.screen import on_one_line, print_json, say


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)


def review(
    article_id: Id,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="The person who read it, and answers for it.")],
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="What was checked.")] = "",
    as_json: Json = False,
) -> None:
    """Put on record that a person reviewed an article.

    It holds for the article as it is now: a later edit needs a review of its own. The evidence about a subscriber
    names who had reviewed what they were shown. Disclaimers stay as they are.
    """
    from datetime import UTC, datetime

    from digest.store.reviews import record_review

    with the_database().begin() as connection:
        done = record_review(connection, article_id, by, note, now=datetime.now(UTC))
    if as_json:
        print_json({"article": article_id, **done.as_json()})
    else:
        say(on_one_line(f"Article {article_id} (revision {done.revision_id}) was reviewed by {done.reviewer}."))
