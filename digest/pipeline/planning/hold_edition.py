"""Pause, resume or cancel an edition, while it is being sent too.

A sender looks for such changes twice a second: what it began before goes out, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from digest.errors import BadInput
from digest.pipeline.installation import Installation
from digest.store.editions import Edition, count_waiting, find_edition, lapse_cancelled, move_edition
from digest.store.jobs import ask_for_workers
from digest.store.standing import let_go


@dataclass(frozen=True, slots=True)
class Held:
    """An edition as it is now, and how many of its messages this was about: they wait, go on, or never go."""

    edition: Edition
    waiting: int


def pause_edition(house: Installation, name: str) -> Held:
    """Let no more of an edition go out until it is resumed; twice is fine. Raises NotFound or BadInput."""
    with house.engine.begin() as connection:
        edition = find_edition(connection, name)
        if not move_edition(connection, edition, ("open", "awaiting", "paused"), "paused"):
            raise BadInput(f"{edition.name} is {edition.state}: there is nothing to pause")
        return Held(edition, count_waiting(connection, edition))


def resume_edition(house: Installation, name: str) -> Held:
    """Let exactly the rest of a paused edition go out, once it is approved if it must be.

    Raises NotFound, or BadInput when it is not paused.
    """
    with house.engine.begin() as connection:
        edition = find_edition(connection, name)
        state = let_go(connection, edition.edition_id)
        if not state:
            raise BadInput(f"{edition.name} is {edition.state}, not paused")
        waiting = count_waiting(connection, edition)
        if state == "open":
            ask_for_workers(connection, edition.edition_id, waiting)
        return Held(replace(edition, state=state), waiting)


def cancel_edition(house: Installation, name: str) -> Held:
    """Let no more of an edition go out, ever; its readers get those articles later. Raises NotFound or BadInput."""
    with house.engine.begin() as connection:
        edition = find_edition(connection, name)
        if not move_edition(connection, edition, ("open", "awaiting", "paused", "cancelled"), "cancelled"):
            raise BadInput(f"{edition.name} is {edition.state}: all of it has gone out")
        return Held(edition, lapse_cancelled(connection, house.clock.now()))
