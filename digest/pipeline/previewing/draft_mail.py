"""Draft mails: what a template that is being written makes of a newsletter's articles, by the code that sends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from digest.model.article import Article, Image, RelatedLink, Section, StoredArticle
from digest.model.digest import Selection
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests
from digest.pipeline.composing.compose import open_workshop
from digest.pipeline.composing.edition_cut import cut_for
from digest.pipeline.composing.links import LETTER
from digest.pipeline.composing.made import Made
from digest.pipeline.installation import Installation
from digest.pipeline.planning.letters import compose_letter
from digest.pipeline.previewing.preview import Opened, preview_in
from digest.pipeline.previewing.preview_events import preview_sample_events
from digest.pipeline.previewing.previewed import SAMPLE, Preview, with_message
from digest.rendering.i18n import resolve_locale
from digest.scheduling.cadence import Rule, latest_slot, period_of

_WORDS = {
    "en": "The harbour opens at dawn",
    "de": "Der Hafen öffnet in der Früh",
    "ko": "항구가 새벽에 열린다",
    "ar": "يفتح الميناء عند الفجر",
}


def draft_mail(
    house: Installation,
    newsletter: Newsletter,
    mail: str,
    files: Mapping[str, str],
    *,
    locale: str = "",
    made_up: bool = False,
) -> Preview:
    """Return the mail that *files*, as the template *mail*, make for a reader of everything in *newsletter* now.

    With *made_up* articles, or where there are none, it is of some that have everything. Raises BadTemplate.
    """
    house = replace(house, drafts={mail: files})
    newsletter, now = replace(newsletter, template=mail), house.clock.now()
    if mail.startswith(LETTER):
        return _letter(house, newsletter, mail, locale, now)
    if newsletter.stream is not None:
        return preview_sample_events(house, newsletter, SAMPLE, at=now, locale=locale)
    if not made_up:
        found = _digest(house, newsletter, locale, now)
        if found.made.selection.chosen:
            return found
    limits = replace(newsletter.limits, min_items=1, max_items=10)
    return _digest(house, replace(newsletter, limits=limits), locale, now, made_up=True)


def _digest(
    house: Installation, newsletter: Newsletter, locale: str, now: datetime, *, made_up: bool = False
) -> Preview:
    schedule = newsletter.schedule
    rule = Rule(schedule.frequency, schedule.at, schedule.quiet)
    due = latest_slot(rule, schedule.zone or "UTC", now)
    period = period_of(rule.frequency, due)
    cut = cut_for(newsletter, period, due.slot_at, day=due.local_date, asked_at=now)
    articles = made_up_articles(cut.off) if made_up else None
    workshop = open_workshop(house, newsletter, cut, period, articles=articles, day=due.local_date)
    return preview_in(house, Opened(newsletter, period, due.slot_at, workshop), Interests(), locale, at=now)


def _letter(house: Installation, newsletter: Newsletter, mail: str, locale: str, now: datetime) -> Preview:
    period = f"{now.date()}+{mail}"
    tongue = resolve_locale(locale, newsletter.locale)
    subject, layout, pieces = compose_letter(house, newsletter, mail, period, tongue)
    none = Selection(())
    found = Preview(newsletter.slug, period, now, SAMPLE.address, none, Made(none, subject, layout))
    return with_message(house, newsletter, found, pieces, SAMPLE, now)


def made_up_articles(cut_off: datetime) -> list[StoredArticle]:
    """Return articles in several languages that nobody wrote, with all that one may have, from before *cut_off*."""
    picture = Image("https://example.org/harbour.png", 640, 360, "A harbour")
    found = []
    for number, (language, words) in enumerate(_WORDS.items(), 1):
        full = Article(
            title=f"{words} <&> {number}",
            deck=f"{words}. " * 6,
            sections=(Section("", (f"{words}. " * 20,)),),
            disclaimer=f"{words}!",
            related=(RelatedLink(f"{words}, too", "https://example.org/related?a=1&b=2"),),
            language=language,
            published_at=cut_off - timedelta(hours=number),
            url=f"https://example.org/{number}?a=1&b=2",
            image=picture if number % 2 else None,
        )
        found.append(StoredArticle(-number, -number, -number, full, cut_off - timedelta(hours=number)))
    return found
