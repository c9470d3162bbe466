"""How pages name their parts, in every language we know: markers.toml as frozen values."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from digest.collection.clean import fold, weight

MARKERS_FILE = Path(__file__).with_name("markers.toml")
# Furniture is short; a longer line that begins the same way is a sentence of the article.
LONGEST_MARKER_LINE = 140
# One-letter words and articles that Arabic and Hebrew write together with the next word.
_BEFORE_WORDS = ("", "و", "ف", "ب", "ل", "ال", "وال", "بال", "لل", "ول", "وب", "ו", "ה", "ב", "ל", "ש", "מ")


@dataclass(frozen=True, slots=True)
class Folded:
    """A text folded for comparison: with single spaces, without spaces, and as a set of words."""

    spaced: str
    joined: str
    words: frozenset[str]

    @classmethod
    def of(cls, text: str) -> Folded:
        """Return *text* folded, a space at both ends of the spaced form."""
        spaced = fold(text)
        return cls(f" {spaced} ", spaced.replace(" ", ""), frozenset(spaced.split()))


@dataclass(frozen=True, slots=True)
class Group:
    """Words that mean the same, sorted by how they are looked up (the speed of every reader hangs on it)."""

    words: frozenset[str]  #: single whole words
    phrases: tuple[str, ...]  #: " bounded phrases " and " beginnings" of words
    inside: tuple[str, ...]  #: found anywhere, spaces apart: scripts that join words
    prefixed: tuple[str, ...]  #: Arabic and Hebrew: begin a word, "and", "the", "by" or the like before them
    spaced: re.Pattern[str] | None  #: any of `phrases` and `prefixed`
    joined: re.Pattern[str] | None  #: any of `inside`

    @classmethod
    def of(cls, written: Iterable[str]) -> Group:
        """Return the group of words as they stand in markers.toml, "generat*" or "이 기사"."""
        words, phrases, inside, prefixed = set[str](), list[str](), list[str](), list[str]()
        for entry in written:
            folded = fold(entry.replace("*", " "))
            if folded and "\u0590" <= folded[0] <= "\u08ff":
                prefixed.extend(f" {before}{folded}" for before in _BEFORE_WORDS)
            elif not _is_spaced(folded):
                inside.append(folded.replace(" ", ""))
            elif entry.endswith("*"):
                phrases.append(f" {folded}")
            elif " " in folded:
                phrases.append(f" {folded} ")
            else:
                words.add(folded)
        return cls.made_of(frozenset(words), tuple(phrases), tuple(inside), tuple(prefixed))

    @classmethod
    def made_of(
        cls, words: frozenset[str], phrases: tuple[str, ...], inside: tuple[str, ...], prefixed: tuple[str, ...]
    ) -> Group:
        """Return the group of words that are sorted already."""
        return cls(words, phrases, inside, prefixed, _any_of(phrases + prefixed), _any_of(inside))

    @classmethod
    def union(cls, groups: Iterable[Group]) -> Group:
        """Return all *groups* as one."""
        every = list(groups)
        return cls.made_of(
            frozenset[str]().union(*(group.words for group in every)),
            tuple(phrase for group in every for phrase in group.phrases),
            tuple(part for group in every for part in group.inside),
            tuple(part for group in every for part in group.prefixed),
        )

    def found_in(self, text: Folded) -> bool:
        """Whether one of these words stands anywhere in *text*."""
        if not self.words.isdisjoint(text.words):
            return True
        if self.spaced is not None and self.spaced.search(text.spaced):
            return True
        return self.joined is not None and self.joined.search(text.joined) is not None

    def begins(self, text: Folded) -> bool:
        """Whether *text* begins with one of these words."""
        first = text.spaced[1:].partition(" ")[0]
        return (
            first in self.words
            or (bool(self.phrases) and text.spaced.startswith(self.phrases))
            or (bool(self.inside) and text.joined.startswith(self.inside))
            or (bool(self.prefixed) and text.spaced.startswith(self.prefixed))
        )

    def after(self, text: Folded) -> Folded:
        """Return what stands behind the longest of these words that *text*, which begins with one, begins with."""
        words = text.spaced[1:].partition(" ")
        rest = words[2] if words[0] in self.words else text.spaced[1:]
        if found := max((phrase for phrase in self.phrases if text.spaced.startswith(phrase)), key=len, default=""):
            rest = text.spaced[len(found) - 1 :].partition(" ")[2]
        part = max((part for part in self.inside if text.joined.startswith(part)), key=len, default="")
        return Folded(f" {rest.strip()} ", text.joined[len(part) :], frozenset())


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words of a disclaimer that occur together: one of each group in `groups`, none of `never`.

    `most` bounds the paragraph's weight, 0 for none; `starts`: the first group begins the paragraph, and what follows
    it is none of `things`, which would make it speak of something else ("AI-generated images"); `of_itself`: the
    first group is the page's words for itself ("this article"); `hint`: it counts only where disclaimers stand.
    """

    kind: str
    groups: tuple[Group, ...]
    never: Group
    things: Group
    starts: bool = False
    most: int = 0
    of_itself: bool = False
    hint: bool = False

    def matches(self, sentence: Folded, *, first: bool, paragraph_weight: int) -> bool:
        """Whether *sentence*, the *first* of its paragraph or a later one, is such a disclaimer."""
        if (self.most and paragraph_weight > self.most) or (self.starts and not first):
            return False
        if self.starts and not self.groups[0].begins(sentence):
            return False
        if self.starts and self.things.begins(self.groups[0].after(sentence)):
            return False
        return all(group.found_in(sentence) for group in self.groups) and not self.never.found_in(sentence)

    def opens(self, sentence: Folded, head: Folded) -> bool:
        """Whether *sentence* begins with a word of the first group: the strongest sign there is.

        When that group is the page's words for itself, standing in the sentence's *head* is enough: in Arabic the
        verb comes first.
        """
        return self.groups[0].begins(sentence) or (self.of_itself and self.groups[0].found_in(head))


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, and beginnings of lines, that mean one thing."""

    whole: frozenset[str]
    beginnings: Group

    @classmethod
    def of(cls, written: Iterable[str]) -> Lines:
        """Return the lines as they stand in markers.toml; a "*" marks a beginning."""
        entries = list(written)
        whole = frozenset(_bare(fold(entry)) for entry in entries if not entry.endswith("*"))
        return cls(whole - {""}, Group.of(entry for entry in entries if entry.endswith("*")))

    @classmethod
    def union(cls, lines: Iterable[Lines]) -> Lines:
        """Return all *lines* as one."""
        every = list(lines)
        whole = frozenset[str]().union(*(one.whole for one in every))
        return cls(whole, Group.union(one.beginnings for one in every))

    def match(self, line: str) -> bool:
        """Whether *line* is one of these, numbers in it apart ("Comments (12)")."""
        if len(line) > LONGEST_MARKER_LINE:
            return False
        folded = Folded.of(line)
        return _bare(folded.spaced) in self.whole or self.beginnings.begins(folded)


@dataclass(frozen=True, slots=True)
class Language:
    """Everything markers.toml says about one language."""

    language: str
    common: frozenset[str]
    months: Mapping[str, int]
    published: frozenset[str]
    source: frozenset[str]
    byline: frozenset[str]
    byline_after: tuple[str, ...]
    title: frozenset[str]
    deck: frozenset[str]
    clock: frozenset[str]
    topics: frozenset[str]
    credit: frozenset[str]
    kicker: Lines
    notes: Lines
    closing: Lines
    related: Lines
    labels: Lines
    end: Lines
    end_weak: Lines
    lines: Lines
    edge: Lines
    disclaimers: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Markers:
    """The tables of all languages, and all of them as one.

    A page may wear its furniture in another language than its text, so every reader asks the union; `tables` are
    there for what must not be mixed, such as the little words of each language.
    """

    tables: tuple[Language, ...]
    related: Lines
    labels: Lines
    end: Lines
    end_weak: Lines
    lines: Lines
    edge: Lines
    disclaimers: tuple[Pattern, ...]
    months: Mapping[str, int]
    published: frozenset[str]
    source: frozenset[str]
    byline: frozenset[str]
    byline_after: tuple[str, ...]
    title: frozenset[str]
    deck: frozenset[str]
    clock: frozenset[str]
    topics: frozenset[str]
    credit: frozenset[str]
    kicker: Lines
    notes: Lines
    closing: Lines

    @classmethod
    def of(cls, tables: Iterable[Language]) -> Markers:
        """Return the union of *tables*; where two languages share a short month name, they agree on it."""
        every = tuple(tables)
        months: dict[str, int] = {}
        for table in every:
            for name, number in table.months.items():
                months.setdefault(name, number)
        return cls(
            tables=every,
            related=Lines.union(table.related for table in every),
            labels=Lines.union(table.labels for table in every),
            end=Lines.union(table.end for table in every),
            end_weak=Lines.union(table.end_weak for table in every),
            lines=Lines.union(table.lines for table in every),
            edge=Lines.union(table.edge for table in every),
            disclaimers=tuple(pattern for table in every for pattern in table.disclaimers),
            months=months,
            published=frozenset[str]().union(*(table.published for table in every)),
            source=frozenset[str]().union(*(table.source for table in every)),
            byline=frozenset[str]().union(*(table.byline for table in every)),
            byline_after=tuple(word for table in every for word in table.byline_after),
            title=frozenset[str]().union(*(table.title for table in every)),
            deck=frozenset[str]().union(*(table.deck for table in every)),
            clock=frozenset[str]().union(*(table.clock for table in every)),
            topics=frozenset[str]().union(*(table.topics for table in every)),
            credit=frozenset[str]().union(*(table.credit for table in every)),
            kicker=Lines.union(table.kicker for table in every),
            notes=Lines.union(table.notes for table in every),
            closing=Lines.union(table.closing for table in every),
        )


@cache
def own_first(markers: Markers, language: str) -> Markers:
    """Return *markers* with the table of *language* (a BCP 47 tag) before all others, where order matters."""
    primary = language.partition("-")[0].lower()
    if not any(table.language == primary for table in markers.tables):
        return markers
    return Markers.of(sorted(markers.tables, key=lambda table: table.language != primary))


@cache
def load_markers(path: Path = MARKERS_FILE) -> Markers:
    """Return the tables of every language in *path*."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    # Of all languages at once: China and Japan write some words of ours alike.
    things = Group.of(word for table in tables.values() for word in table.get("groups", {}).get("things", ()))
    return Markers.of(_language(name, table, things) for name, table in tables.items())


def _language(name: str, table: Mapping[str, Any], things: Group) -> Language:
    groups = {key: Group.of(words) for key, words in table.get("groups", {}).items()}
    return Language(
        language=name,
        common=frozenset(fold(word) for word in table.get("common", ())),
        months={fold(word): number for number, words in enumerate(table.get("months", ()), 1) for word in words},
        published=frozenset(fold(word) for word in table.get("published", ())),
        source=frozenset(fold(word) for word in table.get("source", ())),
        byline=frozenset(fold(word) for word in table.get("byline", ())),
        byline_after=tuple(table.get("byline_after", ())),
        title=frozenset(fold(word) for word in table.get("title", ())),
        deck=frozenset(fold(word) for word in table.get("deck", ())),
        clock=frozenset(fold(word) for word in table.get("clock", ())),
        topics=frozenset(fold(word) for word in table.get("topics", ())),
        credit=frozenset(fold(word) for word in table.get("credit", ())),
        kicker=Lines.of(table.get("kicker", ())),
        notes=Lines.of(table.get("notes", ())),
        closing=Lines.of(table.get("closing", ())),
        related=Lines.of(table.get("related", ())),
        labels=Lines.of(table.get("labels", ())),
        end=Lines.of(table.get("end", ())),
        end_weak=Lines.of(table.get("end_weak", ())),
        lines=Lines.of(table.get("lines", ())),
        edge=Lines.of(table.get("edge", ())),
        disclaimers=tuple(_pattern(entry, groups, things) for entry in table.get("disclaimer", ())),
    )


def _pattern(entry: Mapping[str, Any], groups: Mapping[str, Group], things: Group) -> Pattern:
    every = [groups[name] for name in entry["all"]]
    if "any" in entry:
        every.append(Group.union(groups[name] for name in entry["any"]))
    return Pattern(
        kind=entry["kind"],
        groups=tuple(every),
        never=Group.union(groups[name] for name in entry.get("never", ())),
        things=things,
        starts=entry.get("starts", False),
        most=entry.get("most", 0),
        of_itself=entry["all"][0] == "self",
        hint=entry.get("hint", False),
    )


def _any_of(texts: tuple[str, ...]) -> re.Pattern[str] | None:
    return re.compile("|".join(re.escape(text) for text in texts)) if texts else None


def _bare(folded: str) -> str:
    """Return *folded* without numbers that stand alone; without spaces where the script has few."""
    words = [word for word in folded.split() if not word.isdecimal()]
    text = " ".join(words)
    return text if weight(text) == len(text) else text.replace(" ", "")


def _is_spaced(folded: str) -> bool:
    """Whether *folded* is of an alphabet that parts its words by spaces and adds nothing to their front."""
    # Vietnamese letters with two marks lie beyond the other Latin ones, in U+1E00-U+1EFF.
    return bool(folded) and all(letter < "\u0590" or "\u1e00" <= letter <= "\u1fff" for letter in folded)
