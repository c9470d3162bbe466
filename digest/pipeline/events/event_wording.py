"""Sentences about gathered events in the reader's language: lines by the stream's own words, the rest by ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babel.lists import format_list

from digest.model.newsletter import Newsletter
from digest.model.stream import PLAIN, Category, Stream
from digest.pipeline.composing.wording import babel_locale
from digest.pipeline.newsletters.stream_table import PLACE
from digest.rendering.clean import clean_text, clean_url, shorten
from digest.rendering.i18n import Speaker, load_translations
from digest.selection.gathering import Gathered, Line

_PREHEADER_LENGTH = 150


class EventWording:
    """Words of one stream in one locale."""

    def __init__(self, newsletter: Newsletter, stream: Stream, locale: str) -> None:
        self._newsletter = newsletter
        self._stream = stream
        self._locale = locale
        self._say = Speaker(load_translations(locale), escaping=False)
        self._babel = babel_locale(locale)

    def line(self, line: Line) -> str:
        """Return what happened in one sentence, like "Ana and 5 others wrote about Tariff truce"."""
        category = self._category(line)
        texts = category.many if line.count > 1 and category.many else category.one
        said = self._filled(self._in_locale(texts), line)
        return said or clean_text(line.latest.object.name) or clean_text(self._newsletter.name)

    def text(self, line: Line) -> str:
        """Return the words of the latest event of *line*; "" for none."""
        return self._filled(self._category(line).text, line)

    def url(self, line: Line) -> str:
        """Return where *line* leads: what its category says, else its object's address; "" for nowhere."""
        return clean_url(self._filled(self._category(line).url, line)) or clean_url(line.latest.object.url)

    def actors(self, line: Line) -> str:
        """Return who did it: "Ana", "Ana and Ben", "Ana and 5 others"."""
        names = [clean_text(name) for name in line.names]
        if not names:
            return self._say.gettext("Somebody")
        if line.others:
            return self._say.ngettext(
                "%(name)s and %(count)s other",
                "%(name)s and %(count)s others",
                line.others,
                name=names[0],
                count=line.others,
            )
        return format_list(names, locale=self._babel)

    def lead(self) -> str:
        """Return what leads to the lines."""
        return self._say.gettext("Here is what happened.")

    def more(self, hidden: int) -> str:
        """Return how many events are in lines that found no place; "" for none."""
        if not hidden:
            return ""
        return self._say.ngettext(
            "%(count)s more event is not shown here.",
            "%(count)s more events are not shown here.",
            hidden,
            count=hidden,
        )

    def follows(self) -> str:
        """Return why this mail came at all."""
        return self._say.gettext(
            "You get this mail because you subscribed to %(newsletter)s.", newsletter=self._newsletter.name
        )

    def preheader(self, gathered: Gathered) -> str:
        """Return the first line of the mail, which goes on from the subject."""
        if len(gathered.lines) == 1:
            return shorten(self.text(gathered.lines[0]), _PREHEADER_LENGTH) or self.lead()
        return shorten(self.line(gathered.lines[1]), _PREHEADER_LENGTH)

    def _category(self, line: Line) -> Category:
        return self._stream.categories.get(line.latest.category, PLAIN)

    def _in_locale(self, texts: Mapping[str, str]) -> str:
        language, own = self._locale.split("-", maxsplit=1)[0], self._newsletter.locale
        for tag in (self._locale, language, own, own.split("-", maxsplit=1)[0], "en"):
            if tag in texts:
                return texts[tag]
        return next(iter(texts.values()), "")

    def _filled(self, text: str, line: Line) -> str:
        """Return *text* with what the latest event says in place of the words in braces, as one clean line."""
        values = line.latest.payload

        def value(name: str) -> str:
            if name == "actors":
                return self.actors(line)
            if name == "object":
                return line.latest.object.name
            return str(line.count) if name == "count" else _said(values.get(name))

        return clean_text(PLACE.sub(lambda place: value(place[1]), text))


def _said(value: Any) -> str:
    """Return a value of a payload as text; what has parts says nothing."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    return str(value)
