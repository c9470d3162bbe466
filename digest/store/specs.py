"""Newsletters, topics and sources as plain JSON values, shaped like their tables in a newsletter file.

The `spec` columns hold them. Keys that a row does not have take the model's defaults, so that a row written
by an earlier release can still be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import time, timedelta
from typing import Any

from digest.model.frequency import Frequency, Quiet
from digest.model.newsletter import (
    CutOff,
    Disclaimers,
    Fallback,
    InDoubt,
    Limits,
    Newsletter,
    NothingNew,
    Overflow,
    Retry,
    Schedule,
    Sender,
    Source,
    SourceKind,
    Unmarked,
    UnresolvedRelated,
)
from digest.model.topic import Topic
from digest.scheduling.cadence import DAY_NAMES, frequency_text, parse_frequency
from digest.store.durations import duration_text, read_duration
from digest.store.stream_specs import stream_as_json, stream_from_json

_PLAIN = ("name", "description", "postal_address", "template", "locale", "list_id", "managed", "urgent", "archive")
_DURATIONS = ("look_back", "expires_after", "freshness_half_life")


def newsletter_as_json(newsletter: Newsletter) -> dict[str, Any]:
    """Return the newsletter, without its slug, as a table of a newsletter file would say it."""
    sender, schedule = newsletter.sender, newsletter.schedule
    return {
        **{key: getattr(newsletter, key) for key in _PLAIN},
        **{key: duration_text(getattr(newsletter, key)) for key in _DURATIONS},
        "max_late": duration_text(newsletter.max_late) if newsletter.max_late else "",
        "topics": list(newsletter.topics),
        "sources": list(newsletter.sources),
        "unresolved_related": newsletter.unresolved_related.value,
        "in_doubt": newsletter.in_doubt.value,
        "fallback": newsletter.fallback.value,
        "nothing_new": newsletter.nothing_new.value,
        "welcome": newsletter.welcome,
        "cut_off": _cut_off_as_json(newsletter.cut_off),
        "sender": {one.name: getattr(sender, one.name) for one in fields(Sender)},
        "schedule": {
            **_how_often(schedule.frequency),
            "at": f"{schedule.at:%H:%M}",
            "zone": schedule.zone or "subscriber",
            "quiet": f"{schedule.quiet.start:%H:%M}-{schedule.quiet.end:%H:%M}" if schedule.quiet else "",
        },
        "limits": {one.name: getattr(newsletter.limits, one.name) for one in fields(Limits)},
        "disclaimers": {
            "unmarked": newsletter.disclaimers.unmarked.value,
            "notices": dict(sorted(newsletter.disclaimers.notices.items())),
        },
        "retry": {
            "delays": [duration_text(delay) for delay in newsletter.retry.delays],
            "expires_after": duration_text(newsletter.retry.expires_after),
        },
        **({"stream": stream_as_json(newsletter.stream)} if newsletter.stream else {}),
    }


def newsletter_from_json(slug: str, spec: Mapping[str, Any]) -> Newsletter:
    """Return the newsletter of `newsletter_as_json`."""
    known: dict[str, Any] = {key: spec[key] for key in _PLAIN if key in spec}
    known |= {key: read_duration(spec[key]) for key in (*_DURATIONS, "max_late") if spec.get(key)}
    known |= {key: tuple(spec[key]) for key in ("topics", "sources") if key in spec}
    known |= {"welcome": spec["welcome"]} if "welcome" in spec else {}
    words = {
        "unresolved_related": UnresolvedRelated,
        "in_doubt": InDoubt,
        "fallback": Fallback,
        "nothing_new": NothingNew,
    }
    known |= {key: kind(spec[key]) for key, kind in words.items() if key in spec}
    return Newsletter(
        slug=slug,
        sender=Sender(**spec["sender"]),
        schedule=_schedule(spec.get("schedule", {})),
        limits=_limits(spec.get("limits", {})),
        cut_off=_cut_off(spec.get("cut_off", {})),
        disclaimers=_disclaimers(spec.get("disclaimers", {})),
        retry=_retry(spec.get("retry", {})),
        stream=stream_from_json(spec["stream"]) if "stream" in spec else None,
        **known,
    )


def topic_as_json(topic: Topic) -> dict[str, Any]:
    """Return the topic, without its slug, as a table of a newsletter file would say it."""
    return {
        "name": topic.name,
        "names": dict(sorted(topic.names.items())),
        "keywords": list(topic.keywords),
        "keywords_in": {tag: list(words) for tag, words in sorted(topic.keywords_in.items())},
        "examples": list(topic.examples),
        "parent": topic.parent,
    }


def topic_from_json(slug: str, spec: Mapping[str, Any]) -> Topic:
    """Return the topic of `topic_as_json`."""
    return Topic(
        slug,
        spec["name"],
        tuple(spec.get("keywords", ())),
        dict(spec.get("names", {})),
        spec.get("parent", ""),
        {tag: tuple(words) for tag, words in spec.get("keywords_in", {}).items()},
        tuple(spec.get("examples", ())),
    )


def source_as_json(source: Source) -> dict[str, Any]:
    """Return the source, without its slug, as a table of a newsletter file would say it."""
    return {
        "kind": source.kind.value,
        "location": source.location,
        "every": duration_text(source.every),
        "language": source.language,
        "ai_generated": source.ai_generated,
    }


def source_from_json(slug: str, spec: Mapping[str, Any]) -> Source:
    """Return the source of `source_as_json`."""
    every = read_duration(spec["every"]) if "every" in spec else timedelta(minutes=15)
    return Source(
        slug,
        SourceKind(spec["kind"]),
        spec["location"],
        every,
        spec.get("language", ""),
        spec.get("ai_generated"),
    )


def _how_often(frequency: Frequency) -> dict[str, Any]:
    if frequency.days:
        return {"days": [DAY_NAMES[day] for day in frequency.days]}
    return {"frequency": frequency_text(frequency)}


def _schedule(spec: Mapping[str, Any]) -> Schedule:
    standard = Schedule()
    frequency = parse_frequency(spec["frequency"]) if "frequency" in spec else standard.frequency
    if "days" in spec:
        frequency = Frequency(tuple(DAY_NAMES.index(day) for day in spec["days"]))
    start, _, end = spec.get("quiet", "").partition("-")
    return Schedule(
        days=frequency.days or standard.days,
        at=time.fromisoformat(spec["at"]) if "at" in spec else standard.at,
        zone="" if spec.get("zone", "subscriber") == "subscriber" else spec["zone"],
        month_day=frequency.month_day,
        hours=frequency.hours,
        quiet=Quiet(time.fromisoformat(start), time.fromisoformat(end)) if start else None,
    )


def _limits(spec: Mapping[str, Any]) -> Limits:
    return Limits(**{**spec, "overflow": Overflow(spec.get("overflow", Overflow.ROLLOVER))})


def _cut_off_as_json(cut_off: CutOff) -> dict[str, Any]:
    if cut_off.at is None:
        return {"before": duration_text(cut_off.before)}
    return {"at": f"{cut_off.at:%H:%M}", "zone": cut_off.zone, "days_before": cut_off.days_before}


def _cut_off(spec: Mapping[str, Any]) -> CutOff:
    if "at" in spec:
        return CutOff(at=time.fromisoformat(spec["at"]), zone=spec["zone"], days_before=spec["days_before"])
    return CutOff(read_duration(spec["before"])) if "before" in spec else CutOff()


def _disclaimers(spec: Mapping[str, Any]) -> Disclaimers:
    return Disclaimers(Unmarked(spec.get("unmarked", Unmarked.LEAVE)), dict(spec.get("notices", {})))


def _retry(spec: Mapping[str, Any]) -> Retry:
    standard = Retry()
    return Retry(
        delays=tuple(map(read_duration, spec["delays"])) if "delays" in spec else standard.delays,
        expires_after=read_duration(spec["expires_after"]) if "expires_after" in spec else standard.expires_after,
    )
