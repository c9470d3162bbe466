"""`digest editions`: how editions stand, and the word that lets one go out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.options import Json, the_database, the_installation, the_user
from digest.cli.screen import counted, print_json, print_table, say

if TYPE_CHECKING:
    from digest.pipeline.installation import Installation
    from digest.pipeline.planning.approve import Standing

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_LISTED = 50
Newsletter = Annotated[
    str, typer.Argument(metavar="NEWSLETTER", help="The newsletter's slug; or the edition, like daily/2026-11-24.")
]
Date = Annotated[str, typer.Argument(metavar="[DATE]", help="Its day, like 2026-11-24, or 2026-W48, or 2026-11.")]
As = Annotated[str, typer.Option("--as", metavar="NAME", help="Who says it (default: you, as the system knows you).")]


@app.command(name="list")
def list_editions(
    state: Annotated[
        str, typer.Option("--state", metavar="STATE", help="Only those: awaiting, open, paused, finished, cancelled.")
    ] = "",
    as_json: Json = False,
) -> None:
    """List the latest editions, newest first."""
    from digest.store.browsing import browse_editions
    from digest.store.engine import reading

    with reading(the_database()) as connection:
        found = browse_editions(connection, state=state).rows[:_LISTED]
    if as_json:
        print_json(
            [
                {"id": each.edition_id, "edition": f"{each.newsletter}/{each.period}", "state": each.state}
                for each in found
            ]
        )
    else:
        rows = [(str(each.edition_id), f"{each.newsletter}/{each.period}", each.state) for each in found]
        print_table(["id", "edition", "state"], rows, empty="No edition is like that yet; see: digest send --help")


@app.command()
def show(newsletter: Newsletter, date: Date = "", as_json: Json = False) -> None:
    """Show how an edition stands: its state, and who approved what."""
    from digest.pipeline.planning.approve import standing_of

    house = the_installation()
    _tell(house, standing_of(house, _name(newsletter, date)), as_json)


@app.command()
def approve(newsletter: Newsletter, date: Date = "", by: As = "", as_json: Json = False) -> None:
    """Approve an edition as it is now; it goes out at its hours.

    For newsletters that say approval = true. Whatever changes what it may draw from takes the approval back. Mails
    for which it comes later than max_late are skipped, and so recorded.
    """
    from digest.pipeline.planning.approve import approve_edition

    house = the_installation()
    _tell(house, approve_edition(house, _name(newsletter, date), by=by or the_user()), as_json)


@app.command(name="withdraw-approval")
def withdraw(newsletter: Newsletter, date: Date = "", by: As = "", as_json: Json = False) -> None:
    """Take an approval back; what has not left waits."""
    from digest.pipeline.planning.approve import withdraw_approval

    house = the_installation()
    _tell(house, withdraw_approval(house, _name(newsletter, date), by=by or the_user()), as_json)


def _name(newsletter: str, date: str) -> str:
    if not date and "/" not in newsletter and not newsletter.isdecimal():
        raise typer.BadParameter(f"name the day too, like: {newsletter} 2026-11-24; see: digest editions list")
    return f"{newsletter}/{date}" if date else newsletter


def _tell(house: Installation, found: Standing, as_json: bool) -> None:
    from digest.store.editions import count_waiting
    from digest.store.engine import reading

    edition = found.edition
    with reading(house.engine) as connection:
        waiting = count_waiting(connection, edition)
    if as_json:
        print_json(standing_as_json(found, waiting))
        return
    say(f"{edition.name} (id {edition.edition_id}) is {edition.state}: {counted(waiting, 'message')} waiting.")
    if not found.rule:
        say("It needs no approval.")
        return
    if found.pool_hash:
        say(f"Its pool is {found.pool_hash[:12]} now (cut-off {found.cut_off:%Y-%m-%d %H:%M} UTC).")
    for each in found.approvals:
        say(f"Approved by {each.by}, {each.at:%Y-%m-%d %H:%M} UTC: pool {each.pool_hash[:12]}.")
        if each.withdrawn_at is not None:
            who = f" by {each.withdrawn_by}" if each.withdrawn_by else ""
            say(f"  Withdrawn{who}, {each.withdrawn_at:%Y-%m-%d %H:%M} UTC: {each.withdrawn_because}.")
    if found.approval is None:
        second = f" by somebody else than {found.last_hand}" if found.rule == "two" and found.last_hand else ""
        say(f"It waits for an approval{second}: digest editions approve {edition.name}")


def standing_as_json(found: Standing, waiting: int) -> dict[str, Any]:
    """Return how an edition stands as plain values; times in ISO 8601."""
    return {
        "edition": found.edition.name,
        "id": found.edition.edition_id,
        "state": found.edition.state,
        "messages": waiting,
        "approval": found.rule.value or None,
        "approved": found.approval is not None,
        "cut_off": found.cut_off.isoformat() if found.rule else None,
        "pool": found.pool_hash or None,
        "last_hand": found.last_hand or None,
        "approvals": [
            {
                "pool": each.pool_hash,
                "by": each.by,
                "at": each.at.isoformat(),
                "withdrawn_by": each.withdrawn_by or None,
                "withdrawn_at": each.withdrawn_at.isoformat() if each.withdrawn_at else None,
                "withdrawn_because": each.withdrawn_because or None,
            }
            for each in found.approvals
        ],
    }
