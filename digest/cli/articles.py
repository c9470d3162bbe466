"""`digest articles`: add, read, list, show, withdraw; what editors decide about one is in `rulings`."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli import reviews, rulings
from digest.cli.options import ExitError, Json, the_database, whole_number
from digest.cli.screen import as_json as json_text
from digest.cli.screen import complain, counted, on_one_line, print_json, print_table, progress_bar, say

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
rulings.add_to(app)
reviews.add_to(app)

Places = Annotated[list[str], typer.Argument(metavar="PATH|URL...", help="Files, folders or addresses.")]
Id = Annotated[
    int,
    typer.Argument(parser=whole_number(1), metavar="ID", help="An id, as `digest articles list` prints it."),
]
Private = Annotated[bool, typer.Option("--private", help="Allow addresses on private networks (an intranet).")]


@app.command()
def add(
    places: Places,
    private: Private = False,
    as_json: Json = False,
) -> None:
    """Read and store articles. The same one again is updated, never doubled."""
    from datetime import UTC, datetime

    from digest.pipeline.collecting.collect import read_paths, store_articles
    from digest.settings import read_settings

    engine = the_database(make=True)
    now = datetime.now(UTC)
    _require_schemes(places)
    allow = private or read_settings().fetch_private_addresses
    with progress_bar("Reading") as advance:
        found = read_paths(places, now=now, allow_private=allow, progress=advance)
    with progress_bar("Storing", len(found.articles)) as advance:
        done = store_articles(engine, found.articles, source="", now=now, files=found.files, progress=advance)
    if as_json:
        print_json(
            {
                "added": done.added,
                "updated": done.updated,
                "unchanged": done.unchanged,
                "problems": found.problems,
            }
        )
    else:
        counts = {"added": done.added, "updated": done.updated, "unchanged": done.unchanged}
        typer.echo(", ".join(f"{len(ids)} {name}" for name, ids in counts.items() if ids) or "No article was found.")
    _tell(found.problems)


@app.command()
def read(
    places: Places,
    private: Private = False,
    as_json: Json = False,
) -> None:
    """Show what is understood of articles; nothing is stored.

    With --json one object a line.
    """
    from datetime import UTC, datetime

    from digest import log
    from digest.cli.cards import article_card
    from digest.collection.as_json import article_as_json
    from digest.enrichment.summary import summarise
    from digest.pipeline.collecting.collect import read_paths
    from digest.settings import read_settings

    log.configure()
    _require_schemes(places)
    allow = private or read_settings().fetch_private_addresses
    found = read_paths(places, now=datetime.now(UTC), allow_private=allow)
    for article in found.articles:
        if as_json:
            typer.echo(json_text({**article_as_json(article), "summary": summarise(article).text}))
            continue
        say(article_card(article))
    _tell(found.problems)


@app.command(name="list")
def list_command(
    search: Annotated[str, typer.Option(metavar="TEXT", help="Only articles with this text.")] = "",
    limit: Annotated[int, typer.Option(parser=whole_number(1), metavar="N", help="At most so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List stored articles, newest first."""
    from digest.collection.as_json import article_as_json
    from digest.store.articles import list_articles
    from digest.store.engine import reading

    with reading(the_database()) as connection:
        found = list(list_articles(connection, limit=limit, search=search))
    if as_json:
        print_json(
            [
                {
                    "id": each.article_id,
                    "state": each.state,
                    "collected_at": each.collected_at.isoformat(),
                    "source": each.source,
                    **article_as_json(each.article),
                }
                for each in found
            ]
        )
        return
    print_table(
        ["id", "collected (UTC)", "language", "source", "state", "title"],
        [
            [
                str(each.article_id),
                f"{each.collected_at:%Y-%m-%d %H:%M}",
                each.article.language,
                each.source,
                each.state,
                each.article.title,
            ]
            for each in found
        ],
        empty="No articles yet. Add some with: digest articles add PATH|URL",
    )


@app.command()
def show(
    article_id: Id,
    as_json: Json = False,
) -> None:
    """Show one stored article whole."""
    from digest.collection.as_json import article_as_json
    from digest.store.articles import find_article
    from digest.store.engine import reading
    from digest.store.reviews import reviews_of
    from digest.store.rulings import rulings_of

    with reading(the_database()) as connection:
        found = find_article(connection, article_id)
        decided = rulings_of(connection, article_id)
        reviewed = reviews_of(connection, [found.revision_id]).get(found.revision_id, [])
    facts = {
        "id": found.article_id,
        "state": found.state,
        "collected_at": found.collected_at.isoformat(),
        "source": found.source,
        "rulings": [rulings.ruling_as_json(each) for each in decided],
        "reviews": [each.as_json() for each in reviewed],
        **article_as_json(found.article),
    }
    if as_json:
        print_json(facts)
        return
    article = found.article
    say(article.title, bold=True)
    if article.deck:
        say(article.deck)
    say(f"\n{article.text}\n")
    if article.disclaimer:
        say(article.disclaimer)
    for link in article.related:
        say(f"  → {link.title} {link.url}".rstrip())
    say(f"\nid {found.article_id}, {found.state}, collected {found.collected_at:%Y-%m-%d %H:%M} UTC {article.url}")
    for each in decided:
        say(rulings.ruling_line(each))
    for one in reviewed:
        say(on_one_line(f"reviewed by {one.reviewer}, {one.at:%Y-%m-%d %H:%M} UTC {one.note}".rstrip()))


@app.command()
def withdraw(
    article_id: Id,
    undo: Annotated[bool, typer.Option("--undo", help="Bring it back.")] = False,
) -> None:
    """Take an article back.

    No new mail has it, and mails that wait with it are planned anew.
    """
    from datetime import UTC, datetime

    from digest.model.article import ArticleState
    from digest.store.articles import set_state

    with the_database().begin() as connection:
        state = ArticleState.LIVE if undo else ArticleState.WITHDRAWN
        waiting = set_state(connection, article_id, state, now=datetime.now(UTC))
    typer.echo(f"Article {article_id} is {state}; {counted(waiting, 'waiting mail')} will be planned anew.")


def _require_schemes(places: list[str]) -> None:
    """Raise BadParameter for an address that is not of the web; it may hold a password, so only its scheme is told."""
    for place in places:
        scheme, mark, _ = place.partition("://")
        if mark and scheme.isalnum() and scheme.lower() not in ("http", "https"):
            raise typer.BadParameter(f"{scheme}:// addresses cannot be read, only http and https")


def _tell(problems: list[str]) -> None:
    for problem in problems:
        complain(problem)
    if problems:
        raise ExitError(1)
