"""What the preferences page shows and takes about streams of events."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import FormData

from digest.model.stream import Way
from digest.pipeline.installation import Installation
from digest.pipeline.reading import notifying
from digest.pipeline.reading.subscribe import Choices
from digest.scheduling.cadence import DAY_NAMES
from digest.scheduling.reader_rules import ReaderRules
from digest.web.forms import text_of, texts_of
from digest.web.showing import days_shown

_WORDS = {
    Way.STREAM: "As it comes",
    Way.INSTANT: "Each at once",
    Way.GATHERED: "Gathered",
    Way.DAILY: "Once a day",
    Way.WEEKLY: "Once a week, on Monday",
    Way.NEWSLETTER: "Once a day, with my newsletter",
}


def ways_shown(choices: Choices) -> list[Mapping[str, object]]:
    """Return the ways in which a stream may come, and which is chosen; none for a newsletter."""
    if choices.newsletter.stream is None:
        return []
    return [{"value": way.value, "name": name, "chosen": way == choices.agreement.way} for way, name in _WORDS.items()]


def rules_shown(rules: ReaderRules, form: FormData | None, locale: str) -> Mapping[str, object]:
    """Return what holds for all events; of a *form* that could not be used what was typed."""
    quiet = rules.quiet
    days = [DAY_NAMES[day] for day in rules.quiet_days] if form is None else texts_of(form, "days")
    return {
        "start": (f"{quiet.start:%H:%M}" if quiet else "") if form is None else text_of(form, "start"),
        "end": (f"{quiet.end:%H:%M}" if quiet else "") if form is None else text_of(form, "end"),
        "days": days_shown(days, locale),
        "cap": (rules.daily_cap or "") if form is None else text_of(form, "cap"),
    }


def take_rules(house: Installation, reader: int, form: FormData) -> None:
    """Set what the form says of all events; raises BadInput."""
    notifying.choose_rules(
        house,
        reader,
        start=text_of(form, "start"),
        end=text_of(form, "end"),
        days=texts_of(form, "days"),
        cap=text_of(form, "cap"),
    )
