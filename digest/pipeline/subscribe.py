"""What a reader changes through the links in a mail: leave, pause, resume, topics and hour.

A token says who and what for; nothing else is asked. Asking twice is the same as once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from digest.errors import BadInput
from digest.model.newsletter import Newsletter
from digest.model.subscriber import EndedReason, Follow, Interests, SubscriptionState
from digest.model.topic import Topic
from digest.pipeline.installation import Installation
from digest.store import subscriptions
from digest.store.cadences import cadence_for, cadence_ids
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters, load_topics
from digest.store.profiles import profile_of
from digest.store.subscriptions import Agreement
from digest.tokens import Purpose


@dataclass(frozen=True, slots=True)
class Choices:
    """One subscription with what the reader may choose from."""

    agreement: Agreement
    newsletter: Newsletter
    topics: tuple[Topic, ...]


def agreement_for(house: Installation, token: str) -> Choices | None:
    """Return the subscription that a leave token stands for, or None; changes nothing."""
    number = house.tokens.read(Purpose.LEAVE, token)
    if number is None:
        return None
    with reading(house.engine) as connection:
        agreement = subscriptions.find_agreement(connection, number)
        if agreement is None:
            return None
        return _choices(agreement, load_newsletters(connection), load_topics(connection))


def leave(house: Installation, token: str, reason: EndedReason, *, source: str) -> bool:
    """End the subscription of *token*; False when the token is not ours. Twice is fine."""
    number = house.tokens.read(Purpose.LEAVE, token)
    if number is None:
        return False
    with house.engine.begin() as connection:
        agreement = subscriptions.find_agreement(connection, number)
        if agreement is None:
            return False
        subscriptions.end(connection, agreement, reason, source, house.clock.now())
    return True


def preferences_for(house: Installation, token: str) -> tuple[int, list[Choices]] | None:
    """Return the reader of a preferences token and all their subscriptions, or None."""
    reader = house.tokens.read(Purpose.PREFERENCES, token)
    if reader is None:
        return None
    with reading(house.engine) as connection:
        newsletters, topics = load_newsletters(connection), load_topics(connection)
        found = [_choices(each, newsletters, topics) for each in subscriptions.agreements_of(connection, reader)]
    return (reader, found) if found else None


def leave_all(house: Installation, reader: int, *, source: str) -> None:
    """End every subscription of *reader*."""
    with house.engine.begin() as connection:
        for agreement in subscriptions.agreements_of(connection, reader):
            subscriptions.end(connection, agreement, EndedReason.PAGE, source, house.clock.now())


def leave_one(house: Installation, choices: Choices, *, source: str) -> None:
    """End one subscription from the page."""
    with house.engine.begin() as connection:
        subscriptions.end(connection, choices.agreement, EndedReason.PAGE, source, house.clock.now())


def pause(house: Installation, choices: Choices, until: datetime, *, source: str) -> None:
    """Send nothing of this newsletter before *until*; raises BadInput when that is past."""
    if until <= house.clock.now():
        raise BadInput("a pause must end on a day that is still to come")
    with house.engine.begin() as connection:
        subscriptions.pause(connection, choices.agreement, until, source, house.clock.now())


def resume(house: Installation, choices: Choices, *, source: str) -> None:
    """Begin again after a pause or after leaving; the reader's own act, so it counts as consent.

    Raises BadInput when it was a bounce, a complaint or an admin that ended it: that takes a confirmation.
    """
    if choices.agreement.state is SubscriptionState.ACTIVE:
        return
    if choices.agreement.ended_reason not in ("", EndedReason.ONE_CLICK, EndedReason.PAGE):
        raise BadInput("this subscription was not ended by you; please sign up again")
    with house.engine.begin() as connection:
        subscriptions.restart(connection, choices.agreement, source, house.clock.now())


def choose(house: Installation, choices: Choices, *, topics: Collection[str], send_at: str) -> None:
    """Set the topics followed (none: everything) and the hour ("HH:MM", "" for the newsletter's own).

    A newly followed topic looks back a few days, not into the whole archive. Raises BadInput.
    """
    offered = {topic.slug for topic in choices.topics}
    if unknown := set(topics) - offered:
        raise BadInput(f"not on offer: {', '.join(sorted(unknown))}")
    try:
        own = time.fromisoformat(send_at) if send_at else None
    except ValueError:
        raise BadInput("the hour must look like 07:30") from None
    now = house.clock.now()
    interests = follow_only(choices.agreement.interests, sorted(topics), now.date())
    hour = f"{own:%H:%M}" if own else ""
    cadence = cadence_for(choices.newsletter, choices.agreement.zone, hour)
    newsletter_id = choices.agreement.newsletter_id
    with house.engine.begin() as connection:
        subscriptions.change(
            connection,
            choices.agreement,
            profile_id=profile_of(connection, interests),
            cadence_id=cadence_ids(connection, newsletter_id, [cadence], now)[cadence],
            send_at=hour,
        )


def follow_only(before: Interests, topics: Sequence[str], today: date) -> Interests:
    """Return *before* with exactly *topics* followed: weights stay, new ones count from *today*.

    A reader who followed everything until now has nothing to look back to: no topic is new to them.
    """
    known = {follow.topic: follow for follow in before.follows}
    since = None if before.everything else today
    follows = tuple(sorted(known.get(topic) or Follow(topic, since=since) for topic in topics))
    return Interests(follows, before.muted, before.keywords, before.languages)


def _choices(agreement: Agreement, newsletters: dict[str, Newsletter], topics: dict[str, Topic]) -> Choices:
    newsletter = newsletters[agreement.newsletter]
    offered = newsletter.topics or tuple(topics)
    return Choices(agreement, newsletter, tuple(topics[slug] for slug in offered if slug in topics))
