"""`digest thoughts`: what readers wrote about articles, and what editors decide about it."""

from __future__ import annotations

from typing import Annotated

import typer

from digest.cli.options import Json, one_of, the_database, the_installation, the_user, whole_number
from digest.cli.screen import counted, print_json, print_table, say
from digest.model.thought import ThoughtState

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Number = Annotated[int, typer.Argument(metavar="ID", parser=whole_number(1), help="The thought's number.")]


@app.command(name="list")
def list_command(
    state: Annotated[
        ThoughtState,
        typer.Option(parser=one_of(ThoughtState), metavar="STATE", help=f"One of: {', '.join(ThoughtState)}."),
    ] = ThoughtState.WAITING,
    as_json: Json = False,
) -> None:
    """List the latest thoughts that wait for an editor."""
    from digest.store.engine import reading
    from digest.store.thoughts import in_state

    with reading(the_database()) as connection:
        found = in_state(connection, state)
    if as_json:
        print_json(
            [
                {
                    "id": each.thought_id,
                    "article": each.article_id,
                    "name": each.name,
                    "text": each.text,
                    "written_at": each.written_at.isoformat(),
                }
                for each in found
            ]
        )
        return
    print_table(
        ["id", "written", "article", "name", "thought"],
        [
            [str(each.thought_id), f"{each.written_at:%Y-%m-%d %H:%M}", str(each.article_id), each.name, each.text]
            for each in found
        ],
        empty=f"No thought is {state}.",
    )


@app.command()
def publish(number: Number) -> None:
    """Show a thought to readers, and tell who follows its article."""
    from digest.pipeline.reading.thoughts import publish as do_publish

    told = do_publish(the_installation(), number, by=the_user())
    say(f"Thought {number} is published; it goes to {counted(told, 'follower')}.")


@app.command()
def decline(number: Number) -> None:
    """Show a thought to nobody."""
    from digest.pipeline.reading.thoughts import decline as do_decline

    do_decline(the_installation(), number, by=the_user())
    say(f"Thought {number} is declined.")
