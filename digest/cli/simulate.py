"""`digest simulate`: a look at the days to come, or at past ones with today's settings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import Json, the_installation
from digest.cli.screen import counted, print_json, say

if TYPE_CHECKING:
    from digest.pipeline.previewing.simulate import SimulatedSlot

_WEEK = timedelta(days=6)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


def simulate(
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="The first day, like 2026-11-23 (default today).")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="The last day (default six days later).")
    ] = None,
    subscriber: Annotated[str, typer.Option(metavar="EMAIL", help="Only what this reader would get.")] = "",
    as_json: Json = False,
) -> None:
    """Play some days ahead: every slot, digest and reason.

    It is the planning itself, on a virtual clock. Nothing is written and nothing is sent. Days are those of the
    newsletter's zone, else UTC. Articles are those that are stored; a past day begins with what readers had been
    shown by then. Of a stream it shows the mail of the events that wait.
    """
    from digest.pipeline.previewing.simulate import Span
    from digest.pipeline.previewing.simulate import simulate as play

    begin = _day(first) if first else datetime.now(UTC).date()
    span = Span(begin, _day(last) if last else begin + _WEEK)
    slots: Iterator[SimulatedSlot] = play(the_installation(), newsletter, span, address=subscriber)
    if as_json:
        print_json(
            {
                "newsletter": newsletter,
                "from": span.first.isoformat(),
                "to": span.last.isoformat(),
                "slots": [each.as_json() for each in slots],
            }
        )
        return
    number, mails, skipped = 0, 0, Counter[str]()
    for slot in slots:
        number += 1
        mails += sum(each.readers for each in slot.digests)
        skipped += slot.skipped
        for line in _lines(slot):
            say(line)
    told = [counted(number, "slot"), counted(mails, "mail")]
    told += [f"{count:,} skipped ({reason.replace('_', ' ')})" for reason, count in sorted(skipped.items())]
    say(", ".join(told) + ". Nothing was written or sent.")


def _lines(slot: SimulatedSlot) -> Iterator[str]:
    yield f"{slot.slot_at:%Y-%m-%d %H:%M} UTC  {slot.edition}"
    for each in slot.digests:
        of_events = any("count" in one for one in each.articles)
        held = counted(len(each.articles), "line" if of_events else "article")
        yield f"  {counted(each.readers, 'reader')}: {held}"
        for one in each.articles:
            yield f"    {one['title']}" if of_events else f"    {one['title']}  ({one['why']})"
    for reason, count in sorted(slot.skipped.items()):
        yield f"  {counted(count, 'reader')}: no mail ({reason.replace('_', ' ')})"


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no day; write it like 2026-11-23") from None
