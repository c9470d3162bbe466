"""Approvals of editions: how one stands, the word that lets it go out, and taking that back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from digest.model.api_token import Scope
from digest.pipeline.installation import Installation
from digest.pipeline.planning.approve import Standing, approve_edition, standing_of, withdraw_approval
from digest.web.api.door import Door
from digest.web.api.problems import in_a_state_for_it
from digest.web.api.shapes import Given, Id
from digest.web.api.who import source_of


class Approve(Given):
    """A word for one pool: that of `pool` as it was looked at, and of no other."""

    pool: Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="`pool` of the answer that was looked at.")]


class StandingOut(BaseModel):
    """How an edition stands: does it need a word, the pool that may be approved now, and who approved it when."""

    id: int
    newsletter: str
    period: str
    state: str
    needs_approval: bool
    approved: bool
    cut_off: datetime
    pool: str | None
    approved_by: str | None
    approved_at: datetime | None


def add_to(door: Door, house: Installation) -> None:
    """Add the addresses."""

    def get_approval(number: Id) -> StandingOut:
        """Return how an edition stands; `pool` is null before its cut-off."""
        return _out(standing_of(house, str(number)))

    def approve(number: Id, said: Approve, request: Request) -> StandingOut:
        """Approve an edition as it was looked at; it goes out at its hours. 409 when something changed since."""
        with in_a_state_for_it():
            return _out(approve_edition(house, str(number), by=source_of(request), expected=said.pool))

    def withdraw(number: Id, request: Request) -> StandingOut:
        """Take the approval back; what has not left waits."""
        with in_a_state_for_it():
            return _out(withdraw_approval(house, str(number), by=source_of(request)))

    at = "/editions/{number}/approval"
    door.add("GET", at, Scope.EDITIONS_READ, get_approval)
    door.add("PUT", at, Scope.EDITIONS_APPROVE, approve, name="approve_edition", records=True)
    door.add("DELETE", at, Scope.EDITIONS_APPROVE, withdraw, name="withdraw_approval", records=True)


def _out(found: Standing) -> StandingOut:
    edition, word = found.edition, found.approval
    return StandingOut(
        id=edition.edition_id,
        newsletter=edition.newsletter,
        period=edition.period,
        state=edition.state,
        needs_approval=bool(found.rule),
        approved=word is not None,
        cut_off=found.cut_off,
        pool=found.pool_hash or None,
        approved_by=word.by if word else None,
        approved_at=word.at if word else None,
    )
