"""`digest events`: what products tell, in and out, and what waits for a reader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from digest.cli.options import ExitError, Json, the_installation
from digest.cli.screen import complain, counted, print_json, print_table, progress_bar, say

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Stream = Annotated[str, typer.Argument(metavar="STREAM", help="The stream's slug.")]
_TOLD = 20  # lines that cannot be used


@app.command()
def add(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE.jsonl", help="One event a line, as JSON; docs/notifications.md has the keys."),
    ],
    as_json: Json = False,
) -> None:
    """Add the events of a file, a thousand at a time.

    Again it is the same as once for events with a dedupe_key. A line that cannot be used keeps no other out.
    """
    from digest.pipeline.events.event_lines import add_lines, count_lines

    house = the_installation()
    with progress_bar("Adding", count_lines(file)) as advance:
        done = add_lines(house, file, advance)
    if as_json:
        print_json({"answers": dict(sorted(done.answers.items())), "refused": dict(done.refused)})
    else:
        said = [f"{number:,} {answer}" for answer, number in sorted(done.answers.items())]
        say(", ".join(said) or "There was no event in it.")
        for number, why in list(done.refused.items())[:_TOLD]:
            complain(f"{file.name}: line {number}, {why}")
    if done.refused:
        raise ExitError(1)


@app.command()
def cancel(
    stream: Stream,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The dedupe_key of the event.")],
) -> None:
    """Take an event out of mail that has not left."""
    from digest.model.event import Answer
    from digest.pipeline.events.add_events import add_events

    (done,) = add_events(the_installation(), [{"stream": stream, "cancel": key}])
    if done.answer is not Answer.CANCELLED:
        complain(
            done.reason if done.answer is Answer.REFUSED else f"no mail that waits has an event {key!r} of {stream}"
        )
        raise ExitError(1)
    say(f"Cancelled for {counted(done.readers, 'reader')}.")


@app.command()
def read(
    stream: Stream,
    key: Annotated[str, typer.Argument(metavar="KEY", help="The dedupe_key of the event.")],
    subscriber: Annotated[str, typer.Option("--subscriber", metavar="EMAIL", help="Who has read of it.")],
) -> None:
    """Say that a reader has read of an event: they need no mail of it."""
    from digest.model.event import Answer
    from digest.pipeline.events.add_events import add_events

    told = {"stream": stream, "read": key, "recipient": subscriber}
    (done,) = add_events(the_installation(), [told])
    if done.answer is not Answer.READ:
        complain(done.reason if done.answer is Answer.REFUSED else f"no event {key!r} waits for {subscriber}")
        raise ExitError(1)
    say(f"{subscriber} gets no mail of {key}.")


@app.command(name="list")
def list_command(
    subscriber: Annotated[str, typer.Option("--subscriber", metavar="EMAIL", help="Whose events.")],
    as_json: Json = False,
) -> None:
    """List the latest events of one reader, and their fate.

    Of one that waits it tells until when.
    """
    from digest.pipeline.events.event_queue import latest_events

    found = latest_events(the_installation(), subscriber)
    if as_json:
        print_json([each.as_json() for each in found])
        return
    print_table(
        ["added", "stream", "key", "what became of it", "closes", "delivery"],
        [
            [
                f"{each.added_at:%Y-%m-%d %H:%M}",
                each.stream,
                each.dedupe_key,
                each.fate,
                f"{each.closes_at:%Y-%m-%d %H:%M}" if each.closes_at else "",
                str(each.delivery_id or ""),
            ]
            for each in found
        ],
        empty="No events for this reader.",
    )


@app.command()
def follow(
    stream: Stream,
    thing: Annotated[str, typer.Argument(metavar="OBJECT", help='What to follow, by the product\'s id: "article:7".')],
    subscriber: Annotated[str, typer.Option("--subscriber", metavar="EMAIL", help="Who follows.")],
    off: Annotated[bool, typer.Option("--off", help="Follow it no more.")] = False,
) -> None:
    """Let a reader hear of whatever happens to an object."""
    from digest.pipeline.reading.following import follow_object

    follow_object(the_installation(), stream, thing, subscriber, follows=not off)
    say(f"{subscriber} {'no longer follows' if off else 'follows'} {thing} in {stream}.")
