"""What a page asks to preview, as its address says it: a reader, or a profile made up on the spot."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from digest.errors import BadInput
from digest.model.subscriber import Follow, Interests
from digest.pipeline.installation import Installation
from digest.pipeline.newsletters.places import read_locale, read_zone
from digest.pipeline.previewing.ask_preview import Asked
from digest.pipeline.subscribers.show_subscriber import subscriber_as_json
from digest.scheduling.zones import zone_of
from digest.store.engine import reading
from digest.store.newsletters import load_topics

FIELDS = ("newsletter", "reader", "at", "zone", "topics", "keywords", "locale")  #: of the form, and of the address
_FIRST_YEAR, _LAST_YEAR = 1971, 2199


def asked_of(house: Installation, said: Mapping[str, str]) -> Asked:
    """Return what *said* (the FIELDS, "" or missing for none) asks for.

    Raises BadInput for a time, a zone, a topic or a language that is none, NotFound for no such reader.
    """
    text = {name: said.get(name, "").strip() for name in FIELDS}
    zone = read_zone(text["zone"]) if text["zone"] else _zone_of(house, text["reader"])
    interests = _interests(house, text["topics"], text["keywords"])
    locale = _locale(text["locale"])
    at = moment_of(text["at"], zone) if text["at"] else house.clock.now()
    return Asked(text["newsletter"], text["reader"], at, zone, interests, locale)


def words_for(interests: Interests) -> dict[str, str]:
    """Return the fields `topics` and `keywords` that ask for *interests*."""
    topics = [each.topic for each in interests.follows] + [f"-{slug}" for slug in interests.muted]
    return {"topics": ", ".join(topics), "keywords": ", ".join(interests.keywords)}


def moment_of(written: str, zone: str) -> datetime:
    """Return the instant of a local time as a form has it, in a zone that there is; raises BadInput."""
    try:
        local = datetime.fromisoformat(written)
    except ValueError:
        raise BadInput(f"{written[:40]!r} is not a time; write it like 2026-11-24T07:00") from None
    if not _FIRST_YEAR <= local.year <= _LAST_YEAR:
        raise BadInput(f"name a time from {_FIRST_YEAR} to {_LAST_YEAR}")
    return (local if local.tzinfo else local.replace(tzinfo=zone_of(zone))).astimezone(UTC)


def _interests(house: Installation, topics: str, keywords: str) -> Interests:
    """Return the interests of "trade, -sport" and "rope, sail": a minus mutes."""
    if not topics and not keywords:
        return Interests()
    with reading(house.engine) as connection:
        known = {
            name.casefold(): slug for slug, topic in load_topics(connection).items() for name in (slug, topic.name)
        }
    named = _parts(topics)
    follows = {_known(each, known) for each in named if not each.startswith("-")}
    muted = {_known(each[1:].strip(), known) for each in named if each.startswith("-")}
    return Interests(
        tuple(Follow(slug) for slug in sorted(follows)), tuple(sorted(muted)), tuple(sorted(_parts(keywords)))
    )


def _known(name: str, known: Mapping[str, str]) -> str:
    found = known.get(name.casefold())
    if found is None:
        raise BadInput(f"there is no topic {name[:40]!r} (known: {', '.join(sorted(set(known.values())))})")
    return found


def _parts(text: str) -> Collection[str]:
    return dict.fromkeys(part.strip() for part in text.split(",") if part.strip())


def _locale(text: str) -> str:
    try:
        return read_locale(text) if text else ""
    except ValueError as error:
        raise BadInput(f"the language {text[:40]!r} cannot be used: {error}") from None


def _zone_of(house: Installation, reader: str) -> str:
    return str(subscriber_as_json(house.engine, reader)["timezone"]) if reader else "UTC"
