"""What a reader changes through the links in a mail: pause, resume, interests and hour, zone and language.

A token says who and what for; nothing else is asked. Asking twice is the same as once. The BadInput sentences
are for readers: each stands in the catalogues of the pages.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.frequency import Frequency
from digest.model.newsletter import Newsletter
from digest.model.subscriber import EndedReason, Follow, Interests, SubscriptionState
from digest.model.topic import Topic
from digest.pipeline.addresses import read_address
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.frequencies import read_frequency
from digest.pipeline.newsletters.places import read_zone
from digest.pipeline.reading.leave import BY_THE_READER
from digest.pipeline.subscribers.subscriber_rows import Problems, read_keywords
from digest.pipeline.subscribers.suppression import suppressed_keys
from digest.rendering.i18n import CATALOGUES
from digest.scheduling.cadence import DAY_NAMES, frequency_text
from digest.store import subscriptions
from digest.store.cadences import align_cadences, cadence_for, cadence_ids
from digest.store.engine import reading
from digest.store.newsletters import load_newsletters, load_topics
from digest.store.profiles import profile_of
from digest.store.subscriptions import Agreement
from digest.tokens import Purpose

_HOUR = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_COMMAS = re.compile("[\u060c\u061b\u3001\uff0c\uff1b]")  # Arabic, ideographic and fullwidth commas and semicolons


@dataclass(frozen=True, slots=True)
class Choices:
    """One subscription with what the reader may choose from."""

    agreement: Agreement
    newsletter: Newsletter
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class LeaveLink:
    """What a leave token stands for.

    `opens_preferences` tells whether a page reached by it may lead on to the preferences: one signed with a key
    that was rotated away still leaves, and nothing more, because that key may be in other hands.
    """

    choices: Choices
    opens_preferences: bool


def leave_link(house: Installation, token: str) -> LeaveLink | None:
    """Return what the leave link with *token* stands for, or None; changes nothing."""
    number = house.tokens.read(Purpose.LEAVE, token)
    if number is None:
        return None
    with reading(house.engine) as connection:
        agreement = subscriptions.find_agreement(connection, number)
        if agreement is None:
            return None
        choices = _choices(agreement, load_newsletters(connection), load_topics(connection))
    current = hmac.compare_digest(house.tokens.make(Purpose.LEAVE, number), token)
    return LeaveLink(choices, current and not _is_erased(agreement))


def tell_why(house: Installation, token: str, why: str) -> None:
    """Note why the reader of *token* has left; nothing when they have not, or have told it."""
    number = house.tokens.read(Purpose.LEAVE, token)
    with house.engine.begin() as connection:
        agreement = subscriptions.find_agreement(connection, number) if number is not None else None
        if agreement is None or agreement.state is not SubscriptionState.ENDED or _is_erased(agreement):
            return
        if not subscriptions.has_told_why(connection, agreement):
            subscriptions.log(connection, agreement, "told_why", why, house.clock.now())


def preferences_for(house: Installation, token: str) -> tuple[int, list[Choices]] | None:
    """Return the reader of a preferences token and all their subscriptions; None for nobody, or an erased one."""
    reader = house.tokens.read(Purpose.PREFERENCES, token)
    if reader is None:
        return None
    with reading(house.engine) as connection:
        newsletters, topics = load_newsletters(connection), load_topics(connection)
        own = [each for each in subscriptions.agreements_of(connection, reader) if not _is_erased(each)]
        # What is not confirmed is not theirs yet; who has nothing else may still see that.
        agreed = [each for each in own if each.state is not SubscriptionState.PENDING] or own
        found = [_choices(each, newsletters, topics) for each in agreed]
    return (reader, found) if found else None


def pause(house: Installation, choices: Choices, until: datetime, *, source: str) -> None:
    """Send nothing of this newsletter before *until*; raises BadInput when that is past, or nothing is sent now."""
    if until <= house.clock.now():
        raise BadInput("A pause must end on a day that is still to come.")
    with house.engine.begin() as connection:
        agreement = _as_it_is(connection, choices)
        # Only what runs can pause: a pause that ends makes a subscription active.
        if agreement.state not in (SubscriptionState.ACTIVE, SubscriptionState.PAUSED):
            raise BadInput("You do not receive this newsletter at present.")
        subscriptions.pause(connection, agreement, until, source, house.clock.now())


def may_resume(agreement: Agreement) -> bool:
    """Whether the reader can begin again by a click: after a pause, or after leaving by their own hand."""
    match agreement.state:
        case SubscriptionState.PAUSED:
            return True
        case SubscriptionState.ENDED:
            return agreement.ended_reason in BY_THE_READER
        case _:
            return False


def resume(house: Installation, choices: Choices, *, source: str) -> None:
    """Begin again after a pause or after leaving; the reader's own act, so it counts as consent.

    Raises BadInput when a bounce, a complaint or an admin ended it, or the address is suppressed: that takes a
    confirmation.
    """
    with house.engine.begin() as connection:
        agreement = _as_it_is(connection, choices)
        if agreement.state is SubscriptionState.ACTIVE:
            return
        keys = [read_address(agreement.address).key] if agreement.address else []
        if not may_resume(agreement) or suppressed_keys(connection, keys, house.secrets):
            raise BadInput("This subscription was not ended by you. Please sign up again.")
        subscriptions.restart(connection, agreement, source, house.clock.now())


def hour_of(choices: Choices) -> str:
    """Return the local hour ("HH:MM") at which this reader gets the newsletter."""
    return choices.agreement.send_at or f"{choices.newsletter.schedule.at:%H:%M}"


def choose(
    house: Installation,
    choices: Choices,
    *,
    topics: Collection[str],
    send_at: str,
    muted: Collection[str] | None = None,
    keywords: str | None = None,
    wants_all: bool | None = None,
    surprise: bool | None = None,
    days: Collection[str] | None = None,
    often: str = "",
) -> None:
    """Set interests and the hour ("HH:MM", "" for the newsletter's own), and note that the reader chose them.

    *topics* are followed (none: everything, unless there are keywords); *muted* topics, *keywords*, with commas
    between them, and *days* ("mon") stay as they are when None, as do the choices *wants_all* and *surprise*. *often*
    ("monthly 31", "every 6h") counts before *days*, unless it is "days" or "". The
    hour that `hour_of` gave is no choice: who never named one goes on with the newsletter's own. A newly followed
    topic looks back a few days, not into the whole archive. Raises BadInput.
    """
    if {*topics, *(muted or ())} - {topic.slug for topic in choices.topics}:
        raise BadInput("A topic that you chose is no longer on offer. Please look again.")
    require_hour(send_at)
    now = house.clock.now()
    # Who followed everything until now has nothing to look back to: no topic is new to them.
    since = None if choices.agreement.interests.everything else now.date()
    before = choices.agreement.interests
    if keywords is not None:
        before = replace(before, keywords=keywords_in(keywords))
    if wants_all is not None:
        before = replace(before, wants_all=wants_all)
    if surprise is not None:
        before = replace(before, surprise=surprise)
    interests = follow_only(before, topics, before.muted if muted is None else muted, since)
    kept = choices.agreement.frequency
    if often not in ("", "days"):
        kept = often_in(often, choices.newsletter)
    elif days is not None:
        kept = days_in(days, choices.newsletter)
    hour = choices.agreement.send_at if send_at == hour_of(choices) else send_at
    cadence = cadence_for(choices.newsletter, choices.agreement.zone, hour, kept)
    newsletter_id = choices.agreement.newsletter_id
    with house.engine.begin() as connection:
        subscriptions.change(
            connection,
            choices.agreement,
            profile_id=profile_of(connection, interests),
            cadence_id=cadence_ids(connection, newsletter_id, [cadence], now)[cadence],
            send_at=hour,
            frequency=kept,
            now=now,
        )


def follow_only(before: Interests, topics: Collection[str], muted: Collection[str], since: date | None) -> Interests:
    """Return *before* with exactly *topics* followed and *muted* muted; weights stay, new topics count from *since*.

    A topic in both is what it was not before; one that is new in both is followed.
    """
    known = {follow.topic: follow for follow in before.follows}
    followed = set(topics) - ((set(muted) - set(before.muted)) & known.keys())
    follows = tuple(sorted(known.get(topic) or Follow(topic, since=since) for topic in followed))
    return replace(before, follows=follows, muted=tuple(sorted(set(muted) - followed)))


def languages_on_offer(locale: str) -> tuple[str, ...]:
    """Return the language tags that mails can be had in, and *locale*, which may be a finer one."""
    return tuple(sorted({folder.name for folder in CATALOGUES.iterdir() if folder.is_dir()} | {locale}))


def settle(house: Installation, reader: int, *, zone: str, locale: str) -> None:
    """Set the zone and the language of the mails of *reader*, and note that the reader chose them.

    Newsletters that follow the reader's own clock follow it into the new zone. Raises BadInput.
    """
    zone = zone_in(zone)
    now = house.clock.now()
    with house.engine.begin() as connection:
        agreements = subscriptions.agreements_of(connection, reader)
        if locale not in languages_on_offer(agreements[0].locale):
            raise BadInput("Choose one of the languages on offer.")
        subscriptions.settle(connection, reader, zone=zone, locale=locale, now=now)
        follow_the_clock(connection, reader, now)


def follow_the_clock(connection: Connection, reader: int, now: datetime) -> None:
    """Put every subscription of *reader* under the cadence of the zone they are in now."""
    newsletters = load_newsletters(connection)
    for each in subscriptions.agreements_of(connection, reader):
        align_cadences(connection, each.newsletter_id, newsletters[each.newsletter], now, [reader])


def refuse_suppressed(connection: Connection, house: Installation, agreement: Agreement) -> None:
    """Raise BadInput when the address of *agreement* is suppressed: that takes a confirmation."""
    if suppressed_keys(connection, [read_address(agreement.address).key], house.secrets):
        raise BadInput("This subscription was not ended by you. Please sign up again.")


def require_hour(send_at: str) -> None:
    """Raise BadInput unless *send_at* is a local time ("HH:MM"), or "" for the newsletter's own."""
    if send_at and not _HOUR.fullmatch(send_at):
        raise BadInput("The hour must look like 07:30.")


def days_in(days: Collection[str], newsletter: Newsletter) -> str:
    """Return the frequency that *days* ("mon") make, "" for the newsletter's own; raises BadInput."""
    if set(days) - {*DAY_NAMES}:
        raise BadInput("Choose days of the week.")
    if not days:
        return ""
    own = Frequency(tuple(sorted(DAY_NAMES.index(day) for day in set(days))))
    return frequency_text(own) if own != newsletter.schedule.frequency else ""


def often_in(text: str, newsletter: Newsletter) -> str:
    """Return the frequency that *text* ("monthly 31") says, "" for the newsletter's own; raises BadInput."""
    try:
        own = read_frequency(text)
    except BadInput:
        raise BadInput("Choose how often.") from None
    return frequency_text(own) if own != newsletter.schedule.frequency else ""


def zone_in(text: str) -> str:
    """Return the IANA name of a time zone as a reader writes it; raises BadInput."""
    try:
        return read_zone(text)
    except BadInput:
        raise BadInput("That time zone is not known. Write it like Europe/Berlin.") from None


def keywords_in(text: str) -> tuple[str, ...]:
    """Return the keywords of a list with commas between them; raises BadInput."""
    problems: Problems = []
    keywords = read_keywords(_COMMAS.sub(",", text), problems)
    if problems:
        raise BadInput("Please give at most 100 keywords, each with at most 80 characters.")
    return keywords


def _is_erased(agreement: Agreement) -> bool:
    return agreement.ended_reason == EndedReason.ERASED


def _as_it_is(connection: Connection, choices: Choices) -> Agreement:
    """Return the agreement as it is inside this transaction; it may have changed since the page was drawn."""
    agreement = subscriptions.find_agreement(connection, choices.agreement.subscription_id)
    return agreement or choices.agreement


def _choices(agreement: Agreement, newsletters: dict[str, Newsletter], topics: dict[str, Topic]) -> Choices:
    newsletter = newsletters[agreement.newsletter]
    offered = newsletter.topics or tuple(topics)
    return Choices(agreement, newsletter, tuple(topics[slug] for slug in offered if slug in topics))
