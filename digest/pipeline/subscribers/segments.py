"""Reading what staff say of readers: claims of a fixed list, and values that are checked before anything is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from digest.errors import BadInput
from digest.model.feedback import ReportClass
from digest.model.segment import KINDS, SINGLE, Claim, Condition, Kind
from digest.model.subscriber import EndedReason, SubscriptionState
from digest.model.topic import Topic
from digest.model.words import fold
from digest.pipeline.addresses import read_address
from digest.pipeline.newsletters.checked_table import suggestion
from digest.pipeline.newsletters.places import read_locale, read_zone
from digest.store.newsletters import load_topics, newsletter_ids

MOST = 8  #: conditions in one filter
_VALUES = 20  # of one condition
_LONGEST = 254
_FIRST_YEAR, _LAST_YEAR = 1971, 2199
_LISTED: Mapping[Kind, tuple[str, ...]] = {
    Kind.STATE: tuple(SubscriptionState),
    Kind.REASON: tuple(EndedReason),
    Kind.REPORT: (ReportClass.HARD, ReportClass.SOFT, ReportClass.BLOCK, ReportClass.COMPLAINT),
}


@dataclass(frozen=True, slots=True)
class Known:
    """The names that a condition may use."""

    newsletters: Collection[str]
    topics: Mapping[str, Topic]

    def values_of(self, kind: Kind) -> tuple[str, ...]:
        """Return what a value of *kind* can be, () where that is no short list."""
        match kind:
            case Kind.NEWSLETTER:
                return tuple(self.newsletters)
            case Kind.TOPIC:
                return tuple(self.topics)
            case _:
                return _LISTED.get(kind, ())


def what_is_known(connection: Connection) -> Known:
    """Return the names of this installation."""
    return Known(tuple(newsletter_ids(connection)), load_topics(connection))


def read_conditions(said: Iterable[tuple[str, str]], known: Known) -> tuple[Condition, ...]:
    """Return the conditions of (claim, values with commas between them); raises BadInput.

    A pair without a value says nothing. Of one claim there is one condition.
    """
    found: dict[Claim, Condition] = {}
    for claim, text in said:
        if not text.strip():
            continue
        condition = _read(claim, text.strip(), known)
        if condition.claim in found and KINDS[condition.claim] in SINGLE:
            raise BadInput(f"{claim} can be said once")
        before = found.get(condition.claim)
        values = (*before.values, *condition.values) if before else condition.values
        found[condition.claim] = Condition(condition.claim, tuple(dict.fromkeys(values)))
    if len(found) > MOST:
        raise BadInput(f"a filter has at most {MOST} conditions")
    return tuple(found.values())


def as_pairs(conditions: Iterable[Condition]) -> list[list[str]]:
    """Return *conditions* as they are kept."""
    return [[each.claim.value, each.text] for each in conditions]


def read_day(text: str) -> date:
    """Return the day that *text* names (ISO 8601); raises BadInput."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadInput(f"{text[:40]!r} is no day; write it like 2026-11-23") from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise BadInput(f"name a day from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _read(claim: str, text: str, known: Known) -> Condition:
    if claim not in Claim.__members__.values():
        raise BadInput(f"{claim[:40]!r} cannot be said of a reader")
    named = Claim(claim)
    kind = KINDS[named]
    pieces = [text] if kind in SINGLE else [each.strip() for each in text.split(",") if each.strip()]
    if len(pieces) > _VALUES:
        raise BadInput(f"a condition has at most {_VALUES} values")
    return Condition(named, tuple(dict.fromkeys(_value(kind, each, known) for each in pieces)))


def _value(kind: Kind, text: str, known: Known) -> str:
    if len(text) > _LONGEST or "\0" in text:
        raise BadInput(f"a value has at most {_LONGEST} characters")
    match kind:
        case Kind.TEXT:
            return text
        case Kind.BEGINNING:
            return text.casefold()
        case Kind.ADDRESS:
            return read_address(text).key
        case Kind.DOMAIN:
            return read_address(f"a@{text.removeprefix('@')}").key.rpartition("@")[2]
        case Kind.ZONE:
            return read_zone(text)
        case Kind.LANGUAGE:
            return read_locale(text)
        case Kind.DAY:
            return read_day(text).isoformat()
        case Kind.TOPIC:
            return _topic(text, known.topics)
        case _:
            return _one_of(text, known.values_of(kind))


def _topic(text: str, topics: Mapping[str, Topic]) -> str:
    if text in topics:
        return text
    wanted = fold(text)
    for slug, topic in topics.items():
        if wanted in {fold(name) for name in (topic.name, *topic.names.values())}:
            return slug
    raise BadInput(f"there is no topic {text[:60]!r}{suggestion(text[:60], topics)}")


def _one_of(text: str, values: tuple[str, ...]) -> str:
    if text not in values:
        raise BadInput(f"{text[:60]!r} is not one of {', '.join(values) or 'these'}{suggestion(text[:60], values)}")
    return text
