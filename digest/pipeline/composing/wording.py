"""Sentences about a digest in the reader's language: why an article is in, what the mail is about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from babel.core import Locale, UnknownLocaleError
from babel.lists import format_list

from digest.model.digest import Choice, Ground, Why
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Interests
from digest.model.topic import Topic
from digest.rendering.clean import clean_text, shorten
from digest.rendering.i18n import Speaker, load_translations

_TOPICS_SHOWN, _WORDS_SHOWN, _FOLLOWS_SHOWN = 2, 3, 5
_PREHEADER_LENGTH = 150  # characters; mail programs show some hundred


class Wording:
    """Words of one newsletter in one locale."""

    def __init__(self, newsletter: Newsletter, topics: Mapping[str, Topic], locale: str) -> None:
        self._newsletter = newsletter
        self._topics = topics
        self._locale = locale
        self._say = Speaker(load_translations(locale), escaping=False)
        self._babel = babel_locale(locale)
        self._said: dict[tuple[tuple[str, tuple[str, ...], str], ...], str] = {}

    def why(self, reasons: Sequence[Why], ground: Ground = Ground.INTERESTS) -> str:
        """Return why an article is in a digest, like "Because you follow Trade: tariff, exports"."""
        if not reasons and ground is Ground.PINNED:
            return self._say.gettext("Chosen by the editors for every reader")
        if not reasons and ground is Ground.MOST_CHOSEN:
            return self._say.gettext("Chosen for many readers of %(newsletter)s", newsletter=self._newsletter.name)
        if ground is Ground.SURPRISE:
            return self._say.gettext("A surprise from outside your topics")
        said = tuple((why.topic, why.words, why.through) for why in reasons)
        if said not in self._said:
            self._said[said] = self._why(reasons)
        return self._said[said]

    def _why(self, reasons: Sequence[Why]) -> str:
        if not reasons:
            return self._say.gettext("Because you read everything in %(newsletter)s", newsletter=self._newsletter.name)
        followed = [why for why in reasons if why.topic]
        if not followed:
            words = [word for why in reasons for word in why.words]
            return self._say.gettext("Matches your keyword %(words)s", words=self._join(words[:_WORDS_SHOWN]))
        shown = followed[:_TOPICS_SHOWN]
        names = self._join([self._followed(why, reasons) for why in shown])
        telling = [word for why in shown for word in why.words if word.casefold() not in names.casefold()]
        words = list(dict.fromkeys(telling))[:_WORDS_SHOWN]
        if not words:
            return self._say.gettext("Because you follow %(topics)s", topics=names)
        # The words are evidence, not a sentence, and may be in another language than the frame.
        return self._say.gettext("Because you follow %(topics)s: %(words)s", topics=names, words=", ".join(words))

    def follows(self, interests: Interests) -> str:
        """Return why this mail came at all."""
        names = [self.topic(follow.topic) for follow in interests.follows if follow.topic in self._topics]
        names += [f"“{keyword}”" for keyword in interests.keywords]
        if not names:
            return self._say.gettext(
                "You get this mail because you subscribed to %(newsletter)s.", newsletter=self._newsletter.name
            )
        shown = names[:_FOLLOWS_SHOWN] + (["…"] if len(names) > _FOLLOWS_SHOWN else [])
        return self._say.gettext("You get this mail because you follow %(topics)s.", topics=self._join(shown))

    def preheader(self, chosen: Sequence[Choice], summary: str) -> str:
        """Return the first line of the mail. The subject names the first article, so this goes on from there."""
        if len(chosen) == 1:
            return shorten(clean_text(summary), _PREHEADER_LENGTH)
        title = shorten(clean_text(chosen[1].article.article.title), _PREHEADER_LENGTH)
        if len(chosen) == 2:
            return title
        return self._say.gettext("%(first)s, and %(count)s more", first=title, count=len(chosen) - 2)

    def more(self, count: int) -> str:
        """Return how many articles wait for next time; "" for none."""
        if not count:
            return ""
        return self._say.ngettext(
            "%(count)s more article is waiting for the next digest.",
            "%(count)s more articles are waiting for the next digest.",
            count,
            count=count,
        )

    def no_room(self, count: int) -> str:
        """Return how many articles found no place and will not come again; "" for none."""
        if not count:
            return ""
        return self._say.ngettext(
            "There was no room for %(count)s more article.",
            "There was no room for %(count)s more articles.",
            count,
            count=count,
        )

    def lead(self) -> str:
        """Return what leads to the articles."""
        return self._say.gettext("Here is what we chose for you.")

    def welcome(self) -> str:
        """Return what leads to the articles of a reader's first mail."""
        return self._say.gettext("Here is the best of the last few days to begin with.")

    def nothing_new(self) -> str:
        """Return what stands in their place when there are none."""
        return self._say.gettext("There is nothing new for you this time.")

    def nothing_new_in(self) -> str:
        """Return the subject of a mail without articles."""
        return self._say.gettext("Nothing new in %(newsletter)s", newsletter=self._newsletter.name)

    def _followed(self, why: Why, reasons: Sequence[Why]) -> str:
        """Return the topic's name, and of a topic that is there for one below it that one's, like "Economy (Trade)"."""
        is_said = any(each.topic == why.through for each in reasons)
        below = "" if is_said or why.through not in self._topics else self.topic(why.through)
        return f"{self.topic(why.topic)} ({below})" if below else self.topic(why.topic)

    def topic(self, slug: str) -> str:
        """Return a topic's name in this locale."""
        known = self._topics.get(slug)
        return known.name_in(self._locale) if known else slug

    def _join(self, names: list[str]) -> str:
        return format_list(names, locale=self._babel) if names else ""


def babel_locale(tag: str) -> Locale:
    """Return what knows how lists are written in *tag*; English for a language that nobody describes."""
    try:
        return Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale("en")
