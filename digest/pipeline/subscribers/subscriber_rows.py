"""One row of a subscriber file to a subscriber and a subscription, or to what is wrong with each cell."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import NamedTuple, TypeVar

from digest.errors import BadInput
from digest.model.frequency import Frequency
from digest.model.newsletter import Newsletter
from digest.model.subscriber import Consent, Follow, Interests, Subscriber, Subscription, SubscriptionState
from digest.model.topic import Topic
from digest.pipeline.addresses import AddressReader
from digest.pipeline.newsletters.checked_table import suggestion
from digest.pipeline.newsletters.frequencies import read_frequency
from digest.pipeline.newsletters.places import read_locale, read_zone
from digest.pipeline.subscribers.csv_records import MAX_CELL
from digest.pipeline.subscribers.formulas import restored
from digest.pipeline.subscribers.subscriber_columns import READ, Columns, label_of
from digest.pipeline.subscribers.whole_name import whole_name
from digest.scheduling.zones import zone_of
from digest.store.profiles import interests_as_text

CHOICES = ("everything", "surprise")  #: every article, what is followed first; one from outside the interests
# An empty cell here says "unknown", and must not overwrite what the reader told us.
_KEPT_WHEN_EMPTY = ("name", "locale", "timezone", "consent_at")
MAX_NAME = 200
MAX_KEYWORD = 80
MAX_KEYWORDS = 100
_MAX_LANGUAGES = 20
_PROBLEMS_PER_CELL = 10
_REMEMBERED = 5_000
_WEEK = 7
SEPARATORS = "|;；\n,，、"  #: of topics, keywords, languages in one cell, the strongest first
_SEPARATORS = re.compile(f"[{SEPARATORS}]")
_WEIGHTED = re.compile(r"(.+?)\s*:\s*(\d{1,2}(?:\.\d{1,3})?)")
_LOCAL_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::00)?")
# Control characters and separators of lines, which would end a header; then marks that turn the reading
# direction of whatever stands after the name.
_BREAKING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")

K = TypeVar("K")
V = TypeVar("V")
Problems = list[tuple[str, str]]


class Row(NamedTuple):
    """A good row: who, what they agreed to, the key under which the mailbox is unique.

    `interests_text` is their canonical form; `given` names the columns that had something in their cell: the
    rest of the values are defaults.
    """

    subscriber: Subscriber
    subscription: Subscription
    key: str
    interests_text: str
    given: frozenset[str] = frozenset()


class RowReader:
    """Reads the rows of one file for one newsletter; remembers, up to a bound, what it has read before."""

    def __init__(self, columns: Columns, newsletter: Newsletter, topics: Mapping[str, Topic], now: datetime) -> None:
        """*topics* is the whole vocabulary by slug; *now* dates a consent that names no time."""
        self._now = now
        self._columns = columns
        self._newsletter = newsletter
        offered = [topics[slug] for slug in newsletter.topics or topics if slug in topics]
        self._labels: dict[str, str] = {}
        for topic in offered:
            for label in (*topic.names.values(), topic.name):
                self._labels[label_of(label)] = topic.slug
        self._labels |= {label_of(topic.slug): topic.slug for topic in offered}
        self._addresses = AddressReader()
        self._interests: dict[tuple[str, ...], tuple[Interests, str, Problems]] = {}
        self._places: dict[tuple[str, str], tuple[str, str]] = {}

    def read(self, cells: Sequence[str]) -> Row | Problems:
        """Return the row, or a (column, reason) for each cell that cannot be used."""
        problems = self._check_shape(cells)
        if problems:
            return problems
        texts = self._texts(cells)
        address, key = "", ""
        try:
            address, key = self._addresses.read(texts["email"])
        except BadInput as error:
            problems.append(("email", str(error)))
        interests, interests_text = self._read_interests(texts, problems)
        subscriber = Subscriber(
            address,
            self._name(texts, problems),
            self._locale(texts, problems),
            self._zone(texts, problems),
        )
        subscription = Subscription(
            self._newsletter.slug,
            interests,
            self._state(texts, problems),
            self._send_at(texts, problems),
            self._frequency(texts, problems),
            self._consent(texts, problems),
            self._paused_until(texts, subscriber.zone, problems),
        )
        if subscription.paused_until and subscription.state is SubscriptionState.ACTIVE:
            subscription = replace(subscription, state=SubscriptionState.PAUSED)
        if problems:
            return problems
        given = frozenset(column for column in _KEPT_WHEN_EMPTY if texts[column])
        return Row(subscriber, subscription, key, interests_text, given)

    def _texts(self, cells: Sequence[str]) -> dict[str, str]:
        """Return the text of every column, "" where the row or the file has none."""
        texts = dict.fromkeys(READ, "")
        for column, position in self._columns.positions.items():
            if position < len(cells):
                text = cells[position].strip()
                texts[column] = restored(text) if text[:1] == "'" else text
        if texts["first_name"] or texts["last_name"]:
            texts["name"] = whole_name(texts["name"], texts["first_name"], texts["last_name"])
        return texts

    def _check_shape(self, cells: Sequence[str]) -> Problems:
        if any(cell.strip() for cell in cells[self._columns.width :]):
            counts = f"the row has {len(cells)} cells, the header {self._columns.width}"
            return [("", f"{counts}; put cells that hold commas in quotation marks")]
        if max(map(len, cells), default=0) > MAX_CELL:
            longest = {position: column for column, position in self._columns.positions.items()}
            return [
                (longest.get(position, ""), f"has a cell longer than {MAX_CELL:,} characters")
                for position, cell in enumerate(cells)
                if len(cell) > MAX_CELL
            ]
        return []

    def _name(self, texts: Mapping[str, str], problems: Problems) -> str:
        name = texts["name"]
        if not name.isascii() or not name.isprintable():
            name = unicodedata.normalize("NFC", _TURNING.sub("", _BREAKING.sub(" ", name)))
        name = " ".join(name.split())
        if len(name) > MAX_NAME:
            problems.append(("name", f"is longer than {MAX_NAME} characters"))
        return name

    def _locale(self, texts: Mapping[str, str], problems: Problems) -> str:
        return self._place("locale", texts, read_locale, problems) or self._newsletter.locale

    def _zone(self, texts: Mapping[str, str], problems: Problems) -> str:
        return self._place("timezone", texts, read_zone, problems) or self._newsletter.schedule.zone or "UTC"

    def _place(self, column: str, texts: Mapping[str, str], read: Callable[[str], str], problems: Problems) -> str:
        text = texts[column][:MAX_NAME]
        if not text:
            return ""
        # What is wrong is remembered too: a list may say "KST" a million times, and suggestions are slow.
        if (column, text) not in self._places:
            try:
                _remember(self._places, (column, text), (read(text), ""))
            except BadInput as error:
                _remember(self._places, (column, text), ("", str(error)))
        place, problem = self._places[column, text]
        if problem:
            problems.append((column, problem))
        return place

    def _send_at(self, texts: Mapping[str, str], problems: Problems) -> time | None:
        text = texts["send_at"]
        if not text:
            return None
        found = _LOCAL_TIME.fullmatch(text)
        if not found:
            problems.append(("send_at", f'{text[:20]!r} is no time of day; write it like "07:00"'))
            return None
        return time(int(found[1]), int(found[2]))

    def _frequency(self, texts: Mapping[str, str], problems: Problems) -> Frequency | None:
        if not texts["frequency"]:
            return None
        schedule = self._newsletter.schedule
        try:
            return read_frequency(texts["frequency"], schedule.days[0] if len(schedule.days) < _WEEK else 0)
        except BadInput as problem:
            problems.append(("frequency", str(problem)))
            return None

    def _paused_until(self, texts: Mapping[str, str], zone: str, problems: Problems) -> datetime | None:
        """Return the end of a pause that is still to come: midnight in the reader's zone, or the instant as given."""
        text = texts["paused_until"]
        if not text:
            return None
        try:
            at = datetime.fromisoformat(text)
            at = (at if at.tzinfo else at.replace(tzinfo=zone_of(zone))).astimezone(UTC)
        except (ValueError, OverflowError):
            problems.append(("paused_until", f'{text[:40]!r} is no day; write it like "2026-12-24"'))
            return None
        return at if at > self._now else None

    def _consent(self, texts: Mapping[str, str], problems: Problems) -> Consent | None:
        source, text = texts["consent_source"], texts["consent_at"]
        at = None
        if text:
            try:
                at = datetime.fromisoformat(text)
            except ValueError:
                problems.append(("consent_at", f'{text[:40]!r} is no time; write it like "2026-03-01T09:30:00Z"'))
                return None
            if at.tzinfo is None:
                problems.append(("consent_at", f'{text[:40]!r} does not say in which zone; add "Z" or "+01:00"'))
                return None
        if len(source) > MAX_NAME:
            problems.append(("consent_source", f"is longer than {MAX_NAME} characters"))
        if not source and at is None:
            return None
        return Consent(" ".join(source.split()), at or self._now)

    def _state(self, texts: Mapping[str, str], problems: Problems) -> SubscriptionState:
        text = texts["state"].casefold()
        try:
            return SubscriptionState(text or "active")
        except ValueError:
            known = ", ".join(SubscriptionState)
            problems.append(("state", f"{text[:20]!r} is not one of {known}"))
            return SubscriptionState.ENDED

    def _read_interests(self, texts: Mapping[str, str], problems: Problems) -> tuple[Interests, str]:
        wanted = (texts["topics"], texts["muted"], texts["keywords"], texts["languages"], texts["choices"])
        known = self._interests.get(wanted)
        if known is None:
            known = self._interests_of(*wanted)
            if sum(map(len, wanted)) < 1_000:
                _remember(self._interests, wanted, known)
        problems.extend(known[2])
        return known[:2]

    def _interests_of(
        self, topics: str, muted: str, keywords: str, languages: str, choices: str
    ) -> tuple[Interests, str, Problems]:
        problems: Problems = []
        weights = self._topics_of("topics", topics, problems)
        chosen = _read_choices(choices, problems)
        interests = Interests(
            follows=tuple(sorted(Follow(slug, weight) for slug, weight in weights.items())),
            muted=tuple(sorted(self._topics_of("muted", muted, problems))),
            keywords=read_keywords(keywords, problems),
            languages=_read_languages(languages, problems),
            wants_all="everything" in chosen,
            surprise="surprise" in chosen,
        )
        return interests, interests_as_text(interests), problems

    def _topics_of(self, column: str, text: str, problems: Problems) -> dict[str, float]:
        found: dict[str, float] = {}
        for piece in self._pieces(text):
            if len(problems) >= _PROBLEMS_PER_CELL:
                problems.append((column, "and more of the kind"))
                return found
            known = self._topic_and_weight(piece)
            if known is None:
                hint = suggestion(label_of(piece)[:60], self._labels)
                problems.append((column, f"{piece[:60]!r} is not a topic of {self._newsletter.slug}{hint}"))
            elif not 0 < known[1] <= 10:
                problems.append((column, f"{piece[:60]!r}: a weight must be above 0 and at most 10"))
            else:
                found[known[0]] = known[1]
        return found

    def _topic_and_weight(self, text: str) -> tuple[str, float] | None:
        slug = self._labels.get(label_of(text))
        if slug:
            return slug, 1.0
        weighted = _WEIGHTED.fullmatch(text.strip()) if len(text) <= MAX_NAME else None
        slug = self._labels.get(label_of(weighted[1])) if weighted else None
        return (slug, float(weighted[2])) if weighted and slug else None

    def _pieces(self, text: str) -> list[str]:
        """Split at the strongest separator there is, further only what is no topic: names may have commas."""
        pieces = [text]
        for separator in SEPARATORS:
            pieces = [
                part
                for piece in pieces
                for part in ([piece] if self._topic_and_weight(piece) else piece.split(separator))
            ]
        return [piece.strip() for piece in pieces if piece.strip()]


def read_keywords(text: str, problems: Problems) -> tuple[str, ...]:
    """Return the keywords of a cell, each once whatever its case, sorted; adds to *problems*."""
    found: dict[str, str] = {}
    for piece in _SEPARATORS.split(text):
        if len(problems) > _PROBLEMS_PER_CELL:
            return ()
        word = unicodedata.normalize("NFC", " ".join(piece.split()))
        if len(word) > MAX_KEYWORD:
            problems.append(("keywords", f"{word[:30]!r}… is longer than {MAX_KEYWORD} characters"))
        elif _BREAKING.search(word):
            problems.append(("keywords", f"{word[:30]!r} has a control character"))
        elif word:
            found.setdefault(word.casefold(), word)
    if len(found) > MAX_KEYWORDS:
        problems.append(("keywords", f"has {len(found)} keywords, at most {MAX_KEYWORDS} are kept"))
    return tuple(sorted(found.values()))


def _read_languages(text: str, problems: Problems) -> tuple[str, ...]:
    """Return the language tags (BCP 47) of a cell, each once, sorted; adds to *problems*."""
    pieces = {piece.strip() for piece in _SEPARATORS.split(text) if piece.strip()}
    if len(pieces) > _MAX_LANGUAGES:
        problems.append(("languages", f"has {len(pieces)} languages, at most {_MAX_LANGUAGES} are kept"))
        return ()
    found: set[str] = set()
    for piece in sorted(pieces):
        try:
            found.add(read_locale(piece))
        except BadInput as error:
            problems.append(("languages", str(error)))
    return tuple(sorted(found))


def _read_choices(text: str, problems: Problems) -> frozenset[str]:
    """Return which of CHOICES a cell names; adds to *problems*."""
    pieces = {label_of(piece) for piece in _SEPARATORS.split(text)} - {""}
    problems.extend(
        ("choices", f"{piece[:30]!r} is not one of {', '.join(CHOICES)}") for piece in sorted(pieces - {*CHOICES})
    )
    return frozenset(pieces)


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = value
