"""Editions: how far each has come, and the hand on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Query
from pydantic import BaseModel, Field

from digest.model.api_token import Scope
from digest.pipeline.editing.correct_edition import correct_edition, find_correction
from digest.pipeline.installation import Installation
from digest.pipeline.planning.hold_edition import Held, cancel_edition, pause_edition, resume_edition
from digest.store.browsing import ListedEdition, browse_editions, states_of_edition
from digest.store.editions import find_edition, latest_subject
from digest.store.engine import reading
from digest.web.api.door import Door
from digest.web.api.problems import in_a_state_for_it
from digest.web.api.shapes import Cursor, Given, Id, Page, cursor_of, next_of

State = Literal["awaiting", "open", "paused", "finished", "cancelled"]


class EditionOut(BaseModel):
    """An edition; `period` is the day, week, month or instant it is of."""

    id: int
    newsletter: str
    period: str
    state: str


class ListedEditionOut(EditionOut):
    """An edition in a list."""

    created_at: datetime


class EditionProgress(EditionOut):
    """An edition with how many of its deliveries are in each state; a count stops at 10,001."""

    subject: str
    deliveries: dict[str, int]


class HeldOut(EditionOut):
    """An edition after the hand was laid on it, and how many messages that was about."""

    waiting: int


class Correct(Given):
    """A correction: the template it is made with, and whether nobody else is to get the edition."""

    template: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    stop: bool = False


class CorrectedOut(BaseModel):
    """What was planned: how many corrections wait to be sent, and who gets none, by reason."""

    edition: str
    planned: int
    skipped: dict[str, int]


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def list_editions(
        state: Annotated[State | None, Query()] = None, after: Cursor | None = None
    ) -> Page[ListedEditionOut]:
        """List the editions, newest first."""
        with reading(house.engine) as connection:
            found = browse_editions(connection, state=state or "", after=cursor_of(after))
        return Page(items=[_listed(each) for each in found.rows], next=next_of(found.after))

    def get_edition(number: Id) -> EditionProgress:
        """Return one edition and how far it has come."""
        with reading(house.engine) as connection:
            found = find_edition(connection, str(number))
            counts, subject = states_of_edition(connection, number), latest_subject(connection, found)
        return EditionProgress(
            id=number,
            newsletter=found.newsletter,
            period=found.period,
            state=found.state,
            subject=subject,
            deliveries=counts,
        )

    def pause(number: Id) -> HeldOut:
        """Let no more of it go out until it is resumed."""
        return _hold(house, pause_edition, number)

    def resume(number: Id) -> HeldOut:
        """Let the rest of a paused edition go out."""
        return _hold(house, resume_edition, number)

    def cancel(number: Id) -> HeldOut:
        """Let no more of it go out, ever; its readers get those articles later."""
        return _hold(house, cancel_edition, number)

    def correct(number: Id, said: Correct) -> CorrectedOut:
        """Send its articles once more, as they read now, to exactly those whom it reached."""
        correction = find_correction(house, str(number), said.template)
        planned = correct_edition(house, correction, stop=said.stop)
        return CorrectedOut(edition=correction.name, planned=planned.ready, skipped=dict(planned.skipped))

    door.add("GET", "/editions", Scope.EDITIONS_READ, list_editions)
    door.add("GET", "/editions/{number}", Scope.EDITIONS_READ, get_edition)
    for name, answer in (("pause", pause), ("resume", resume), ("cancel", cancel), ("correct", correct)):
        door.add("POST", f"/editions/{{number}}/{name}", Scope.EDITIONS_WRITE, answer, name=f"{name}_edition")


def _hold(house: Installation, act: Callable[[Installation, str], Held], number: int) -> HeldOut:
    with in_a_state_for_it():
        held = act(house, str(number))
    with reading(house.engine) as connection:
        now = find_edition(connection, str(number))
    return HeldOut(id=number, newsletter=now.newsletter, period=now.period, state=now.state, waiting=held.waiting)


def _listed(each: ListedEdition) -> ListedEditionOut:
    return ListedEditionOut(
        id=each.edition_id,
        newsletter=each.newsletter,
        period=each.period,
        state=each.state,
        created_at=each.created_at,
    )
