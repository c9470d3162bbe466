"""How pages name their parts, in every language we know: markers.toml as frozen values."""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Folded:
    """A text folded for comparison, once with and once without its spaces."""

    spaced: str
    joined: str

    @classmethod
    def of(cls, text: str) -> Folded:
        """Return *text* folded, a space at both ends of the spaced form."""
        spaced = fold(text)
        return cls(f" {spaced} ", spaced.replace(" ", ""))


@dataclass(frozen=True, slots=True)
class Term:
    """One word or phrase of a marker; `whole` words are bounded by spaces, others are found anywhere."""

    text: str
    whole: bool
    prefix: bool

    @classmethod
    def of(cls, written: str) -> Term:
        """Return the term as it stands in markers.toml, "generat*" or "이 기사"."""
        folded = fold(written.replace("*", " "))
        whole = bool(folded) and all(letter < "\u0590" or letter.isspace() for letter in folded)
        whole = whole or _is_vietnamese(folded)
        return cls(folded if whole else folded.replace(" ", ""), whole, written.endswith("*"))

    def found_in(self, text: Folded) -> bool:
        """Whether this term stands anywhere in *text*."""
        if not self.whole:
            return self.text in text.joined
        return (f" {self.text}" if self.prefix else f" {self.text} ") in text.spaced

    def begins(self, text: Folded) -> bool:
        """Whether *text* begins with this term."""
        if not self.whole:
            return text.joined.startswith(self.text)
        return text.spaced.startswith(f" {self.text}" if self.prefix else f" {self.text} ")


@dataclass(frozen=True, slots=True)
class Pattern:
    """Words of a disclaimer that occur together: one term of each group in `groups`, none of `never`.

    `any_of` is one more group made of several. `most` bounds the paragraph's weight, 0 for none.
    """

    kind: str
    groups: tuple[tuple[Term, ...], ...]
    never: tuple[Term, ...] = ()
    starts: bool = False
    most: int = 0

    def matches(self, sentence: Folded, *, first: bool, paragraph_weight: int) -> bool:
        """Whether *sentence*, the *first* of its paragraph or a later one, is such a disclaimer."""
        if (self.most and paragraph_weight > self.most) or (self.starts and not first):
            return False
        if self.starts and not any(term.begins(sentence) for term in self.groups[0]):
            return False
        if not all(any(term.found_in(sentence) for term in group) for group in self.groups):
            return False
        return not any(term.found_in(sentence) for term in self.never)

    def opens(self, sentence: Folded) -> bool:
        """Whether *sentence* begins with a word of the first group: the strongest sign there is."""
        return any(term.begins(sentence) for term in self.groups[0])


@dataclass(frozen=True, slots=True)
class Lines:
    """Whole lines, and beginnings of lines, that mean one thing."""

    whole: frozenset[str]
    beginnings: tuple[Term, ...]

    @classmethod
    def of(cls, written: Iterable[str]) -> Lines:
        """Return the lines as they stand in markers.toml; a "*" marks a beginning."""
        entries = list(written)
        whole = frozenset(_bare(fold(entry)) for entry in entries if not entry.endswith("*"))
        return cls(whole - {""}, tuple(Term.of(entry) for entry in entries if entry.endswith("*")))

    def match(self, line: str) -> bool:
        """Whether *line* is one of these, numbers in it apart ("Comments (12)")."""
        if len(line) > LONGEST_MARKER_LINE:
            return False
        folded = Folded.of(line)
        if _bare(folded.spaced) in self.whole:
            return True
        return any(term.begins(folded) for term in self.beginnings)


@dataclass(frozen=True, slots=True)
class LanguageMarkers:
    """Everything markers.toml says about one language."""

    language: str
    common: frozenset[str]
    months: Mapping[str, int]
    published: frozenset[str]
    source: frozenset[str]
    byline: frozenset[str]
    byline_after: tuple[str, ...]
    related: Lines
    labels: Lines
    end: Lines
    end_weak: Lines
    lines: Lines
    disclaimers: tuple[Pattern, ...]


Markers = tuple[LanguageMarkers, ...]


@cache
def load_markers(path: Path = MARKERS_FILE) -> Markers:
    """Return the table of every language in *path*, in the file's order."""
    with path.open("rb") as file:
        tables = tomllib.load(file)
    return tuple(_language(name, table) for name, table in tables.items())


def own_first(markers: Markers, language: str) -> Markers:
    """Return *markers* with the table of *language* (a BCP 47 tag) before all others."""
    primary = language.split("-", maxsplit=1)[0].lower()
    return tuple(sorted(markers, key=lambda table: table.language != primary))


def _language(name: str, table: Mapping[str, Any]) -> LanguageMarkers:
    groups = {key: tuple(Term.of(word) for word in words) for key, words in table.get("groups", {}).items()}
    return LanguageMarkers(
        language=name,
        common=frozenset(fold(word) for word in table.get("common", ())),
        months={fold(word): number for number, words in enumerate(table.get("months", ()), 1) for word in words},
        published=frozenset(fold(word) for word in table.get("published", ())),
        source=frozenset(fold(word) for word in table.get("source", ())),
        byline=frozenset(fold(word) for word in table.get("byline", ())),
        byline_after=tuple(table.get("byline_after", ())),
        related=Lines.of(table.get("related", ())),
        labels=Lines.of(table.get("labels", ())),
        end=Lines.of(table.get("end", ())),
        end_weak=Lines.of(table.get("end_weak", ())),
        lines=Lines.of(table.get("lines", ())),
        disclaimers=tuple(_pattern(entry, groups) for entry in table.get("disclaimer", ())),
    )


def _pattern(entry: Mapping[str, Any], groups: Mapping[str, tuple[Term, ...]]) -> Pattern:
    every = [groups[name] for name in entry["all"]]
    if "any" in entry:
        every.append(tuple(term for name in entry["any"] for term in groups[name]))
    return Pattern(
        kind=entry["kind"],
        groups=tuple(every),
        never=tuple(term for name in entry.get("never", ()) for term in groups[name]),
        starts=entry.get("starts", False),
        most=entry.get("most", 0),
    )


def _bare(folded: str) -> str:
    """Return *folded* without numbers that stand alone; without spaces where the script has few."""
    words = [word for word in folded.split() if not word.isdecimal()]
    text = " ".join(words)
    return text if weight(text) == len(text) else text.replace(" ", "")


def _is_vietnamese(folded: str) -> bool:
    # Vietnamese letters with two marks lie beyond the other Latin ones, in U+1E00-U+1EFF.
    return bool(folded) and all(letter < "\u0590" or "\u1e00" <= letter <= "\u1fff" for letter in folded)
