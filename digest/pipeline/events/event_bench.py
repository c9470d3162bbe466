"""The event bench: one stream's press in one locale; makes the digest of each window that closes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from digest.model.newsletter import Newsletter
from digest.model.stream import Stream
from digest.pipeline.composing.frame import frame_of
from digest.pipeline.composing.links import MORE, Links
from digest.pipeline.composing.mail_templates import templates_of
from digest.pipeline.events.event_wording import EventWording
from digest.pipeline.installation import Installation
from digest.rendering.clean import clean_text, shorten
from digest.rendering.headers import constant_headers
from digest.rendering.languages import date_text, weekday_date_text
from digest.rendering.layout import boundary_of
from digest.rendering.parts import CardChoice, DigestParts, Section
from digest.rendering.press import Press
from digest.rendering.templates import Sheets
from digest.rendering.views import SUMMARY_LENGTH, TITLE_LENGTH, CardView, slot_widths
from digest.selection.gathering import Gathered, Line

_MEMORY = 3_000  # cards a press holds before another one takes its place: each is in one mail only


@dataclass(frozen=True, slots=True)
class MadeOfEvents:
    """One digest as it is stored, and its encoded pieces by hash."""

    subject: str
    layout: str
    items: tuple[Mapping[str, Any], ...]
    pieces: Mapping[str, bytes]


class EventBench:
    """Makes the digests of one stream in one locale."""

    def __init__(self, house: Installation, newsletter: Newsletter, stream: Stream, period: str, locale: str) -> None:
        self._templates = templates_of(house, newsletter.template)
        self._links = Links(house.base_url, house.tokens)
        self._frame = frame_of(newsletter, period, self._links)
        self._limits = newsletter.limits
        self._locale = locale
        self.words = EventWording(newsletter, stream, locale)
        self._press, self._printed = self._new_press(), 0
        self._sheets: Sheets | None = None

    def make(self, gathered: Gathered, *, at: datetime, zone: ZoneInfo) -> MadeOfEvents:
        """Return the digest of *gathered*, dated *at* in the reader's *zone*."""
        if self._printed + len(gathered.lines) > _MEMORY:
            self._press, self._printed = self._new_press(), 0
        self._printed += len(gathered.lines)
        views = [self._view(line, zone) for line in gathered.lines]
        cards = tuple(CardChoice(number) for number in self._press.add_alike(views))
        parts = self._parts(gathered, cards, weekday_date_text(at.astimezone(zone).date(), self._locale))
        composed, shown = self._press.compose(parts), len(cards)
        if composed.html_size(self._widths()) > self._limits.max_html_bytes:
            shown = max(1, self._press.how_many_fit(parts, self._widths(), self._limits.max_html_bytes))
            hidden = gathered.hidden + sum(line.count for line in gathered.lines[shown:])
            left = replace(gathered, lines=gathered.lines[:shown], hidden=hidden)
            composed = self._press.compose(self._parts(left, cards[:shown], parts.date))
        layout = composed.layout.to_json()
        headers = constant_headers(self._frame, composed.subject, boundary_of(layout))
        stored = {"layout": layout, "headers": headers.to_json(), "from": self._frame.sender_address}
        items = _items(gathered, views[:shown])
        return MadeOfEvents(composed.subject, json.dumps(stored, separators=(",", ":")), items, dict(composed.pieces))

    def section(self, gathered: Gathered, press: Press, *, slot: str, zone: ZoneInfo) -> Section:
        """Return *gathered* as a part of another mail, which *press* prints; *slot* has the link to leave the stream.

        It has at most `limits.max_items` lines, whatever they weigh: a newsletter's articles give way.
        """
        views = [self._view(line, zone) for line in gathered.lines]
        self._sheets = self._sheets or self._templates.sheets(self._frame, self._locale)
        return Section(
            name=clean_text(self._frame.name),
            slot=slot,
            cards=tuple(CardChoice(number) for number in press.add_alike(views, self._sheets)),
            description=self._frame.description,
            more=self.words.more(gathered.hidden),
            follows=self.words.follows(),
        )

    def items(self, gathered: Gathered, zone: ZoneInfo) -> tuple[Mapping[str, Any], ...]:
        """Return what the log keeps of *gathered*."""
        return _items(gathered, [self._view(line, zone) for line in gathered.lines])

    def _new_press(self) -> Press:
        return Press(self._templates, self._frame, self._locale)

    def _parts(self, gathered: Gathered, cards: tuple[CardChoice, ...], date: str) -> DigestParts:
        return DigestParts(
            cards=cards,
            date=date,
            preheader=self.words.preheader(gathered),
            more=self.words.more(gathered.hidden),
            follows=self.words.follows(),
            lead=self.words.lead(),
        )

    def _view(self, line: Line, zone: ZoneInfo) -> CardView:
        return CardView(
            title=shorten(self.words.line(line), TITLE_LENGTH) or "…",
            url=self.words.url(line),
            summary=shorten(clean_text(self.words.text(line)), SUMMARY_LENGTH),
            date=date_text(line.latest.occurred_at.astimezone(zone).date(), self._locale),
            heading_id="",
        )

    def _widths(self) -> dict[str, int]:
        width = self._links.width
        return slot_widths(
            {"unsubscribe_url": width, "preferences_url": width, "view_url": width, "more_url": width + len(MORE)}
        )


def _items(gathered: Gathered, views: Sequence[CardView]) -> tuple[Mapping[str, Any], ...]:
    return tuple(
        {"title": view.title, "why": "", "count": line.count, "events": line.event_ids}
        for line, view in zip(gathered.lines, views, strict=False)
    )
