"""What a change of many readers does to one subscription: pure, from what it was to what it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from digest.model.subscriber import EndedReason, Follow, Interests, SubscriptionState


class Action(StrEnum):
    """What can be done with many readers at once."""

    FOLLOW = "follow"  #: a topic
    UNFOLLOW = "unfollow"
    PAUSE = "pause"
    RESUME = "resume"
    END = "end"
    SUPPRESS = "suppress"
    ERASE = "erase"


#: The word in the consent record.
EVENTS = {
    Action.FOLLOW: "followed",
    Action.UNFOLLOW: "unfollowed",
    Action.PAUSE: "paused",
    Action.RESUME: "resumed",
    Action.END: "ended",
    Action.SUPPRESS: "ended",
    Action.ERASE: "ended",
}
#: And the one of what is undone.
UNDONE = {
    Action.FOLLOW: "unfollowed",
    Action.UNFOLLOW: "followed",
    Action.PAUSE: "resumed",
    Action.RESUME: "paused",
    Action.END: "resumed",
    Action.SUPPRESS: "resumed",
    Action.ERASE: "resumed",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a subscription stands, as far as a change can move it."""

    state: SubscriptionState
    ended_reason: str
    paused_until: datetime | None
    interests: Interests


def changed(was: Standing, action: Action, *, topic: str, until: datetime | None, today: date) -> Standing:
    """Return *was* after *action*, or *was* itself where there is nothing to do.

    Nobody is brought back who has left, and nobody who follows one topic alone is left without: without any they would
    get everything.
    """
    if was.state is SubscriptionState.ENDED or (
        was.state is SubscriptionState.PENDING and action in (Action.PAUSE, Action.RESUME)
    ):
        return was
    match action:
        case Action.FOLLOW:
            return replace(was, interests=_with(was.interests, topic, today))
        case Action.UNFOLLOW:
            return replace(was, interests=_without(was.interests, topic))
        case Action.PAUSE if was.state is SubscriptionState.ACTIVE:
            return replace(was, state=SubscriptionState.PAUSED, paused_until=until)
        case Action.RESUME if was.state is SubscriptionState.PAUSED:
            return replace(was, state=SubscriptionState.ACTIVE, paused_until=None)
        case Action.END | Action.ERASE:
            return _ended(was, EndedReason.ADMIN)
        case Action.SUPPRESS:
            return _ended(was, EndedReason.SUPPRESSED)
        case _:
            return was


def _ended(was: Standing, reason: EndedReason) -> Standing:
    return replace(was, state=SubscriptionState.ENDED, ended_reason=reason.value, paused_until=None)


def _with(before: Interests, topic: str, today: date) -> Interests:
    known = {follow.topic for follow in before.follows}
    if topic in known:
        return before
    # Who named nothing gets everything, and goes on getting it: following one thing must not take the rest away.
    wants_all = before.wants_all or before.everything
    follows = tuple(sorted((*before.follows, Follow(topic, since=None if before.everything else today))))
    muted = tuple(each for each in before.muted if each != topic)
    return replace(before, follows=follows, muted=muted, wants_all=wants_all)


def _without(before: Interests, topic: str) -> Interests:
    left = replace(before, follows=tuple(each for each in before.follows if each.topic != topic))
    return before if left.everything and not before.everything else left
