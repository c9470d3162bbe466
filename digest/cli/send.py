"""`digest send` and `digest preview`."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import At, ExitError, Json, clock_at, one_of, the_installation
from digest.cli.screen import as_json as json_text
from digest.cli.screen import complain, counted, on_one_line, print_json, progress_bar, say, working
from digest.model.delivery import DeliveryState

if TYPE_CHECKING:
    from digest.pipeline.composing.planned import Planned
    from digest.pipeline.installation import Installation
    from digest.pipeline.previewing.rehearse import Rehearsal
    from digest.settings import Settings

_LISTEN_EVERY = 5.0  # seconds
_AHEAD = timedelta(minutes=1)  # what is later than that is no matter of two clocks


class Format(StrEnum):
    """What `preview` prints."""

    HTML = "html"
    TEXT = "text"
    EML = "eml"
    JSON = "json"


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(send)
    app.command()(preview)


def send(
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    at: At = None,
    everyone: Annotated[
        bool, typer.Option("--everyone", help="The current edition to all who have not had it, whatever their hour.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get what; plan and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether to send an edition of the future.")] = False,
    as_json: Json = False,
) -> None:
    """Plan and deliver a newsletter; nothing goes twice.

    It goes to every active subscriber whose latest slot has not been served. Run again, it resumes. It ends when
    every row is terminal or deferred; at Ctrl-C, once the mails under way have their answers.
    """
    from digest import log
    from digest.app import open_installation
    from digest.pipeline.planning.plan import Who, plan_newsletter
    from digest.pipeline.previewing.rehearse import rehearse
    from digest.settings import SENDING, read_settings

    log.configure()
    settings = read_settings(needs=SENDING)
    house = open_installation(settings)
    who = Who.EVERYONE if everyone else Who.LATEST
    now = house.clock.now()
    when = now if at is None else clock_at(at)
    if dry_run:
        tell_rehearsal(rehearse(house, newsletter, at=when, who=who), as_json)
        return
    if when > now + _AHEAD:
        _require_wish(now, when, yes=yes)
    plan_and_send(
        settings, house, newsletter, lambda: plan_newsletter(house, newsletter, at=when, who=who), as_json=as_json
    )


def tell_rehearsal(rehearsed: Rehearsal, as_json: bool) -> None:
    """Say what a send would do."""
    if as_json:
        print_json(rehearsed.as_json())
    else:
        for line in rehearsed.lines():
            say(line)


def plan_and_send(
    settings: Settings, house: Installation, newsletter: str, plan: Callable[[], Planned], *, as_json: bool
) -> None:
    """Do *plan*, then send what is due of *newsletter*, and say what became of it; raises ExitError."""
    from digest.app import sending
    from digest.garbage import search_less
    from digest.pipeline.delivering.dispatch import dispatch
    from digest.pipeline.hearing.hear_replies import hear_replies
    from digest.scheduling.ticker import Job, ticking

    search_less()
    try:
        with working(f"Planning {newsletter}"):
            planned = plan()
    except KeyboardInterrupt:
        complain("stopped while planning; nothing was sent. Run it again.")
        raise ExitError(128 + signal.SIGINT) from None
    how = sending(settings, somebody_waits=True)
    # What servers refuse is heard meanwhile: a newsletter that meets too many dead addresses pauses itself.
    listening = ticking([Job("hear", _LISTEN_EVERY, lambda: hear_replies(house))])
    with _noted_signals() as seen, progress_bar(f"Sending {newsletter}", planned.ready) as advance, listening:
        done = dispatch(
            house, how, newsletter=newsletter, progress=advance, stop=lambda: bool(seen), on_stop=_tell_stopping
        )
    for why in hear_replies(house).paused:
        complain(why)
    awaiting = _awaiting(house, planned)
    result = {
        "newsletter": newsletter,
        "editions": sorted(planned.editions),
        "planned": planned.ready,
        "skipped": dict(planned.skipped),
        "superseded": planned.superseded,
        "awaiting": awaiting,
        "recovered": done.recovered,
        **{state.value: count for state, count in sorted(done.states.items())},
    }
    if as_json:
        print_json({**result, "stopped_by": done.stopped_by or None})
    else:
        typer.echo(_sentence(result, nothing="nothing sent" if done.stopped_by else "nothing to send"))
    for name in awaiting:
        complain(f"{name} waits for an approval: digest editions approve {name}", prefix="note: ")
    if done.states[DeliveryState.REFUSED]:
        complain("who was refused, and why: digest deliveries --state refused", prefix="note: ")
    if done.fault:
        complain(f"sending stopped; {done.stopped_by}. Mend it and run this again.")
        raise ExitError(1)
    if done.away:
        complain(
            f"sending stopped; {done.stopped_by}. Nothing is lost: see that it runs and DIGEST_SMTP_URL names it,"
            " then run this again."
        )
        raise ExitError(1)
    if done.interrupted:
        complain(f"stopped; {done.states[DeliveryState.SENT]} sent. The same command sends the rest.")
        raise ExitError(128 + seen[0])


def _awaiting(house: Installation, planned: Planned) -> list[str]:
    """Return the editions of a planning that wait for an approval."""
    from digest.store.engine import reading
    from digest.store.standing import is_awaiting

    with reading(house.engine) as connection:
        return [name for name, edition_id in sorted(planned.editions.items()) if is_awaiting(connection, edition_id)]


def _require_wish(now: datetime, when: datetime, *, yes: bool) -> None:
    """Say that mails of the future leave now; on a terminal, ask."""
    complain(
        f"it is {now:%Y-%m-%d %H:%M} UTC now; this sends what is due on {when:%Y-%m-%d at %H:%M} UTC", prefix="note: "
    )
    if on_terminal() and not yes and not typer.confirm("Send it now?", err=True):
        complain("nothing was sent; to see it only: --dry-run")
        raise ExitError(1)


def on_terminal() -> bool:
    """Whether there is a person to ask."""
    return sys.stdin.isatty() and sys.stderr.isatty()


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """Give the list of SIGINT and SIGTERM as they come, instead of ending at once; the second one does that."""
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        if len(seen) > 1:
            os._exit(128 + number)  # the journal knows what was on the wire

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell_stopping(under_way: int) -> None:
    complain(f"stopping: waiting for {counted(under_way, 'message')} under way; once more to end at once")


def _sentence(result: dict[str, object], *, nothing: str) -> str:
    states = ("sent", "deferred", "refused", "in_doubt", "expired", "poison")
    told = [f"{result[state]} {state.replace('_', ' ')}" for state in states if result.get(state)]
    skipped = result["skipped"]
    assert isinstance(skipped, dict)
    told += [f"{count} skipped ({reason.replace('_', ' ')})" for reason, count in sorted(skipped.items()) if count]
    editions = result["editions"]
    assert isinstance(editions, list)
    return f"{', '.join(editions) or result['newsletter']}: {', '.join(told) or nothing}."


def preview(
    newsletter: Annotated[str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug.")],
    subscriber: Annotated[str, typer.Option(metavar="EMAIL", help="Whose mail.")],
    at: At = None,
    output: Annotated[
        Format,
        typer.Option(
            "--format",
            parser=one_of(Format),
            metavar="FORMAT",
            help="html, text, eml (the whole message) or json (why).",
        ),
    ] = Format.TEXT,
    file: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write to FILE instead of the screen.")
    ] = None,
) -> None:
    """Show exactly what a reader would get at a moment.

    Nothing is written and nothing is sent.
    """
    from digest.pipeline.previewing.preview import preview as make_preview

    found = make_preview(the_installation(), newsletter, subscriber, at=clock_at(at))
    if output is Format.JSON:
        content = json_text(found.as_json(), indent=2).encode() + b"\n"
    elif not found.raw:
        skip = found.selection.skip.value if found.selection.skip else "nothing_new"
        complain(f"{subscriber} would get no mail: {skip.replace('_', ' ')}; see --format json")
        raise ExitError(1)
    else:
        text = f"{_heading(found.raw)}\n\n{found.text}"
        content = {Format.HTML: found.html.encode(), Format.TEXT: text.encode(), Format.EML: found.raw}[output]
    if file is not None:
        file.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


def _heading(message: bytes) -> str:
    """Return the lines that a mail program shows above a mail."""
    from email import message_from_bytes, policy

    found = message_from_bytes(message, policy=policy.default)
    return "\n".join(f"{name}: {on_one_line(str(found[name]))}" for name in ("From", "To", "Subject"))
