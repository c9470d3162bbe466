"""What several pages show alike: topics to choose from, languages, samples of a digest."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

from babel.core import Locale, UnknownLocaleError
from babel.dates import format_datetime, get_day_names, get_timezone_location
from babel.units import format_unit

from digest.model.frequency import Frequency
from digest.model.newsletter import Newsletter
from digest.model.topic import Topic
from digest.model.words import fold
from digest.pipeline.previewing.sample import Sample
from digest.scheduling.cadence import DAY_NAMES, frequency_text, parse_frequency

_HOURS = (2, 3, 4, 6, 8, 12)  # that are offered; other numbers come in by a file


def in_order(newsletter: Newsletter, topics: Sequence[Topic], locale: str) -> Sequence[Topic]:
    """Return the topics on offer as the newsletter lists them; the whole vocabulary by name."""
    if newsletter.topics:
        return topics
    return sorted(topics, key=lambda topic: fold(topic.name_in(locale)))


def topics_shown(
    newsletter: Newsletter, topics: Sequence[Topic], locale: str, followed: Collection[str], muted: Collection[str] = ()
) -> list[Mapping[str, object]]:
    """Return *topics* with their names in *locale*, and which of them are chosen."""
    return [
        {
            "slug": topic.slug,
            "name": topic.name_in(locale),
            "followed": topic.slug in followed,
            "muted": topic.slug in muted,
        }
        for topic in in_order(newsletter, topics, locale)
    ]


def days_shown(chosen: Collection[str], locale: str) -> list[Mapping[str, object]]:
    """Return the days of the week with their names, and which of them are chosen."""
    names = get_day_names("abbreviated", "stand-alone", _known(locale))
    return [{"slug": day, "name": names[at], "chosen": day in chosen} for at, day in enumerate(DAY_NAMES)]


def days_of(frequency: str, newsletter: Newsletter) -> list[str]:
    """Return the days of an own *frequency*, or of the newsletter's ("" for it); none for one that names no days."""
    own = parse_frequency(frequency) if frequency else newsletter.schedule.frequency
    return [DAY_NAMES[day] for day in own.days]


def often_shown(chosen: str, frequency: str, newsletter: Newsletter, locale: str) -> list[Mapping[str, object]]:
    """Return how often a newsletter can come, as `read_frequency` reads it; "days" is on the days chosen beside it.

    A reader's own *frequency*, or the newsletter's, is among them; *chosen* is selected, "" for that one.
    """
    own = parse_frequency(frequency) if frequency else newsletter.schedule.frequency
    often = {Frequency(month_day=1), Frequency(month_day=31), *(Frequency(hours=each) for each in _HOURS)}
    often.update({own} if not own.days else ())
    ordered = sorted(often, key=lambda each: (each.hours, each.month_day))
    chosen = chosen or ("days" if own.days else frequency_text(own))
    shown: list[Mapping[str, object]] = [{"value": "days", "month_day": 0, "time": "", "chosen": chosen == "days"}]
    return shown + [
        {
            "value": frequency_text(each),
            "month_day": each.month_day,
            "time": format_unit(each.hours, "hour", locale=_known(locale)) if each.hours else "",
            "chosen": chosen == frequency_text(each),
        }
        for each in ordered
    ]


def _known(locale: str) -> Locale:
    try:
        return Locale.parse(locale, sep="-")
    except (ValueError, UnknownLocaleError):
        return Locale("en")


def language_shown(tag: str, chosen: str) -> Mapping[str, object]:
    """Return *tag* with its name in that language itself, which who speaks it can read."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name() or tag
    except (ValueError, UnknownLocaleError):
        name = tag
    return {"tag": tag, "name": name, "chosen": tag == chosen}


def place_of(zone: str, locale: str) -> str:
    """Return the city whose clock *zone* is, in the language of *locale*."""
    try:
        return str(get_timezone_location(zone, locale=Locale.parse(locale, sep="-"), return_city=True))
    except (LookupError, ValueError, UnknownLocaleError):
        return zone.replace("_", " ")


def sample_shown(found: Sample, zone: str, locale: str) -> Mapping[str, object]:
    """Return *found* with its hour as the reader's clock will show it, and whose clock that is."""
    try:
        tongue, local = Locale.parse(locale, sep="-"), found.slot_at.astimezone(ZoneInfo(zone))
    except (LookupError, ValueError, UnknownLocaleError, OSError):
        tongue, local = Locale("en"), found.slot_at
    when = format_datetime(local, "EEEE, HH:mm", locale=tongue)
    return {"when": f"{when} ({place_of(zone, locale)})", "articles": found.articles}
