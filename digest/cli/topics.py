"""`digest topics`: what a vocabulary finds in files of articles; nothing is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.options import Json, whole_number
from digest.cli.screen import print_json, print_table, progress_bar

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def _root() -> None:
    pass


@app.command()
def rank(
    topics: Annotated[Path, typer.Option("--topics", metavar="FILE.json", help="An array of topics.")],
    articles: Annotated[
        Path, typer.Option("--articles", metavar="FILE.jsonl.gz", help="One article a line, gzip or not.")
    ],
    top: Annotated[int, typer.Option("--top", parser=whole_number(1), metavar="N", help="At most so many.")] = 10,
    as_json: Json = False,
) -> None:
    """Show for each day and topic the best articles, best first.

    With --json an object: day -> topic -> ids of articles. Labels that articles may have are not looked at.
    """
    from digest.pipeline.collecting.rank_topics import rank_topics, read_articles, read_definitions

    definitions = read_definitions(topics)
    items = read_articles(articles)
    with progress_bar("Ranking", len(definitions.topics)) as advance:
        ranking = rank_topics(definitions, items, top, advance)
    if as_json:
        print_json(ranking)
        return
    titles = {item.id: item.title for item in items}
    print_table(
        ["day", "topic", "id", "title"],
        (
            [day, slug, str(key), titles[key]]
            for day, found in ranking.items()
            for slug, ids in found.items()
            for key in ids
        ),
        empty="No article has a word of these topics.",
    )
