"""`digest pause`, `resume` and `cancel`: the hand on an edition that is going out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.options import ExitError, Json, the_installation
from digest.cli.screen import counted, print_json, say

if TYPE_CHECKING:
    from digest.pipeline.hold_edition import Held

Name = Annotated[str, typer.Argument(metavar="EDITION", help="Like daily/2026-11-23, or its id.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(pause)
    app.command()(resume)
    app.command()(cancel)


def pause(edition: Name, as_json: Json = False) -> None:
    """Let no more of an edition go out until it is resumed.

    Messages that have been begun go out; nothing else starts later than half a second after this.
    """
    from digest.pipeline.hold_edition import pause_edition

    held = pause_edition(the_installation(), edition)
    _tell(held, "paused", f"{counted(held.waiting, 'message')} waiting; go on with: digest resume", as_json)


def resume(edition: Name, as_json: Json = False) -> None:
    """Let the rest of a paused edition go out.

    `digest serve` sends it, or `digest send`.
    """
    from digest.pipeline.hold_edition import resume_edition

    held = resume_edition(the_installation(), edition)
    _tell(held, "open", f"{counted(held.waiting, 'message')} will go out", as_json)


def cancel(
    edition: Name,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Let no more of an edition go out, ever.

    Its readers get those articles with a later edition.
    """
    from digest.pipeline.hold_edition import cancel_edition

    house = the_installation()
    if not yes and not typer.confirm(f"Cancel what is left of {edition}? It cannot be taken back", err=True):
        raise ExitError(1)
    held = cancel_edition(house, edition)
    _tell(held, "cancelled", f"{counted(held.waiting, 'message')} will not go out", as_json)


def _tell(held: Held, state: str, words: str, as_json: bool) -> None:
    if as_json:
        edition = {"edition": held.edition.name, "id": held.edition.edition_id}
        print_json({**edition, "state": state, "messages": held.waiting})
    else:
        say(f"{held.edition.name} is {state}: {words}.")
