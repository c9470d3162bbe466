"""`digest pause`, `resume`, `cancel` and `correct`: the hand on an edition that is going out, or has gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import ExitError, Json, the_installation
from digest.cli.screen import complain, counted, print_json, say
from digest.cli.send import on_terminal, plan_and_send, tell_rehearsal

if TYPE_CHECKING:
    from digest.pipeline.planning.hold_edition import Held

Name = Annotated[str, typer.Argument(metavar="EDITION", help="Like daily/2026-11-23, or its id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pause)
    app.command()(resume)
    app.command()(cancel)
    app.command()(correct)


def pause(edition: Name, as_json: Json = False) -> None:
    """Let no more of an edition go out until it is resumed.

    Messages that have been begun go out; nothing else starts later than half a second after this.
    """
    from digest.pipeline.planning.hold_edition import pause_edition

    held = pause_edition(the_installation(), edition)
    _tell(held, "paused", f"{counted(held.waiting, 'message')} waiting; go on with: digest resume", as_json)


def resume(
    edition: Annotated[
        str, typer.Argument(metavar="EDITION|NEWSLETTER", help="An edition; or a newsletter that paused itself.")
    ],
    as_json: Json = False,
) -> None:
    """Let the rest of a paused edition go out.

    `digest serve` sends it, or `digest send`. A newsletter that paused itself, for dead addresses or complaints, goes
    on with all its editions.
    """
    from digest.pipeline.planning.hold_edition import resume_edition

    if "/" not in edition and not edition.isdecimal():
        _resume_newsletter(edition, as_json)
        return
    held = resume_edition(the_installation(), edition)
    when = "" if held.edition.state == "open" else " once it is approved"
    _tell(held, held.edition.state, f"{counted(held.waiting, 'message')} will go out{when}", as_json)


def cancel(
    edition: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Let no more of an edition go out, ever.

    Its readers get those articles with a later edition.
    """
    from digest.pipeline.planning.hold_edition import cancel_edition

    house = the_installation()
    if not yes and not typer.confirm(f"Cancel what is left of {edition}? It cannot be taken back", err=True):
        raise ExitError(1)
    held = cancel_edition(house, edition)
    _tell(held, "cancelled", f"{counted(held.waiting, 'message')} will not go out", as_json)


def correct(
    edition: Name,
    template: Annotated[
        str, typer.Option(metavar="NAME", help="The mail template, a folder under templates/email, like correction.")
    ],
    stop: Annotated[
        bool, typer.Option("--stop", help="Let no more of EDITION itself go out, ever, before anything else.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say who would get what; stop and send nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Send an edition once more, corrected, to those who got it.

    The same articles as they read now, to exactly those to whom it was sent or may have been. Never-twice does not
    count here.
    Run again, it resumes, and reaches those who got the edition since.
    """
    from digest import log
    from digest.app import open_installation
    from digest.pipeline.editing.correct_edition import correct_edition, find_correction, readers_to_correct
    from digest.pipeline.previewing.rehearse import rehearse_correction
    from digest.settings import SENDING, read_settings

    log.configure()
    settings = read_settings(needs=SENDING)
    house = open_installation(settings)
    correction = find_correction(house, edition, template)
    if dry_run:
        tell_rehearsal(rehearse_correction(house, correction), as_json)
        return
    if on_terminal() and not yes:
        readers = sum(each.readers[""] for each in readers_to_correct(house, correction))
        cancelling = f", and cancel what is left of {correction.edition.name}" if stop else ""
        if not typer.confirm(f"Send {correction.name} to {counted(readers, 'reader')}{cancelling}?", err=True):
            complain("nothing was sent; to see it only: --dry-run")
            raise ExitError(1)
    plan_and_send(
        settings,
        house,
        correction.newsletter.slug,
        lambda: correct_edition(house, correction, stop=stop),
        as_json=as_json,
    )


def _resume_newsletter(slug: str, as_json: bool) -> None:
    from digest.pipeline.hearing.guard import resume_newsletter

    because, waiting = resume_newsletter(the_installation(), slug)
    if as_json:
        print_json({"newsletter": slug, "state": "open", "paused_because": because, "messages": waiting})
    else:
        say(f"{slug} goes on: {counted(waiting, 'message')} will go out.")


def _tell(held: Held, state: str, words: str, as_json: bool) -> None:
    if as_json:
        edition = {"edition": held.edition.name, "id": held.edition.edition_id}
        print_json({**edition, "state": state, "messages": held.waiting})
    else:
        say(f"{held.edition.name} is {state}: {words}.")
