"""A reader's agreement as it comes in and goes out: interests, hour, state."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from digest.errors import BadInput
from digest.model.subscriber import SubscriptionState
from digest.pipeline.installation import Installation
from digest.pipeline.staff.hold_subscription import subscription_of
from digest.pipeline.subscribers.put_subscriber import Put, PutDone
from digest.store.subscriptions import Agreement
from digest.web.api.problems import Refused
from digest.web.api.shapes import Given, Slug

Hour = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
# The characters that stand between words in a subscriber file.
Word = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^|;,\x00-\x1f\x7f]+$")]
_TURNED_AWAY = {
    Put.SUPPRESSED: "this address must not be mailed; only a fresh confirmation of its reader lifts that",
    Put.ENDED: "this reader has left; only they can come back",
    Put.CORRECTED: "this address was corrected to another one; its reader is left as they are",
}


class FollowIn(Given):
    """A topic that is followed."""

    topic: Slug
    weight: Annotated[float, Field(gt=0, le=10, allow_inf_nan=False)] = 1.0


class Interests(Given):
    """What a reader is interested in, all of it: what is left out is taken away."""

    topics: Annotated[tuple[FollowIn, ...], Field(max_length=200)] = ()
    muted: Annotated[tuple[Slug, ...], Field(max_length=200)] = ()
    keywords: Annotated[tuple[Word, ...], Field(max_length=100)] = ()
    languages: Annotated[tuple[Word, ...], Field(max_length=20)] = ()
    everything: bool = False
    surprise: bool = False


class SubscriptionOut(BaseModel):
    """One subscription."""

    newsletter: str
    state: SubscriptionState
    ended_reason: str
    paused_until: datetime | None
    send_at: str
    frequency: str
    interests: dict[str, Any]


class PutOut(BaseModel):
    """What became of it; `kept` when the reader had chosen for themselves what was said otherwise."""

    result: Put
    kept: bool
    subscription: SubscriptionOut


def interest_columns(said: Interests) -> dict[str, str]:
    """Return the cells of a subscriber file that say *said*."""
    chosen = [name for name in ("everything", "surprise") if getattr(said, name)]
    return {
        "topics": "|".join(f"{each.topic}:{each.weight:.3f}" for each in said.topics),
        "muted": "|".join(said.muted),
        "keywords": "|".join(said.keywords),
        "languages": "|".join(said.languages),
        "choices": "|".join(chosen),
    }


def put_out_of(house: Installation, address: str, newsletter: str, done: PutDone) -> PutOut:
    """Return what a program is told; raises Refused for a reader who is turned away, BadInput for a bad value."""
    if done.what in _TURNED_AWAY:
        raise Refused(409, done.what.value, _TURNED_AWAY[done.what])
    if done.what is Put.REFUSED:
        raise BadInput("; ".join(f"{each.column or 'the request'}: {each.reason}" for each in done.problems))
    agreement = subscription_of(house, address, newsletter)
    return PutOut(result=done.what, kept=done.kept, subscription=told_of(agreement))


def told_of(each: Agreement) -> SubscriptionOut:
    """Return a subscription as programs see it."""
    found = each.interests
    return SubscriptionOut(
        newsletter=each.newsletter,
        state=each.state,
        ended_reason=each.ended_reason,
        paused_until=each.paused_until,
        send_at=each.send_at,
        frequency=each.frequency,
        interests={
            "topics": [{"topic": one.topic, "weight": one.weight} for one in found.follows],
            "muted": list(found.muted),
            "keywords": list(found.keywords),
            "languages": list(found.languages),
            "everything": found.wants_all,
            "surprise": found.surprise,
        },
    )
